/**
 * EBS. Sources: EBS API, DescribeVolumes (docs.ksyun.com/documents/5456) for states and pages;
 * kingsoftcloud/csi-plugin for sizes and serials; terraform-provider-ksyun for what is done when. The codes of
 * refusals are made up but where a source is named: none are printed for EBS.
 */
import type { Parameters } from "../parameters.ts";
import { named, pagedByMarker, pagedByNumber, shownThings } from "./listing.ts";
import { type Answer, Refusal, tagsOf } from "./request.ts";
import { type Account, get, type Instance, type Snapshot, type Volume } from "./state.ts";
import { typeOf } from "./types.ts";

type Action = (account: Account, parameters: Parameters) => Promise<Answer> | Answer;

const GiB = 1024 ** 3;
/** Source: csi-plugin, MIN_VOLUME_SIZE, MAX_VOLUME_SIZE. */
const sizes = [10, 32_000] as const;
const types = ["SSD3.0", "EHDD", "ESSD_PL0", "ESSD_PL1", "ESSD_PL2", "ESSD_PL3"];

export const volumesOf = (account: Account, instanceId: string): Volume[] =>
  [...account.volumes.values()]
    .filter((volume) => volume.instanceId === instanceId)
    .sort((a, b) => a.attachedAt - b.attachedAt);

export async function makeVolume(
  account: Account,
  wish: Pick<
    Volume,
    "name" | "tags" | "sizeGiB" | "type" | "category" | "chargeType" | "isBlank" | "description"
  > & { snapshotId?: string | undefined },
): Promise<Volume> {
  const { snapshotId, ...rest } = wish;
  const volume: Volume = {
    ...rest,
    ...account.newThing(wish.name, wish.tags),
    status: "creating",
    changesAt: account.now() + account.delays.createMs,
    deleteWithInstance: false,
    attachedAt: 0,
  };
  account.volumes.set(volume.id, volume);
  if (!volume.isBlank) {
    await account.machines?.createVolume(volume.id, volume.sizeGiB * GiB, snapshotId);
  }
  return volume;
}

export async function removeVolume(account: Account, volume: Volume): Promise<void> {
  account.volumes.delete(volume.id);
  if (!volume.isBlank) await account.machines?.deleteVolume(volume.id);
}

/** Takes it off at once: the state and, on a gateway, the bytes. */
export async function takeOff(account: Account, volume: Volume): Promise<void> {
  const instance = account.instances.get(volume.instanceId ?? "");
  if (instance?.runs === "gateway" && volume.category === "data" && volume.status !== "detaching") {
    await account.machines?.detach(volume.id);
  }
  letGo(volume);
}

function letGo(volume: Volume): void {
  delete volume.instanceId;
  volume.deleteWithInstance = false;
  volume.status = "available";
}

/** What has come about by itself since the last call. */
export async function letVolumesHappen(account: Account): Promise<void> {
  for (const volume of account.volumes.values()) {
    if (account.now() < volume.changesAt) continue;
    if (volume.status === "creating") volume.status = "available";
    else if (volume.status === "attaching") volume.status = "in-use";
    else if (volume.status === "detaching") letGo(volume);
    else if (volume.status === "deleting") await removeVolume(account, volume);
  }
  for (const snapshot of account.snapshots.values()) {
    if (snapshot.status !== "deleting" || account.now() < snapshot.changesAt) continue;
    account.snapshots.delete(snapshot.id);
    await account.machines?.deleteSnapshot(snapshot.id);
  }
}

export function refuseCharge(chargeType: string): void {
  if (["HourlyInstantSettlement", "Daily"].includes(chargeType)) return;
  throw new Refusal(400, "InvalidParameterValue", "Invalid `ChargeType` parameter value.");
}

/** What can't be ordered; it has no price either. */
export function refuseVolume(account: Account, parameters: Parameters) {
  const zone = parameters.get("AvailabilityZone");
  if (zone !== account.zone) {
    throw new Refusal(400, "InvalidParameterValue", "Invalid `AvailabilityZone` parameter value.");
  }
  refuseCharge(parameters.get("ChargeType"));
  const type = parameters.find("VolumeType") ?? "SSD3.0";
  const sizeGiB = parameters.number("Size") ?? 10;
  if (!types.includes(type) || sizeGiB < sizes[0] || sizeGiB > sizes[1]) {
    throw new Refusal(400, "InvalidParameterValue", "Invalid `Size` or `VolumeType`.");
  }
  return { type, sizeGiB };
}

