/** CBS disks and snapshots. All disks are elastic data disks: only those can be attached. */
import type {
  Snapshot as CbsSnapshot,
  Disk,
  Filter,
} from "tencentcloud-sdk-nodejs/tencentcloud/services/cbs/v20170312/cbs_models.js";
import { MigrationError } from "#domain/errors.ts";
import type { Provider, ResourceState, Snapshot, Volume } from "../provider.ts";
import { type Account, makeOnce, unlessGone, untilShown } from "./account.ts";
import { listAll } from "./client.ts";
import { shownName } from "./names.ts";
import { bootable, byToken, hasToken, isBootable, tagsOf } from "./tags.ts";

const GiB = 1024 ** 3;

/** Source: CBS API, data type Disk, DiskState. */
const diskStates: Record<string, ResourceState> = {
  UNATTACHED: "ready",
  ATTACHING: "ready",
  ATTACHED: "ready",
  DETACHING: "ready",
  EXPANDING: "pending",
  ROLLBACKING: "pending",
  DUMPING: "pending",
  TORECYCLE: "deleting",
};
const hanging = new Set(["ATTACHING", "ATTACHED", "DETACHING"]);

/** Source: CBS API, data type Snapshot, SnapshotState. None of them says that it failed. */
const snapshotStates: Record<string, ResourceState> = {
  NORMAL: "ready",
  CREATING: "pending",
  COPYING_FROM_REMOTE: "pending",
  CHECKING_COPIED: "pending",
  ROLLBACKING: "ready",
  TORECYCLE: "deleting",
};

export async function findDisk({ cbs }: Account, id: string): Promise<Disk | undefined> {
  const answer = await unlessGone(cbs.DescribeDisks({ DiskIds: [id] }));
  return answer?.DiskSet?.[0];
}

/** Without system disks: they take their instance's tags, and come and go with it. */
export async function listDisks({ cbs }: Account, ...filters: Filter[]): Promise<Disk[]> {
  const Filters = [{ Name: "disk-usage", Values: ["DATA_DISK"] }, ...filters];
  return listAll(async (page) => (await cbs.DescribeDisks({ Filters, ...page })).DiskSet);
}

/** There is no filter for a snapshot's tags. Source: CBS API, DescribeSnapshots, Filters. */
export async function listSnapshots(
  { cbs }: Account,
  ...filters: Filter[]
): Promise<CbsSnapshot[]> {
  const Filters = [{ Name: "snapshot-type", Values: ["PRIVATE_SNAPSHOT"] }, ...filters];
  return listAll(async (page) => (await cbs.DescribeSnapshots({ Filters, ...page })).SnapshotSet);
}

/** The instance a disk hangs on, is about to hang on, or has not been let go by. */
export function instanceOf({ DiskState = "", InstanceId }: Disk): string | undefined {
  return hanging.has(DiskState) && InstanceId ? InstanceId : undefined;
}

