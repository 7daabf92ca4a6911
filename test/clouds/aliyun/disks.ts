/** Cloud disks and snapshots. Source for states, sizes and refusals: ECS API reference 2014-05-26. */
import type { Parameters } from "../parameters.ts";
import { listed, pagedByToken, shownTags } from "./listing.ts";
import { type Answer, Refusal, tagsOf } from "./rpc.ts";
import { type Account, type Disk, get, type Instance, type Snapshot } from "./state.ts";
import { typeOf } from "./types.ts";

type Action = (account: Account, parameters: Parameters) => Promise<Answer> | Answer;

const GiB = 1024 ** 3;

/** Source: CreateDisk, Size. */
const sizes: Record<string, readonly [number, number]> = {
  cloud: [5, 2000],
  cloud_efficiency: [20, 32_768],
  cloud_ssd: [20, 32_768],
  cloud_auto: [1, 65_536],
  cloud_essd_entry: [10, 32_768],
  "cloud_essd PL0": [1, 65_536],
  "cloud_essd PL1": [20, 65_536],
  "cloud_essd PL2": [461, 65_536],
  "cloud_essd PL3": [1261, 65_536],
};

export function refuseSize(category: string, level: string | undefined, sizeGiB: number): void {
  const name = category === "cloud_essd" ? `cloud_essd ${level ?? "PL1"}` : category;
  const range = sizes[name];
  if (range === undefined) {
    throw new Refusal(
      400,
      "InvalidDiskCategory.ValueNotSupported",
      'The specified parameter "DiskCategory" is not valid.',
    );
  }
  if (level !== undefined && category !== "cloud_essd") {
    throw new Refusal(
      400,
      "InvalidPerformanceLevel.Malformed",
      "The specified parameter PerformanceLevel is not valid.",
    );
  }
  if (sizeGiB >= range[0] && sizeGiB <= range[1]) return;
  throw new Refusal(403, "InvalidDiskSize.NotSupported", `disk size is not supported: ${sizeGiB}`);
}

export const disksOf = (account: Account, instanceId: string): Disk[] =>
  [...account.disks.values()]
    .filter((disk) => disk.instanceId === instanceId)
    .sort((a, b) => a.attachedAt - b.attachedAt);

/** Makes it, with its bytes unless it is a public image's. */
export async function makeDisk(
  account: Account,
  wish: Pick<Disk, "name" | "tags" | "sizeGiB" | "category" | "type" | "isPublic"> & {
    snapshotId: string | undefined;
  },
): Promise<Disk> {
  if (account.disks.size >= account.quotas.disks) {
    throw new Refusal(
      403,
      "QuotaExceed.PostPaidDisk",
      "Living postPaid disks quota exceeded in this zone.",
    );
  }
  const { snapshotId, ...rest } = wish;
  const disk: Disk = {
    ...rest,
    ...account.newThing("d", wish.name, wish.tags),
    ...(snapshotId === undefined ? {} : { snapshotId }),
    state: "Creating",
    changesAt: account.now() + account.delays.createMs,
    endsWithInstance: false,
    attachedAt: 0,
    everAttached: false,
  };
  account.disks.set(disk.id, disk);
  if (!disk.isPublic) {
    await account.machines?.createVolume(disk.id, disk.sizeGiB * GiB, snapshotId);
  }
  return disk;
}

export async function removeDisk(account: Account, disk: Disk): Promise<void> {
  account.disks.delete(disk.id);
  if (!disk.isPublic) await account.machines?.deleteVolume(disk.id);
}

/** Takes it off at once: the state and, on a gateway, the bytes. */
export async function takeOff(account: Account, disk: Disk): Promise<void> {
  const instance = account.instances.get(disk.instanceId ?? "");
  if (!disk.isPublic && instance?.runs === "gateway") await account.machines?.detach(disk.id);
  delete disk.instanceId;
  disk.endsWithInstance = false;
  disk.state = "Available";
}

export function letDisksHappen(account: Account): void {
  for (const disk of account.disks.values()) {
    if (account.now() < disk.changesAt) continue;
    if (disk.state === "Creating") disk.state = "Available";
    if (disk.state === "Attaching") disk.state = "In_use";
    if (disk.state === "Detaching") {
      delete disk.instanceId;
      disk.endsWithInstance = false;
      disk.state = "Available";
    }
  }
}

