/** Volumes and their snapshots, which QingCloud calls backups. */
import { MigrationError } from "#domain/errors.ts";
import type { Provider, ResourceState, Volume, VolumeBoots } from "../provider.ts";
import {
  type Account,
  inWrongState,
  isAbsent,
  listAll,
  unlessAbsent,
  volumeTypeOf,
} from "./account.ts";
import { GiB, inSteps } from "./host-classes.ts";
import { gatewayGroupOf, getInstance } from "./instances.ts";
import { nameOf, readName } from "./names.ts";
import { insist, type Kind, makeOnce, type Ordered, problemOf, settle } from "./orders.ts";

export interface QingVolume {
  readonly volume_id: string;
  readonly volume_name?: string | null;
  readonly description?: string | null;
  /** GB, 1024³ bytes. */
  readonly size: number;
  readonly status: string;
  readonly transition_status?: string;
  readonly volume_type?: number;
  readonly instance?: { readonly instance_id?: string; readonly device?: string };
}

interface QingSnapshot {
  readonly snapshot_id: string;
  readonly snapshot_name?: string | null;
  readonly status: string;
  readonly transition_status?: string;
  readonly resource?: { readonly resource_id?: string };
}

const goneStates = ["deleted", "ceased"];

export const volumeKind: Kind<QingVolume> = {
  action: "DescribeVolumes",
  set: "volume_set",
  idOf: ({ volume_id }) => volume_id,
  nameOf: ({ volume_name }) => volume_name,
  isGone: ({ status }) => goneStates.includes(status),
};

export const snapshotKind: Kind<QingSnapshot> = {
  action: "DescribeSnapshots",
  set: "snapshot_set",
  idOf: ({ snapshot_id }) => snapshot_id,
  nameOf: ({ snapshot_name }) => snapshot_name,
  isGone: ({ status }) => goneStates.includes(status),
};

/** `undefined` also for what is deleted, though it can be had back for two hours. */
export async function findQingVolume(
  account: Account,
  id: string,
): Promise<QingVolume | undefined> {
  const { action, set } = volumeKind;
  const found = await unlessAbsent(listAll<QingVolume>(account, action, set, { volumes: [id] }));
  return found?.find((volume) => volume.volume_id === id && !volumeKind.isGone(volume));
}

async function getQingVolume(account: Account, id: string): Promise<QingVolume> {
  const volume = await findQingVolume(account, id);
  if (volume === undefined) throw isAbsent("volume", id);
  return volume;
}

export async function findQingSnapshot(
  account: Account,
  id: string,
): Promise<QingSnapshot | undefined> {
  const { action, set } = snapshotKind;
  const found = await unlessAbsent(
    listAll<QingSnapshot>(account, action, set, { snapshots: [id] }),
  );
  return found?.find((one) => one.snapshot_id === id && !snapshotKind.isGone(one));
}

/** It hangs there, or is about to, or to come off. */
function holderOf({ status, transition_status, instance }: QingVolume): string | undefined {
  const hangs = status === "in-use" || transition_status === "attaching";
  return hangs ? instance?.instance_id || undefined : undefined;
}

export const hangsOn = (volume: QingVolume, instanceId: string): boolean =>
  holderOf(volume) === instanceId && volume.transition_status !== "detaching";

/** May be repeated. @throws `cloud.wrong-state` where it hangs elsewhere */
export async function attach(
  account: Account,
  volumeId: string,
  instanceId: string,
): Promise<void> {
  const volume = await getQingVolume(account, volumeId);
  if (hangsOn(volume, instanceId)) return;
  const holder = holderOf(volume);
  if (holder !== undefined) throw inWrongState("volume", volumeId, `attached to ${holder}`);
  try {
    const order = { volumes: [volumeId], instance: instanceId };
    await settle(account, await account.client.call<Ordered>("AttachVolumes", order));
  } catch (error) {
    // By a call whose answer was lost.
    const now = await findQingVolume(account, volumeId);
    if (now === undefined || !hangsOn(now, instanceId)) throw error;
  }
}

async function attachToInstance(
  account: Account,
  volumeId: string,
  instanceId: string,
): Promise<void> {
  const instance = await getInstance(account, instanceId);
  const { maxVolumes, spareVolumes } = account.config.gateway;
  const most = maxVolumes + spareVolumes;
  const there = instance.volume_ids ?? [];
  const isFull = there.length >= most && !there.includes(volumeId);
  if (isFull && gatewayGroupOf(instance) !== undefined) {
    const what = `volumes on one gateway (${most})`;
    throw new MigrationError("cloud.quota-exceeded", { platform: "qingcloud", what });
  }
  await attach(account, volumeId, instanceId);
}

/** May be repeated; a volume that is gone is off. */
export async function detach(account: Account, id: string): Promise<void> {
  const volume = await findQingVolume(account, id);
  const holder = volume && holderOf(volume);
  if (holder === undefined || volume?.transition_status === "detaching") return;
  try {
    const order = { volumes: [id], instance: holder };
    await settle(account, await account.client.call<Ordered>("DetachVolumes", order));
  } catch (error) {
    const now = await findQingVolume(account, id);
    if (now !== undefined && hangsOn(now, holder)) throw error;
  }
}

export async function deleteVolume(account: Account, id: string): Promise<void> {
  const volume = await findQingVolume(account, id);
  if (volume === undefined || volume.transition_status === "deleting") return;
  const holder = holderOf(volume);
  if (holder !== undefined) throw inWrongState("volume", id, `attached to ${holder}`);
  await unlessAbsent(
    insist(account, () => account.client.call("DeleteVolumes", { volumes: [id] })),
  );
}