export function openVolumes(account: Account): Provider["volumes"] {
  const { cbs, config } = account;

  async function findByToken(token: string): Promise<string | undefined> {
    return (await listDisks(account, byToken(token))).find(hasToken(token))?.DiskId;
  }

  async function findCbsSnapshot(id: string): Promise<CbsSnapshot | undefined> {
    const answer = await unlessGone(cbs.DescribeSnapshots({ SnapshotIds: [id] }));
    return answer?.SnapshotSet?.[0];
  }

  async function snapshotOf(volumeId: string, token: string): Promise<string | undefined> {
    const taken = await listSnapshots(account, { Name: "disk-id", Values: [volumeId] });
    return taken.find(hasToken(token))?.SnapshotId;
  }

  /** @throws `cloud.quota-exceeded` where the gateway holds as many as the target allows */
  async function requireRoom(instanceId: string): Promise<void> {
    const most = config.gateway.maxVolumes + config.gateway.spareVolumes;
    const there = await listDisks(account, { Name: "instance-id", Values: [instanceId] });
    if (there.length < most) return;
    throw new MigrationError("cloud.quota-exceeded", {
      platform: "tencent",
      what: `volumes on one gateway (${most})`,
    });
  }

  return {
    async createVolume(options) {
      const { token, tags, sizeBytes, role, fromSnapshotId } = options;
      const earlier = await findByToken(token);
      if (earlier !== undefined) return { id: earlier };
      const { type, encrypted, kmsKeyId } = config.volume;
      const { zone } = await account.place();
      const { DiskIdSet } = await cbs.CreateDisks({
        Placement: { Zone: zone },
        DiskChargeType: "POSTPAID_BY_HOUR",
        DiskType: type,
        DiskSize: Math.ceil(sizeBytes / GiB),
        DiskName: shownName(tags.Name),
        Tags: tagsOf(options),
        ClientToken: token,
        ...(fromSnapshotId === undefined ? {} : { SnapshotId: fromSnapshotId }),
        ...(encrypted && role === "data" ? { Encrypt: "ENCRYPT" } : {}),
        ...(encrypted && role === "data" && kmsKeyId !== undefined ? { KmsKeyId: kmsKeyId } : {}),
      });
      const [id = ""] = DiskIdSet ?? [];
      await untilShown(account, () => findDisk(account, id));
      return { id };
    },

    async findVolume(id) {
      const disk = await findDisk(account, id);
      return disk && volumeShown(disk);
    },

    async attachVolume(volumeId, instanceId) {
      const disk = await findDisk(account, volumeId);
      if (disk !== undefined && instanceOf(disk) === instanceId) return;
      await requireRoom(instanceId);
      await cbs.AttachDisks({ InstanceId: instanceId, DiskIds: [volumeId] });
    },

    async detachVolume(id) {
      const disk = await findDisk(account, id);
      const instanceId = disk && instanceOf(disk);
      if (instanceId === undefined || disk?.DiskState === "DETACHING") return;
      // A disk that goes with its instance may have gone since we looked.
      await unlessGone(cbs.DetachDisks({ DiskIds: [id], InstanceId: instanceId }));
    },

    async deleteVolume(id) {
      const disk = await findDisk(account, id);
      if (disk === undefined) return;
      const instanceId = instanceOf(disk);
      if (instanceId !== undefined) {
        const state = `${disk.DiskState} to ${instanceId}`;
        throw new MigrationError("cloud.wrong-state", {
          platform: "tencent",
          what: "volume",
          id,
          state,
        });
      }
      // One in the recycle bin is destroyed by the second call.
      await unlessGone(cbs.TerminateDisks({ DiskIds: [id], DeleteSnapshot: 0 }));
    },

    async createSnapshot(options) {
      const { token, tags, volumeId, forImage = false } = options;
      const id = await makeOnce(
        account,
        () => snapshotOf(volumeId, token),
        async () => {
          const { SnapshotId } = await cbs.CreateSnapshot({
            DiskId: volumeId,
            SnapshotName: shownName(tags.Name),
            // New disks are made of data disks' snapshots only, and images of system disks'.
            DiskUsage: forImage ? "SYSTEM_DISK" : "DATA_DISK",
            Tags: [...tagsOf(options), ...(forImage ? [bootable] : [])],
          });
          return SnapshotId ?? "";
        },
      );
      await untilShown(account, () => findCbsSnapshot(id));
      return { id };
    },

    async findSnapshot(id) {
      const found = await findCbsSnapshot(id);
      return found && snapshotShown(found);
    },

    async deleteSnapshot(id) {
      await unlessGone(cbs.DeleteSnapshots({ SnapshotIds: [id], DeleteBindImages: false }));
    },
  };
}

function volumeShown(disk: Disk): Volume {
  const { DiskId: id = "", DiskSize = 0, DiskState = "", ErrorPrompt } = disk;
  const attachedTo = instanceOf(disk);
  return {
    id,
    sizeBytes: DiskSize * GiB,
    state: diskStates[DiskState] ?? "pending",
    ...(attachedTo === undefined ? {} : { attachedTo }),
    // The virtio serial is the disk's id: /dev/disk/by-id/virtio-disk-…. Source: CBS user guide,
    // "Initializing cloud disks", on device names that change.
    ...(DiskState === "ATTACHED" ? { device: { by: "serial" as const, serial: id } } : {}),
    ...(ErrorPrompt ? { problem: ErrorPrompt } : {}),
  };
}

function snapshotShown(snapshot: CbsSnapshot): Snapshot {
  const { SnapshotId: id = "", DiskId: volumeId = "", SnapshotState = "", DiskUsage } = snapshot;
  const state = snapshotStates[SnapshotState] ?? "pending";
  if (state !== "ready" || !isBootable(snapshot) || DiskUsage === "SYSTEM_DISK") {
    return { id, volumeId, state };
  }
  // Documented for the other direction only (CreateSnapshot, DiskUsage), so it is looked at.
  const problem = "Tencent keeps it as a data disk's snapshot, of which it makes no image";
  return { id, volumeId, state: "failed", problem };
}
