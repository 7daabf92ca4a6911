/** Cloud disks and their snapshots. */
import { MigrationError } from "#domain/errors.ts";
import type { Parameters } from "../numbered-parameters.ts";
import type { Provider, ResourceState, Volume } from "../provider.ts";
import { type Account, makeOnce, unlessAbsent } from "./account.ts";
import { GiB, levelOf } from "./disk-sizes.ts";
import { codeOf } from "./errors.ts";
import { listByToken } from "./paging.ts";
import { byToken, displayName, launchTag, type Tagged, tagsOf, tagValue } from "./tags.ts";

export interface EcsDisk extends Tagged {
  readonly DiskId: string;
  readonly Size: number;
  readonly Status: string;
  /** `system` or `data`. */
  readonly Type?: string;
  readonly Category?: string;
  readonly InstanceId?: string;
  readonly SerialNumber?: string;
  readonly DeleteWithInstance?: boolean;
}

interface Disks {
  NextToken?: string;
  Disks?: { Disk?: EcsDisk[] };
}

interface EcsSnapshot extends Tagged {
  readonly SnapshotId: string;
  readonly SourceDiskId?: string;
  readonly Status: string;
}

interface Snapshots {
  NextToken?: string;
  Snapshots?: { Snapshot?: EcsSnapshot[] };
}

const diskStates: Record<string, ResourceState> = {
  Creating: "pending",
  ReIniting: "pending",
  Available: "ready",
  Attaching: "ready",
  In_use: "ready",
  Detaching: "ready",
  Deleting: "deleting",
};

const snapshotStates: Record<string, ResourceState> = {
  progressing: "pending",
  accomplished: "ready",
  failed: "failed",
};

export async function listDisks(account: Account, filter: Parameters): Promise<EcsDisk[]> {
  return listByToken<Disks, EcsDisk>(
    account,
    "ecs",
    "DescribeDisks",
    filter,
    (answer) => answer.Disks?.Disk,
  );
}

export async function findDisk(account: Account, id: string): Promise<EcsDisk | undefined> {
  const found = await listDisks(account, { DiskIds: JSON.stringify([id]) });
  return found.find(({ DiskId }) => DiskId === id);
}

export async function listSnapshots(account: Account, filter: Parameters): Promise<EcsSnapshot[]> {
  return listByToken<Snapshots, EcsSnapshot>(
    account,
    "ecs",
    "DescribeSnapshots",
    filter,
    (answer) => answer.Snapshots?.Snapshot,
  );
}

async function findSnapshot(account: Account, id: string): Promise<EcsSnapshot | undefined> {
  const found = await listSnapshots(account, { SnapshotIds: JSON.stringify([id]) });
  return found.find(({ SnapshotId }) => SnapshotId === id);
}

/** Whether it hangs on the instance, or is about to. */
export const hangsOn = ({ InstanceId, Status }: EcsDisk, instanceId: string) =>
  InstanceId === instanceId && (Status === "In_use" || Status === "Attaching");

/** Its life ends with the instance's only if told. May be repeated. */
export async function attach(
  account: Account,
  volumeId: string,
  instanceId: string,
  { endsWithInstance }: { endsWithInstance: boolean },
): Promise<void> {
  try {
    await account.client.call("ecs", "AttachDisk", {
      DiskId: volumeId,
      InstanceId: instanceId,
      DeleteWithInstance: endsWithInstance,
    });
  } catch (error) {
    // By a call whose answer was lost.
    const disk = await findDisk(account, volumeId);
    if (disk === undefined || !hangsOn(disk, instanceId)) throw error;
  }
}

/** A gateway's outlive it; a launch's go with their server, also those that follow HyperDoor's copy. */
async function attachLater(account: Account, volumeId: string, instanceId: string): Promise<void> {
  const disk = await findDisk(account, volumeId);
  if (disk === undefined || tagValue(disk, launchTag) === undefined) {
    return attachToGateway(account, volumeId, instanceId);
  }
  if (hangsOn(disk, instanceId)) return;
  await attach(account, volumeId, instanceId, { endsWithInstance: true });
}

async function attachToGateway(
  account: Account,
  volumeId: string,
  instanceId: string,
): Promise<void> {
  const { maxVolumes, spareVolumes } = account.config.gateway;
  const there = await listDisks(account, { InstanceId: instanceId, DiskType: "data" });
  if (there.some((disk) => disk.DiskId === volumeId && hangsOn(disk, instanceId))) return;
  const most = maxVolumes + spareVolumes;
  if (there.length >= most) {
    const what = `volumes on one gateway (${most})`;
    throw new MigrationError("cloud.quota-exceeded", { platform: "aliyun", what });
  }
  await attach(account, volumeId, instanceId, { endsWithInstance: false });
}

