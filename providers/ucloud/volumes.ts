/** Cloud disks (UDisk) and their snapshots. System disks of hosts come and go with them, and are not ours. */
import { MigrationError } from "#domain/errors.ts";
import type { Parameters } from "../numbered-parameters.ts";
import type { Provider, ResourceState, Volume, VolumeRule } from "../provider.ts";
import { type Account, makeOnce, unlessGone } from "./account.ts";
import { listAll } from "./client.ts";
import type { DiskType } from "./config.ts";
import { groupOf, markOf, nameOf, namesOf, partsOf } from "./names.ts";

export const GiB = 1024 ** 3;

/** Of CreateUDisk, which has names of its own. Source: UDisk API, CreateUDisk, DiskType and Size. */
export const createdAs: Record<DiskType, string> = {
  CLOUD_SSD: "SSDDataDisk",
  CLOUD_NORMAL: "DataDisk",
  CLOUD_ESSD: "ESSDDataDisk",
};
export const mostGiB = 8000;

/** A host's own disk, to which HyperDoor copies a system volume. Source: UHost API, "disk_type". */
export const bootDisk = { leastGiB: 20, mostGiB: 500 } as const;

export interface UDisk {
  readonly UDiskId: string;
  readonly Name?: string;
  readonly Tag?: string;
  readonly Size?: number;
  readonly Status?: string;
  readonly CreateTime?: number;
  readonly HostId?: string;
  /** Deprecated, but older zones have no other. */
  readonly UHostId?: string;
  readonly DeviceName?: string;
  readonly IsBoot?: string;
}

export interface UDiskSnapshot {
  readonly SnapshotId: string;
  readonly Name?: string;
  readonly Comment?: string;
  readonly UDiskId?: string;
  readonly Status?: string;
  readonly CreateTime?: number;
}

/** Source: UDisk API, DescribeUDisk, Status; "Initializating" is theirs. */
const diskStates: Record<string, ResourceState> = {
  Available: "ready",
  Attaching: "ready",
  InUse: "ready",
  Detaching: "ready",
  Initializating: "pending",
  Cloning: "pending",
  Restoring: "pending",
  Failed: "failed",
  RestoreFailed: "failed",
};

/** Source: UDisk API, DescribeUDiskSnapshot, Status. */
const snapshotStates: Record<string, ResourceState> = {
  Normal: "ready",
  Creating: "pending",
  Failed: "failed",
};

export function volumeRules({ volume }: Account["config"]): {
  system: VolumeRule;
  data: VolumeRule;
} {
  const rule = (most: number): VolumeRule => ({
    type: volume.type,
    isSsd: volume.type !== "CLOUD_NORMAL",
    minBytes: GiB,
    maxBytes: most * GiB,
    stepBytes: GiB,
  });
  return { system: rule(bootDisk.mostGiB), data: rule(mostGiB) };
}

/** Of data disks. */
export async function listDisks(account: Account, filter: Parameters = {}): Promise<UDisk[]> {
  const disks = await listAll<{ DataSet?: UDisk[] }, UDisk>(
    account,
    "DescribeUDisk",
    {
      ...{ Zone: account.config.zone, ProtocolVersion: 1 },
      ...{ IgnoreUBillInfo: "Yes", IgnoreBackupMode: "Yes" },
      ...filter,
    },
    ({ DataSet }) => DataSet,
  );
  return disks.filter(({ IsBoot }) => IsBoot !== "True");
}

export async function findDisk(account: Account, id: string): Promise<UDisk | undefined> {
  const found = await unlessGone(listDisks(account, { UDiskId: id }));
  return found?.find(({ UDiskId }) => UDiskId === id);
}

/** @throws `cloud.not-found` */
export async function getDisk(account: Account, id: string): Promise<UDisk> {
  const disk = await findDisk(account, id);
  if (disk !== undefined) return disk;
  throw new MigrationError("cloud.not-found", { platform: "ucloud", what: "volume", id });
}