const createVolume: Action = async (account, parameters) => {
  const { type, sizeGiB } = refuseVolume(account, parameters);
  if (account.volumes.size >= account.quotas.volumes) {
    throw new Refusal(400, "VolumeQuotaExceeded", "The quota of volumes is exceeded.");
  }
  const snapshotId = parameters.find("SnapshotId");
  if (snapshotId !== undefined) {
    const snapshot = get(account.snapshots, "Snapshot", snapshotId);
    if (account.now() < snapshot.readyAt || snapshot.status === "deleting") {
      throw new Refusal(400, "SnapshotStateNotSupported", "The snapshot is not available.");
    }
    if (sizeGiB < snapshot.sizeGiB) {
      throw new Refusal(400, "InvalidParameterValue", "Size is less than the snapshot's.");
    }
  }
  const { id } = await makeVolume(account, {
    name: parameters.get("VolumeName"),
    description: parameters.get("VolumeDesc"),
    tags: tagsOf(parameters),
    chargeType: parameters.get("ChargeType"),
    category: "data",
    isBlank: false,
    sizeGiB,
    type,
    snapshotId,
  });
  return { VolumeId: id };
};

const describeVolumes: Action = (account, parameters) => {
  const category = parameters.find("VolumeCategory");
  const shown = shownThings(account, account.volumes.values());
  const found = named(shown, parameters, "VolumeId").filter(
    (volume) => category === undefined || volume.category === category,
  );
  const page = pagedByMarker(found, parameters, 10);
  return {
    TotalCount: found.length,
    Volumes: page.map((volume) => ({
      VolumeId: volume.id,
      VolumeName: volume.name,
      VolumeDesc: volume.description,
      Size: volume.sizeGiB,
      VolumeStatus: volume.status,
      VolumeType: volume.type,
      VolumeCategory: volume.category,
      AvailabilityZone: account.zone,
      ChargeType: volume.chargeType,
      ...(volume.instanceId === undefined ? {} : { InstanceId: volume.instanceId }),
      Attachment:
        volume.instanceId === undefined
          ? []
          : [
              {
                InstanceId: volume.instanceId,
                // Not to be trusted. Source: csi-plugin, nodeserver.go.
                MountPoint: "/dev/vdb",
                DeleteWithInstance: volume.deleteWithInstance,
              },
            ],
    })),
  };
};

const describeInstanceVolumes: Action = (account, parameters) => ({
  Attachments: volumesOf(account, parameters.get("InstanceId"))
    .filter(({ category }) => category === "data")
    .map(({ id }) => ({ VolumeId: id, InstanceId: parameters.get("InstanceId") })),
});

const wrongVolume = ({ status }: Volume) =>
  new Refusal(400, "VolumeStateNotSupported", `The volume is ${status}.`);

/** In the guest the id's first characters. Source: csi-plugin, getDiskSource. */
function serialIn(volume: Volume): string {
  return /^ESSD_PL[0-3]/.test(volume.type)
    ? `volume-${volume.id.slice(0, 13)}`
    : volume.id.slice(0, 20);
}

const attachVolume: Action = async (account, parameters) => {
  const volume = get(account.volumes, "Volume", parameters.get("VolumeId"));
  const instance = get(account.instances, "Instance", parameters.get("InstanceId"));
  if (volume.status !== "available") throw wrongVolume(volume);
  if (instance.state === "scheduling") {
    // Source: terraform-provider-ksyun, service_ksyun_volume.go.
    throw new Refusal(400, "OperationFailedWithTradeInstanceError", "The instance is being made.");
  }
  if (instance.state !== "active" && instance.state !== "stopped") {
    throw new Refusal(400, "InstanceStateNotSupported", `The instance is ${instance.state}.`);
  }
  if (instance.runs === "server" && instance.state === "active") {
    throw new Error("this fake's guests see their volumes only when they start");
  }
  // All volumes are in the account's zone.
  if (instance.zone !== account.zone) {
    throw new Refusal(400, "InvalidParameterValue", "The instance is in another zone.");
  }
  const most = typeOf(instance.type).dataDisks[volume.type];
  if (most === undefined) {
    throw new Refusal(400, "VolumeTypeNotSupported", `${instance.type} takes no ${volume.type}`);
  }
  const there = volumesOf(account, instance.id).filter(({ category }) => category === "data");
  if (there.length >= most) {
    throw new Refusal(400, "AttachVolumeLimitExceeded", `at most ${most} volumes`);
  }
  await hangOn(account, volume, instance, parameters.flag("DeleteWithInstance") ?? false);
  return { Return: true, MountPoint: "/dev/vdb" };
};