async function detach(account: Account, id: string): Promise<void> {
  const disk = await findDisk(account, id);
  if (disk?.InstanceId === undefined || disk.InstanceId === "" || disk.Status === "Detaching") {
    return;
  }
  try {
    await account.client.call("ecs", "DetachDisk", {
      DiskId: id,
      InstanceId: disk.InstanceId,
      DeleteWithInstance: false,
    });
  } catch (error) {
    // A disk that goes with its instance may have gone since we looked.
    const now = await findDisk(account, id);
    const isOff = now === undefined || now.Status === "Available" || now.Status === "Detaching";
    if (!isOff) throw error;
  }
}

export async function deleteDisk(account: Account, id: string): Promise<void> {
  // An id that is not there is let pass. Source: ECS API 2014-05-26, DeleteDisk.
  await unlessAbsent(account.client.call("ecs", "DeleteDisk", { DiskId: id }));
}

export function openVolumes(account: Account): Provider["volumes"] {
  const { client, config } = account;

  return {
    async createVolume(options) {
      const { token, sizeBytes, fromSnapshotId } = options;
      const { zone } = await account.place();
      const { volumes: category } = await account.choice();
      const id = await makeOnce(account, token, {
        find: async () => (await listDisks(account, { Tag: byToken(token) }))[0]?.DiskId,
        create: async (clientToken) => {
          const made = await client.call<{ DiskId: string }>("ecs", "CreateDisk", {
            ZoneId: zone,
            DiskName: displayName(options.tags.Name),
            Size: Math.ceil(sizeBytes / GiB),
            DiskCategory: category,
            PerformanceLevel: levelOf(category, config.volume),
            SnapshotId: fromSnapshotId,
            ClientToken: clientToken,
            Tag: tagsOf(options),
          });
          return made.DiskId;
        },
        isThere: async (id) => (await findDisk(account, id)) !== undefined,
      });
      return { id };
    },

    async findVolume(id) {
      const disk = await findDisk(account, id);
      return disk && shown(disk);
    },

    attachVolume: (volumeId, instanceId) => attachLater(account, volumeId, instanceId),
    detachVolume: (id) => detach(account, id),
    deleteVolume: (id) => deleteDisk(account, id),

    async createSnapshot(options) {
      const { token, volumeId } = options;
      const id = await makeOnce(account, token, {
        find: async () => (await listSnapshots(account, { Tag: byToken(token) }))[0]?.SnapshotId,
        create: async (clientToken) => {
          const made = await client.call<{ SnapshotId: string }>("ecs", "CreateSnapshot", {
            DiskId: volumeId,
            SnapshotName: displayName(options.tags.Name),
            ClientToken: clientToken,
            Tag: tagsOf(options),
          });
          return made.SnapshotId;
        },
        isThere: async (id) => (await findSnapshot(account, id)) !== undefined,
      });
      return { id };
    },

    async findSnapshot(id) {
      const found = await findSnapshot(account, id);
      if (found === undefined) return undefined;
      const { SourceDiskId: volumeId = "", Status } = found;
      return { id, volumeId, state: snapshotStates[Status] ?? "pending" };
    },

    async deleteSnapshot(id) {
      // Without force a snapshot stays as long as disks made of it are there.
      const order = { SnapshotId: id, Force: true };
      try {
        await unlessAbsent(client.call("ecs", "DeleteSnapshot", order));
      } catch (error) {
        if (codeOf(error) !== "SnapshotCreatedImage") throw error;
        const state = "still needed by an image";
        throw new MigrationError(
          "cloud.wrong-state",
          { platform: "aliyun", what: "snapshot", id, state },
          { cause: error },
        );
      }
    },
  };
}

function shown(disk: EcsDisk): Volume {
  const { DiskId: id, Size, Status, InstanceId = "", SerialNumber = "" } = disk;
  return {
    id,
    sizeBytes: Size * GiB,
    state: diskStates[Status] ?? "pending",
    ...(InstanceId === "" ? {} : { attachedTo: InstanceId }),
    // The id without `d-`, 20 characters, is what virtio shows. Source: ECS user guide, "Query the serial
    // numbers of block storage devices".
    ...(Status === "In_use"
      ? {
          device: {
            by: "serial" as const,
            serial: SerialNumber === "" ? id.replace(/^d-/, "") : SerialNumber,
          },
        }
      : {}),
  };
}