export async function listSnapshots(
  account: Account,
  filter: Parameters = {},
): Promise<UDiskSnapshot[]> {
  return listAll<{ DataSet?: UDiskSnapshot[] }, UDiskSnapshot>(
    account,
    "DescribeUDiskSnapshot",
    { Zone: account.config.zone, ...filter },
    ({ DataSet }) => DataSet,
  );
}

async function findSnapshot(account: Account, id: string): Promise<UDiskSnapshot | undefined> {
  const found = await unlessGone(listSnapshots(account, { SnapshotId: id }));
  return found?.find(({ SnapshotId }) => SnapshotId === id);
}

/** The host a disk hangs on, is about to hang on, or has not been let go by. */
export function hostOf({ Status = "", HostId, UHostId }: UDisk): string | undefined {
  const hangs = Status === "InUse" || Status === "Attaching" || Status === "Detaching";
  return (hangs && (HostId || UHostId)) || undefined;
}

/** Never on a second host: UCloud's own default is that it may. May be repeated. */
export async function attach(account: Account, disk: UDisk, hostId: string): Promise<void> {
  if (hostOf(disk) === hostId && disk.Status !== "Detaching") return;
  await account.client.call("AttachUDisk", {
    Zone: account.config.zone,
    UDiskId: disk.UDiskId,
    HostId: hostId,
    MultiAttach: "No",
  });
}

export async function detach(account: Account, id: string): Promise<void> {
  const disk = await findDisk(account, id);
  const hostId = disk && hostOf(disk);
  if (hostId === undefined || disk?.Status === "Detaching") return;
  // What went with its host may have gone since we looked.
  await unlessGone(
    account.client.call("DetachUDisk", {
      ...{ Zone: account.config.zone, UDiskId: id, HostId: hostId },
    }),
  );
}

export async function deleteDisk({ client, config }: Account, id: string): Promise<void> {
  await unlessGone(client.call("DeleteUDisk", { Zone: config.zone, UDiskId: id }));
}

/** Its life ends with that launch's server. Its order is still known by its name. */
export async function markLaunched(account: Account, disk: UDisk, launch: string): Promise<void> {
  const { shown, mark, launch: marked } = partsOf(disk.Name);
  if (mark === undefined || marked === launch) return;
  await account.client.call("RenameUDisk", {
    Zone: account.config.zone,
    UDiskId: disk.UDiskId,
    UDiskName: nameOf(shown, mark, launch),
  });
}

async function attachToGateway(account: Account, id: string, hostId: string): Promise<void> {
  const { maxVolumes, spareVolumes } = account.config.gateway;
  const disk = await getDisk(account, id);
  if (hostOf(disk) === hostId && disk.Status !== "Detaching") return;
  const most = maxVolumes + spareVolumes;
  const there = await listDisks(account, { HostId: hostId });
  if (there.length >= most) {
    const what = `volumes on one gateway (${most})`;
    throw new MigrationError("cloud.quota-exceeded", { platform: "ucloud", what });
  }
  await attach(account, disk, hostId);
}