async function hangOn(
  account: Account,
  volume: Volume,
  instance: Instance,
  deleteWithInstance: boolean,
): Promise<void> {
  volume.instanceId = instance.id;
  volume.status = "attaching";
  volume.changesAt = account.now() + account.delays.attachMs;
  volume.attachedAt = account.now();
  volume.deleteWithInstance = deleteWithInstance;
  if (instance.runs === "gateway") {
    await account.machines?.attach(volume.id, instance.id, serialIn(volume));
  }
}

const detachVolume: Action = async (account, parameters) => {
  const volume = get(account.volumes, "Volume", parameters.get("VolumeId"));
  const instance = get(account.instances, "Instance", parameters.get("InstanceId"));
  if (volume.instanceId !== instance.id || volume.category === "system") {
    throw new Refusal(400, "VolumeNotAttached", "The volume does not hang on the instance.");
  }
  if (volume.status !== "in-use") throw wrongVolume(volume);
  if (instance.runs === "gateway") await account.machines?.detach(volume.id);
  volume.status = "detaching";
  volume.changesAt = account.now() + account.delays.attachMs;
  return { Return: true };
};

const modifyVolume: Action = (account, parameters) => {
  const volume = get(account.volumes, "Volume", parameters.get("VolumeId"));
  volume.description = parameters.find("VolumeDesc") ?? volume.description;
  volume.deleteWithInstance = parameters.flag("DeleteWithInstance") ?? volume.deleteWithInstance;
  return { Return: true };
};

const deleteVolume: Action = (account, parameters) => {
  const volume = get(account.volumes, "Volume", parameters.get("VolumeId"));
  if (volume.status !== "available" && volume.status !== "recycling") throw wrongVolume(volume);
  // Without force it lies in the bin.
  volume.status = parameters.flag("ForceDelete") ? "deleting" : "recycling";
  volume.changesAt = account.now() + account.delays.deleteMs;
  return { Return: true };
};

const createSnapshot: Action = async (account, parameters) => {
  const volume = get(account.volumes, "Volume", parameters.get("VolumeId"));
  if (volume.status !== "available" && volume.status !== "in-use") throw wrongVolume(volume);
  const snapshot: Snapshot = {
    ...account.newThing(parameters.get("SnapshotName")),
    volumeId: volume.id,
    sizeGiB: volume.sizeGiB,
    readyAt: account.now() + account.delays.snapshotMs,
    status: "creating",
    changesAt: 0,
  };
  account.snapshots.set(snapshot.id, snapshot);
  await account.machines?.createSnapshot(snapshot.id, volume.id);
  return { SnapshotId: snapshot.id };
};

const describeSnapshots: Action = (account, parameters) => {
  const id = parameters.find("SnapshotId");
  const volumeId = parameters.find("VolumeId");
  const found = shownThings(account, account.snapshots.values()).filter(
    (snapshot) =>
      (id === undefined || snapshot.id === id) &&
      (volumeId === undefined || snapshot.volumeId === volumeId),
  );
  const { items, next } = pagedByNumber(found, parameters);
  return {
    ...next,
    Snapshots: items.map((snapshot) => {
      const isReady = account.now() >= snapshot.readyAt;
      const status = isReady ? "available" : "creating";
      return {
        SnapshotId: snapshot.id,
        SnapshotName: snapshot.name,
        VolumeId: snapshot.volumeId,
        Size: snapshot.sizeGiB,
        SnapshotStatus: snapshot.status === "deleting" ? "deleting" : status,
        VolumeCategory: "data",
        SnapshotType: "CommonSnapShot",
        Progress: isReady ? "100%" : "42%",
        AvailabilityZone: account.zone,
      };
    }),
  };
};

const deleteSnapshot: Action = (account, parameters) => {
  const snapshot = get(account.snapshots, "Snapshot", parameters.get("SnapshotId"));
  if (account.now() < snapshot.readyAt) {
    throw new Refusal(400, "SnapshotStateNotSupported", "The snapshot is being made.");
  }
  snapshot.status = "deleting";
  snapshot.changesAt = account.now() + account.delays.deleteMs;
  return { Return: true };
};

export const volumeActions: Record<string, Action> = {
  CreateVolume: createVolume,
  DescribeVolumes: describeVolumes,
  DescribeInstanceVolumes: describeInstanceVolumes,
  AttachVolume: attachVolume,
  DetachVolume: detachVolume,
  ModifyVolume: modifyVolume,
  DeleteVolume: deleteVolume,
  CreateSnapshot: createSnapshot,
  DescribeSnapshots: describeSnapshots,
  DeleteSnapshot: deleteSnapshot,
};