const createDisk: Action = async (account, parameters) => {
  const earlier = account.earlier("CreateDisk", parameters);
  if (earlier !== undefined) return { DiskId: earlier };
  if (parameters.get("ZoneId") !== account.zone) {
    throw new Refusal(404, "InvalidZoneId.NotFound", "The specified zone does not exist.");
  }
  const snapshotId = parameters.find("SnapshotId");
  const snapshot =
    snapshotId === undefined ? undefined : get(account.snapshots, "SnapshotId", snapshotId);
  if (snapshot !== undefined && account.now() < snapshot.readyAt) {
    throw new Refusal(403, "InvalidSnapshotId.NotReady", "The specified snapshot is not ready.");
  }
  // A smaller size than the snapshot's is raised to it.
  const sizeGiB = Math.max(parameters.number("Size") ?? 0, snapshot?.sizeGiB ?? 0);
  const category = parameters.find("DiskCategory") ?? "cloud";
  refuseSize(category, parameters.find("PerformanceLevel"), sizeGiB);
  const disk = await makeDisk(account, {
    name: parameters.get("DiskName"),
    tags: tagsOf(parameters),
    sizeGiB,
    category,
    type: "data",
    isPublic: false,
    snapshotId,
  });
  account.remember("CreateDisk", parameters, disk.id);
  return { DiskId: disk.id };
};

const describeDisks: Action = (account, parameters) => {
  const found = listed(account, account.disks, parameters, {
    ids: "DiskIds",
    fields: {
      InstanceId: ({ instanceId }) => instanceId,
      DiskType: ({ type }) => type,
    },
  });
  const { items, next } = pagedByToken(found, parameters);
  return {
    ...next,
    Disks: {
      Disk: items.map((disk) => ({
        DiskId: disk.id,
        DiskName: disk.name,
        Size: disk.sizeGiB,
        Category: disk.category,
        Type: disk.type,
        Status: disk.state,
        ZoneId: account.zone,
        RegionId: account.region,
        InstanceId: disk.instanceId ?? "",
        // Not to be trusted: the guest's letter is another.
        Device: disk.instanceId === undefined ? "" : "/dev/xvdb",
        SerialNumber: disk.id.slice("d-".length),
        SourceSnapshotId: disk.snapshotId ?? "",
        DeleteWithInstance: disk.endsWithInstance,
        Portable: true,
        DiskChargeType: "PostPaid",
        Encrypted: false,
        Tags: shownTags(disk.tags),
      })),
    },
  };
};

const wrongDisk = () =>
  new Refusal(
    403,
    "IncorrectDiskStatus",
    "The current disk status does not support this operation.",
  );

/** A system of the source's runs there: of an image, or as HyperDoor has copied it. */
const isGuest = (account: Account, { id, runs }: Instance): boolean =>
  runs === "server" || (runs === "hyperdoor" && account.doors?.isOpen(id) === false);

const attachDisk: Action = async (account, parameters) => {
  const disk = get(account.disks, "DiskId", parameters.get("DiskId"));
  const instance = get(account.instances, "InstanceId", parameters.get("InstanceId"));
  if (disk.state !== "Available") throw wrongDisk();
  if (instance.state !== "Running" && instance.state !== "Stopped") {
    throw new Refusal(
      403,
      "IncorrectInstanceStatus",
      "The current status of the resource does not support this operation.",
    );
  }
  const type = typeOf(instance.type);
  if (disksOf(account, instance.id).length >= type.disks) {
    throw new Refusal(
      403,
      "InstanceDiskLimitExceeded",
      "The amount of the disk on instance in question reach its limits.",
    );
  }
  if (!type.categories.includes(disk.category)) {
    throw new Refusal(
      403,
      "InvalidDiskCategory.NotSupported",
      "The specified disk category is not support.",
    );
  }
  if (isGuest(account, instance) && instance.state === "Running") {
    throw new Error("this fake's guests see their volumes only when they start");
  }
  disk.instanceId = instance.id;
  disk.state = "Attaching";
  disk.changesAt = account.now() + account.delays.attachMs;
  disk.attachedAt = account.now();
  disk.everAttached = true;
  disk.endsWithInstance = parameters.flag("DeleteWithInstance") ?? false;
  if (instance.runs === "gateway") {
    // The serial in the guest. Source: ECS user guide, "Query the serial numbers of block storage devices".
    await account.machines?.attach(disk.id, instance.id, disk.id.slice("d-".length));
  }
  return {};
};

const detachDisk: Action = async (account, parameters) => {
  const disk = get(account.disks, "DiskId", parameters.get("DiskId"));
  const instance = get(account.instances, "InstanceId", parameters.get("InstanceId"));
  if (disk.instanceId !== instance.id) {
    throw new Refusal(403, "DependencyViolation", "The disk is not attached to the instance.");
  }
  if (disk.state !== "In_use") throw wrongDisk();
  if (disk.type === "system" && instance.state !== "Stopped") {
    throw new Refusal(403, "IncorrectInstanceStatus", "A system disk is taken off a stopped one.");
  }
  if (instance.runs === "gateway") await account.machines?.detach(disk.id);
  disk.state = "Detaching";
  disk.changesAt = account.now() + account.delays.attachMs;
  return {};
};

