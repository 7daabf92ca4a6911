/** Data volumes. A repaired clone may become a root volume; then it belongs to its VM. */
import type { Provider, ResourceState, Volume } from "../provider.ts";
import { type Account, findOne, makeOnce, notFound, type Thing, wrongState } from "./account.ts";
import { mostDataVolumes } from "./config.ts";
import { quotaExceeded } from "./errors.ts";
import { getVm } from "./instances.ts";
import { choosePool, listPools } from "./place.ts";
import { openSnapshots, type ZstackSnapshot } from "./snapshots.ts";
import { type Marks, marksOf, readMarks, uuidOf, written } from "./tags.ts";

/** Source: zstack 5.2.1, VolumeInventory.java. */
export interface ZstackVolume extends Thing {
  readonly type: "Root" | "Data";
  readonly status: string;
  readonly size: number;
  readonly primaryStorageUuid?: string | null;
  readonly vmInstanceUuid?: string | null;
}

/** Source: zstack 5.2.1, VolumeStatus.java. */
const states: Record<string, ResourceState> = {
  // Until the storage begins with it: we always say which one.
  NotInstantiated: "pending",
  Creating: "pending",
  Migrating: "pending",
  Ready: "ready",
  Deleted: "deleting",
};

/** @throws `cloud.not-found` */
export async function getZstackVolume(account: Account, id: string): Promise<ZstackVolume> {
  const volume = await findOne<ZstackVolume>(account, "QueryVolume", id);
  if (volume !== undefined && volume.status !== "Deleted") return volume;
  throw notFound("volume", id);
}

/** Adds to what a volume says of itself. */
export async function markVolume(
  account: Account,
  id: string,
  more: Partial<Marks>,
): Promise<void> {
  const { description } = await getZstackVolume(account, id);
  const marks = readMarks(description);
  if (marks === undefined) throw wrongState("volume", id, "without its description");
  const marked = written({ ...marks, ...more });
  if (marked === description) return;
  await account.client.order("UpdateVolume", {
    path: { volume: id },
    params: { description: marked },
  });
}

/** Hangs a volume on a VM, which runs or stands. May be repeated. @param atMost data volumes there */
export async function attach(
  account: Account,
  volumeId: string,
  vmId: string,
  atMost: number = mostDataVolumes,
): Promise<void> {
  const { vmInstanceUuid: there } = await getZstackVolume(account, volumeId);
  if (there === vmId) return;
  if (there) throw wrongState("volume", volumeId, `attached to ${there}`);
  const vm = await getVm(account, vmId);
  const hanging = vm.allVolumes.filter(({ type }) => type === "Data");
  if (hanging.length >= atMost) throw quotaExceeded(`volumes on one VM (${atMost})`);
  await account.client.order("AttachDataVolumeToVm", { path: { volume: volumeId, vm: vmId } });
}

export async function detach(account: Account, volume: ZstackVolume): Promise<void> {
  const { uuid, vmInstanceUuid: vmUuid, type } = volume;
  if (!vmUuid) return;
  if (type === "Root") throw wrongState("volume", uuid, `the system disk of ${vmUuid}`);
  await account.client.order("DetachDataVolumeFromVm", {
    path: { volume: uuid },
    params: { vmUuid },
  });
}

/** In two orders: what is only deleted can be recovered for a week, and holds its room for as long. */
export async function removeVolume(account: Account, volume: ZstackVolume): Promise<void> {
  const { client } = account;
  const path = { volume: volume.uuid };
  if (volume.status !== "Deleted") {
    const isDeleted = await client.order("DeleteDataVolume", { path });
    if (!isDeleted) return;
  }
  // The deletion policy may have done that already. Source: zstack 5.2.1, VolumeDeletionPolicyManager.
  const left = await findOne<ZstackVolume>(account, "QueryVolume", volume.uuid);
  if (left !== undefined) await client.order("ExpungeDataVolume", { path });
}