/** `40l`: the size it is to have in GiB, and what starts from it. */
const volumeNote = (sizeGiB: number, boots: VolumeBoots | undefined): string =>
  `${sizeGiB}${boots === undefined ? "" : osLetters[boots.os]}`;

const osLetters = { linux: "l", windows: "w" } as const;

/** Of a volume's or snapshot's name; Linux where it says nothing. */
export const osIn = (name: string | null | undefined): VolumeBoots["os"] =>
  readName(name)?.note.endsWith(osLetters.windows) ? "windows" : "linux";

const wantedGiB = ({ volume_name }: QingVolume): number =>
  Number.parseInt(readName(volume_name)?.note ?? "0", 10) || 0;

export function openVolumes(account: Account): Provider["volumes"] {
  const { client } = account;

  /** A clone has its origin's size when it is made; it grows as soon as it is there. */
  async function grow(volume: QingVolume): Promise<void> {
    const { volume_id, size, status, transition_status } = volume;
    const wanted = wantedGiB(volume);
    if (size >= wanted || status !== "available" || transition_status) return;
    try {
      const order = { volumes: [volume_id], size: wanted };
      await settle(account, await client.call<Ordered>("ResizeVolumes", order));
    } catch (error) {
      // By a call whose answer was lost: the same size again is refused.
      const now = await findQingVolume(account, volume_id);
      if (now !== undefined && now.size < wanted && !now.transition_status) throw error;
    }
  }

  return {
    async createVolume(options) {
      const { fromSnapshotId, sizeBytes, boots } = options;
      const sizeGiB = inSteps(sizeBytes);
      const name = nameOf(options, volumeNote(sizeGiB, boots));
      const id = await makeOnce(account, volumeKind, options, async () => {
        if (fromSnapshotId !== undefined) {
          const made = await client.call<{ volume_id: string }>("CreateVolumeFromSnapshot", {
            snapshot: fromSnapshotId,
            volume_name: name,
          });
          return made.volume_id;
        }
        const made = await client.call<{ volumes: string[] }>("CreateVolumes", {
          size: sizeGiB,
          volume_name: name,
          volume_type: volumeTypeOf(account),
          count: 1,
        });
        return made.volumes[0] ?? "";
      });
      return { id };
    },

    async findVolume(id) {
      const volume = await findQingVolume(account, id);
      if (volume === undefined) return undefined;
      await grow(volume);
      const problem = volume.status === "pending" ? await problemOf(account, id) : undefined;
      return shown(volume, problem);
    },

    attachVolume: (volumeId, instanceId) => attachToInstance(account, volumeId, instanceId),
    detachVolume: (id) => detach(account, id),
    deleteVolume: (id) => deleteVolume(account, id),

    async createSnapshot(options) {
      const { volumeId, forImage } = options;
      const origin = forImage ? await getQingVolume(account, volumeId) : undefined;
      const note = origin && osLetters[osIn(origin.volume_name)];
      const id = await makeOnce(account, snapshotKind, options, async () => {
        const made = await client.call<{ snapshots: string[] }>("CreateSnapshots", {
          resources: [volumeId],
          snapshot_name: nameOf(options, note),
          // Each for itself: with one of a chain, all that were taken after it are deleted, and can't be
          // had back. Source: QingCloud API, DeleteSnapshots.
          is_full: 1,
        });
        return made.snapshots[0] ?? "";
      });
      return { id };
    },

    async findSnapshot(id) {
      const found = await findQingSnapshot(account, id);
      if (found === undefined) return undefined;
      const { resource, status, transition_status } = found;
      const volumeId = resource?.resource_id ?? "";
      if (status !== "pending") {
        return { id, volumeId, state: stateOf(status, transition_status) };
      }
      const problem = await problemOf(account, id);
      return problem === undefined
        ? { id, volumeId, state: "pending" }
        : { id, volumeId, state: "failed", problem };
    },

    async deleteSnapshot(id) {
      const found = await findQingSnapshot(account, id);
      if (found === undefined || found.transition_status === "deleting") return;
      await unlessAbsent(
        insist(account, () => client.call("DeleteSnapshots", { snapshots: [id] })),
      );
    },
  };
}

/** Of volumes, snapshots and images alike. */
export function stateOf(status: string, transition: string | undefined): ResourceState {
  if (transition === "deleting") return "deleting";
  if (status === "pending" || transition === "creating") return "pending";
  return status === "available" || status === "in-use" ? "ready" : "failed";
}

const suspended = "suspended: the account owes money";

function shown(volume: QingVolume, problem: string | undefined): Volume {
  const { volume_id: id, size, status, transition_status } = volume;
  const attachedTo = holderOf(volume);
  const state = stateOf(status, transition_status);
  const isGrowing = state === "ready" && size < wantedGiB(volume);
  const why = problem ?? (status === "suspended" ? suspended : undefined);
  return {
    id,
    sizeBytes: size * GiB,
    state: why === undefined ? (isGrowing ? "pending" : state) : "failed",
    ...(attachedTo === undefined ? {} : { attachedTo }),
    // The whole id, as in `/dev/disk/by-id/virtio-vol-…`. Source: yunify/qingcloud-csi,
    // `pkg/disk/rpcserver/nodeserver.go`.
    ...(status === "in-use" && !transition_status
      ? { device: { by: "serial" as const, serial: id } }
      : {}),
    ...(why === undefined ? {} : { problem: why }),
  };
}