const deleteDisk: Action = async (account, parameters) => {
  const disk = account.disks.get(parameters.get("DiskId"));
  if (disk === undefined) return {};
  if (disk.state !== "Available") throw wrongDisk();
  await removeDisk(account, disk);
  return {};
};

const modifyDisk: Action = (account, parameters) => {
  const disk = get(account.disks, "DiskId", parameters.get("DiskId"));
  disk.endsWithInstance = parameters.flag("DeleteWithInstance") ?? disk.endsWithInstance;
  return {};
};

const createSnapshot: Action = async (account, parameters) => {
  const earlier = account.earlier("CreateSnapshot", parameters);
  if (earlier !== undefined) return { SnapshotId: earlier };
  const disk = get(account.disks, "DiskId", parameters.get("DiskId"));
  if (disk.state !== "Available" && disk.state !== "In_use") throw wrongDisk();
  if (!disk.everAttached) {
    throw new Refusal(
      403,
      "IncorrectDiskStatus.NeverAttached",
      "The specified disk has never been attached to any instance.",
    );
  }
  const others = [...account.snapshots.values()].filter(({ diskId }) => diskId === disk.id);
  if (others.some(({ readyAt }) => account.now() < readyAt)) {
    throw new Refusal(
      403,
      "IncorrectDiskStatus.CreatingSnapshot",
      "A previous snapshot creation is in process.",
    );
  }
  if (others.length >= account.quotas.snapshots) {
    throw new Refusal(403, "QuotaExceed.Snapshot", "The snapshot quota exceeds.");
  }
  const name = parameters.get("SnapshotName");
  if (/^auto/.test(name)) {
    throw new Refusal(400, "InvalidSnapshotName.Malformed", "SnapshotName is wrongly formed.");
  }
  const snapshot: Snapshot = {
    ...account.newThing("s", name, tagsOf(parameters)),
    diskId: disk.id,
    diskType: disk.type,
    sizeGiB: disk.sizeGiB,
    readyAt: account.now() + account.delays.snapshotMs,
  };
  account.snapshots.set(snapshot.id, snapshot);
  await account.machines?.createSnapshot(snapshot.id, disk.id);
  account.remember("CreateSnapshot", parameters, snapshot.id);
  return { SnapshotId: snapshot.id };
};

const describeSnapshots: Action = (account, parameters) => {
  const found = listed(account, account.snapshots, parameters, { ids: "SnapshotIds" });
  const { items, next } = pagedByToken(found, parameters);
  return {
    ...next,
    Snapshots: {
      Snapshot: items.map((snapshot) => {
        const isReady = account.now() >= snapshot.readyAt;
        return {
          SnapshotId: snapshot.id,
          SnapshotName: snapshot.name,
          SourceDiskId: snapshot.diskId,
          SourceDiskType: snapshot.diskType,
          SourceDiskSize: String(snapshot.sizeGiB),
          Status: isReady ? "accomplished" : "progressing",
          Progress: isReady ? "100%" : "42%",
          Available: true,
          Tags: shownTags(snapshot.tags),
        };
      }),
    },
  };
};

const deleteSnapshot: Action = async (account, parameters) => {
  const snapshot = account.snapshots.get(parameters.get("SnapshotId"));
  if (snapshot === undefined) return {};
  const isUsed = ({ snapshotId }: { snapshotId?: string }) => snapshotId === snapshot.id;
  if ([...account.images.values()].some(isUsed)) {
    throw new Refusal(
      403,
      "SnapshotCreatedImage",
      "The snapshot has been used to create customized image.",
    );
  }
  if (!parameters.flag("Force") && [...account.disks.values()].some(isUsed)) {
    throw new Refusal(403, "SnapshotCreatedDisk", "The snapshot has been used to create disk.");
  }
  account.snapshots.delete(snapshot.id);
  await account.machines?.deleteSnapshot(snapshot.id);
  return {};
};

/** The system disk of a new instance; it carries the instance's tags. Source: RunInstances, Tag.N. */
export async function makeSystemDisk(
  account: Account,
  instance: Instance,
  wish: { sizeGiB: number; category: string; snapshotId: string | undefined },
): Promise<Disk> {
  const disk = await makeDisk(account, {
    ...wish,
    name: "",
    tags: new Map(instance.tags),
    type: "system",
    isPublic: wish.snapshotId === undefined && instance.runs !== "hyperdoor",
  });
  disk.instanceId = instance.id;
  disk.state = "In_use";
  disk.everAttached = true;
  disk.endsWithInstance = true;
  return disk;
}

export const diskActions: Record<string, Action> = {
  CreateDisk: createDisk,
  DescribeDisks: describeDisks,
  AttachDisk: attachDisk,
  DetachDisk: detachDisk,
  DeleteDisk: deleteDisk,
  ModifyDiskAttribute: modifyDisk,
  CreateSnapshot: createSnapshot,
  DescribeSnapshots: describeSnapshots,
  DeleteSnapshot: deleteSnapshot,
};