export function openVolumes(account: Account): Provider["volumes"] {
  const { client, config, consoleId } = account;

  const find = (id: string) => findOne<ZstackVolume>(account, "QueryVolume", id);

  async function make(
    id: string,
    options: Parameters<Provider["volumes"]["createVolume"]>[0],
  ): Promise<void> {
    const { fromSnapshotId, sizeBytes, boots } = options;
    const marks = { ...marksOf(options), ...(boots === undefined ? {} : { os: boots.os }) };
    const { Name: name } = options.tags;
    if (fromSnapshotId === undefined) {
      const pool = await choosePool(account, options.pool);
      await client.order("CreateDataVolume", {
        params: {
          name,
          description: written(marks),
          diskSize: sizeBytes,
          primaryStorageUuid: pool,
          resourceUuid: id,
        },
        ...(config.hostId === undefined
          ? {}
          : { systemTags: [`localStorage::hostUuid::${config.hostId}`] }),
      });
      return;
    }
    const snapshot = await findOne<ZstackSnapshot>(account, "QueryVolumeSnapshot", fromSnapshotId);
    if (snapshot === undefined) throw notFound("snapshot", fromSnapshotId);
    await client.order("CreateDataVolumeFromVolumeSnapshot", {
      path: { snapshot: fromSnapshotId },
      params: {
        name,
        description: written({ ...marks, size: String(sizeBytes) }),
        resourceUuid: id,
        ...(snapshot.primaryStorageUuid == null
          ? {}
          : { primaryStorageUuid: snapshot.primaryStorageUuid }),
      },
    });
  }

  return {
    ...openSnapshots(account),

    async createVolume(options) {
      const id = uuidOf(consoleId, "volume", options.token);
      const thereNow = async () => {
        const volume = await find(id);
        return volume?.status === "Deleted" ? undefined : volume;
      };
      await makeOnce(account, "volume", thereNow, () => make(id, options));
      return { id };
    },

    listPools: () => listPools(account),

    async findVolume(id) {
      const volume = await find(id);
      if (volume === undefined) return undefined;
      const marks = readMarks(volume.description);
      if (volume.status === "Deleted" && marks?.console === consoleId) {
        await removeVolume(account, volume);
        const left = await find(id);
        return left && shown(account, left);
      }
      // A clone has its origin's size, until it is told another.
      const wanted = Number(marks?.size ?? 0);
      if (volume.status === "Ready" && volume.size < wanted && !volume.vmInstanceUuid) {
        const path = { volume: id };
        await client.order("ResizeDataVolume", { path, params: { size: wanted } });
        return { ...shown(account, volume), state: "pending" };
      }
      return shown(account, volume);
    },

    async attachVolume(volumeId, instanceId) {
      const { maxVolumes, spareVolumes } = config.gateway;
      await attach(account, volumeId, instanceId, maxVolumes + spareVolumes);
    },

    async detachVolume(id) {
      const volume = await find(id);
      if (volume !== undefined) await detach(account, volume);
    },

    async deleteVolume(id) {
      const volume = await find(id);
      if (volume === undefined) return;
      // ZStack would take it off and delete it. Source: zstack 5.2.1, VolumeApiInterceptor.java.
      if (volume.vmInstanceUuid) {
        throw wrongState("volume", id, `attached to ${volume.vmInstanceUuid}`);
      }
      await removeVolume(account, volume);
    },
  };
}

function shown({ config }: Account, volume: ZstackVolume): Volume {
  const { uuid: id, size, status, vmInstanceUuid, type } = volume;
  const says = config.volume.device === "serial" && type === "Data";
  return {
    id,
    sizeBytes: size,
    state: states[status] ?? "pending",
    ...(vmInstanceUuid ? { attachedTo: vmInstanceUuid } : {}),
    ...(vmInstanceUuid && says ? { device: { by: "serial" as const, serial: id } } : {}),
  };
}