export function openVolumes(account: Account): Provider["volumes"] {
  const { client, config, consoleId } = account;
  const { zone: Zone } = config;

  const listOfOrder = async (token: string, owner: string) =>
    (await listDisks(account, { Tag: groupOf(consoleId, owner) }))
      .filter(({ Name }) => partsOf(Name).mark === markOf(token))
      .map(({ UDiskId, CreateTime = 0 }) => ({ id: UDiskId, createdAt: CreateTime }));

  return {
    async createVolume(options) {
      const { token, tags, sizeBytes, fromSnapshotId } = options;
      const Size = Math.ceil(sizeBytes / GiB);
      const common = { Zone, Size, ...namesOf(options), ChargeType: "Dynamic" };
      const id = await makeOnce(account, `volume ${token}`, {
        list: () => listOfOrder(token, tags["hypermotion:owner"]),
        async create() {
          if (fromSnapshotId === undefined) {
            const made = await client.call<{ UDiskId?: string[] }>("CreateUDisk", {
              ...common,
              DiskType: createdAs[config.volume.type],
              SnapshotService: config.volume.snapshotService ? "Yes" : "No",
            });
            return made.UDiskId?.[0] ?? "";
          }
          if ((await findSnapshot(account, fromSnapshotId)) === undefined) {
            const facts = { platform: "ucloud", what: "snapshot", id: fromSnapshotId };
            throw new MigrationError("cloud.not-found", facts);
          }
          const made = await client.call<{ UDiskId?: string[] }>("CloneUDiskSnapshot", {
            ...{ ...common, SourceId: fromSnapshotId, SnapshotService: "No" },
          });
          return made.UDiskId?.[0] ?? "";
        },
        discard: (id) => deleteDisk(account, id),
      });
      return { id };
    },

    async findVolume(id) {
      const disk = await findDisk(account, id);
      return disk && shown(disk, config.deviceMapping);
    },

    attachVolume: (volumeId, instanceId) => attachToGateway(account, volumeId, instanceId),
    detachVolume: (id) => detach(account, id),

    async deleteVolume(id) {
      const disk = await findDisk(account, id);
      if (disk === undefined) return;
      const hostId = hostOf(disk);
      if (hostId !== undefined) {
        const state = `${disk.Status} at ${hostId}`;
        const facts = { platform: "ucloud", what: "volume", id, state };
        throw new MigrationError("cloud.wrong-state", facts);
      }
      await deleteDisk(account, id);
    },

    async createSnapshot(options) {
      const { token, volumeId } = options;
      const { Name, Tag: Comment } = namesOf(options);
      await getDisk(account, volumeId);
      const id = await makeOnce(account, `snapshot ${token}`, {
        list: async () =>
          (await listSnapshots(account, { UDiskId: volumeId }))
            .filter((one) => partsOf(one.Name).mark === markOf(token))
            .map(({ SnapshotId, CreateTime = 0 }) => ({ id: SnapshotId, createdAt: CreateTime })),
        async create() {
          const order = { Zone, UDiskId: volumeId, Name, Comment };
          const made = await client.call<{ SnapshotId?: string[] }>("CreateUDiskSnapshot", order);
          return made.SnapshotId?.[0] ?? "";
        },
        discard: async (id) => {
          await unlessGone(client.call("DeleteUDiskSnapshot", { Zone, SnapshotId: id }));
        },
      });
      return { id };
    },

    async findSnapshot(id) {
      const found = await findSnapshot(account, id);
      if (found === undefined) return undefined;
      const { UDiskId: volumeId = "", Status = "" } = found;
      return { id, volumeId, state: snapshotStates[Status] ?? "pending" };
    },

    async deleteSnapshot(id) {
      if ((await findSnapshot(account, id)) === undefined) return;
      await unlessGone(client.call("DeleteUDiskSnapshot", { Zone, SnapshotId: id }));
    },
  };
}

function shown(disk: UDisk, mapping: Account["config"]["deviceMapping"]): Volume {
  const { UDiskId: id, Size = 0, Status = "", DeviceName } = disk;
  const attachedTo = hostOf(disk);
  const device = DeviceName?.replace(/^\/dev\//, "").toUpperCase();
  return {
    id,
    sizeBytes: Size * GiB,
    state: diskStates[Status] ?? "pending",
    ...(attachedTo === undefined ? {} : { attachedTo }),
    // /dev/disk/by-id/virtio-UCLOUD_DISK_VDC. Source: UHost documentation, guide/disk, "永久挂载".
    ...(mapping === "identity" && Status === "InUse" && device
      ? { device: { by: "serial" as const, serial: `UCLOUD_DISK_${device}` } }
      : {}),
  };
}
