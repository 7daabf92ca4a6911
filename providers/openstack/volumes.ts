/** Cinder's volumes and snapshots. Source: Block Storage API v3, "Volumes", "Snapshots"; "Volume status". */
import { MigrationError } from "#domain/errors.ts";
import type { Provider, ResourceState, Volume } from "../provider.ts";
import {
  type Account,
  absent,
  type Connection,
  listAll,
  type Made,
  makeOnce,
  unlessAbsent,
} from "./account.ts";
import { isAmbiguous, isNotFound } from "./errors.ts";
import { findServer } from "./servers.ts";
import {
  consoleTag,
  isOwned,
  type Metadata,
  metadataOf,
  nameOf,
  roleTag,
  tagValue,
  tokenTag,
} from "./tags.ts";

export const GiB = 1024 ** 3;

export interface CinderVolume extends Made {
  readonly name?: string | null;
  readonly status: string;
  readonly size: number;
  readonly snapshot_id?: string | null;
  readonly attachments: readonly { readonly server_id: string }[];
  readonly metadata?: Metadata;
}

interface CinderSnapshot extends Made {
  readonly name?: string | null;
  readonly status: string;
  readonly volume_id: string;
  readonly metadata?: Metadata | null;
}

/** What is missing can be used. */
const states: Readonly<Record<string, ResourceState>> = {
  creating: "pending",
  downloading: "pending",
  "restoring-backup": "pending",
  managing: "pending",
  extending: "pending",
  deleting: "deleting",
  unmanaging: "deleting",
};

const stateOf = (status: string): ResourceState =>
  status.startsWith("error") ? "failed" : (states[status] ?? "ready");

/** What Cinder or Nova is at ends by itself. */
const busy = /^(creating|downloading|reserved|attaching|detaching|uploading|retyping|extending)$/;

/** Linux knows a virtio disk by 20 characters of its id (seen on Zed). */
const serialOf = (id: string) => id.slice(0, 20);

export async function findCinderVolume(
  { client }: Account,
  id: string,
): Promise<CinderVolume | undefined> {
  const answer = await unlessAbsent(
    client.call<{ volume: CinderVolume }>("ShowVolume", { path: { id } }),
  );
  return answer?.volume;
}

/** Cinder reads the filter as Python does, of which JSON with plain texts is a part. */
const filterBy = (key: string, value: string) => ({
  metadata: JSON.stringify({ [key]: tagValue(value) }),
});

/** Those of the console that carry the tag. The filter is a help; what comes is looked at. */
export async function listCinderVolumes(
  account: Account,
  key: string = consoleTag,
  value: string = account.consoleId,
): Promise<CinderVolume[]> {
  const query = filterBy(key, value);
  const all = await listAll<CinderVolume>(account, "ListVolumes", "volumes", query);
  return all.filter(
    ({ metadata }) => isOwned(metadata, account.consoleId) && metadata?.[key] === tagValue(value),
  );
}

async function listSnapshots(
  account: Account,
  query: Readonly<Record<string, string>>,
): Promise<CinderSnapshot[]> {
  return listAll<CinderSnapshot>(account, "ListSnapshots", "snapshots", query);
}

export async function listOwnedVolumes(account: Account, owner?: string): Promise<CinderVolume[]> {
  const all = await listCinderVolumes(account);
  return all.filter(
    ({ metadata, status }) => status !== "deleting" && isOwned(metadata, account.consoleId, owner),
  );
}

export async function listOwnedSnapshots(
  account: Account,
  owner?: string,
): Promise<CinderSnapshot[]> {
  const all = await listSnapshots(account, filterBy(consoleTag, account.consoleId));
  return all.filter(
    ({ metadata, status }) => status !== "deleting" && isOwned(metadata, account.consoleId, owner),
  );
}

function wrongState(id: string, state: string): MigrationError {
  return new MigrationError("cloud.wrong-state", {
    platform: "openstack",
    what: "volume",
    id,
    state,
  });
}

function passing(problem: string): MigrationError {
  return new MigrationError("cloud.transient", { platform: "openstack", problem });
}

async function attachmentsOf({ client }: Account, serverId: string): Promise<string[]> {
  const answer = await client.call<{ volumeAttachments: { volumeId: string }[] }>(
    "ListVolumeAttachments",
    { path: { id: serverId } },
  );
  return answer.volumeAttachments.map(({ volumeId }) => volumeId);
}

/** May be repeated. */
async function attach(account: Account, volumeId: string, serverId: string): Promise<void> {
  const { client, config } = account;
  const volume = await findCinderVolume(account, volumeId);
  if (volume === undefined) throw absent("volume", volumeId);
  const [attachment] = volume.attachments;
  if (attachment?.server_id === serverId) return;
  if (attachment !== undefined) throw wrongState(volumeId, `attached to ${attachment.server_id}`);
  const server = await findServer(account, serverId);
  if (server === undefined) throw absent("server", serverId);
  const hanging = await attachmentsOf(account, serverId);
  if (hanging.includes(volumeId)) return;
  const isGateway = server.metadata?.[roleTag] !== "server";
  // Of a server that boots from a volume, that one hangs on it too.
  const root = server.image === "" ? 1 : 0;
  const atMost = config.gateway.maxVolumes + config.gateway.spareVolumes;
  if (isGateway && hanging.length - root >= atMost) {
    const what = `volumes on one gateway (${atMost})`;
    throw new MigrationError("cloud.quota-exceeded", { platform: "openstack", what });
  }
  // Before 2.79 nothing can be said of its end, and it stays. Source: Nova, REST API version history.
  const ends =
    (await client.microversion("compute")) >= 79 ? { delete_on_termination: !isGateway } : {};
  try {
    await client.call("AttachVolume", {
      path: { id: serverId },
      body: { volumeAttachment: { volumeId, ...ends } },
    });
  } catch (error) {
    // An order whose answer was lost is still being carried out.
    if (!isAmbiguous(error)) throw error;
    if (!(await attachmentsOf(account, serverId)).includes(volumeId)) throw error;
  }
}

/** May be repeated. A volume that hangs nowhere is off. */
async function detach(account: Account, volumeId: string): Promise<void> {
  const volume = await findCinderVolume(account, volumeId);
  const [attachment] = volume?.attachments ?? [];
  if (attachment === undefined || volume?.status === "detaching") return;
  const path = { id: attachment.server_id, volume: volumeId };
  try {
    await account.client.call("DetachVolume", { path });
  } catch (error) {
    if (isNotFound(error)) return;
    // Asked again while it comes off, Nova answers 400 (seen on Zed).
    const after = await findCinderVolume(account, volumeId);
    if (after?.status === "in-use") throw error;
  }
}

interface VolumeType {
  readonly id: string;
  readonly name: string;
  readonly description?: string | null;
}

export async function listVolumeTypes({ client }: Connection): Promise<VolumeType[]> {
  const answer = await client.call<{ volume_types: VolumeType[] }>("ListVolumeTypes");
  return answer.volume_types;
}

export function openVolumes(account: Account): Provider["volumes"] {
  const { client, config } = account;

  async function findCinderSnapshot(id: string): Promise<CinderSnapshot | undefined> {
    const answer = await unlessAbsent(
      client.call<{ snapshot: CinderSnapshot }>("ShowSnapshot", { path: { id } }),
    );
    return answer?.snapshot;
  }

  async function removeVolume(id: string): Promise<void> {
    await unlessAbsent(client.call("DeleteVolume", { path: { id } }));
  }

  async function removeSnapshot(id: string): Promise<void> {
    await unlessAbsent(client.call("DeleteSnapshot", { path: { id } }));
  }

  /** Volumes that may share blocks with a snapshot they were made of. */
  async function clonesOf(snapshotId: string): Promise<string[]> {
    const all = await listAll<CinderVolume>(account, "ListVolumes", "volumes");
    return all.filter(({ snapshot_id }) => snapshot_id === snapshotId).map(({ id }) => id);
  }

  /**
   * Ceph's clones share blocks with their snapshot until they are flattened. Cinder of 2024.1 and later does that
   * itself when the snapshot is deleted; an older one takes the order, and the snapshot is `available` again a moment
   * later. No call flattens, so a person who looks after Ceph has to (S-29). Sources: cinder/volume/drivers/rbd.py,
   * delete_snapshot; cinder/volume/manager.py, SnapshotIsBusy; release notes of Cinder 24.0.0.
   */
  async function refuseChained(volumeId: string): Promise<void> {
    const snapshots = await listSnapshots(account, { volume_id: volumeId });
    const of = snapshots.filter(({ volume_id }) => volume_id === volumeId);
    if (of.some(({ status }) => status === "deleting")) {
      throw passing(`volume ${volumeId} still has snapshots that are being deleted`);
    }
    for (const { id } of of) {
      const clones = await clonesOf(id);
      if (clones.length === 0) continue;
      const commands = clones.map(
        (clone) => `rbd flatten ${config.volume.cephPool}/volume-${clone}`,
      );
      throw wrongState(
        volumeId,
        `still needed: volumes made of its snapshot ${id} share blocks with it. In Ceph run ${commands.join("; ")}, and clean up again`,
      );
    }
  }

  return {
    async createVolume(options) {
      const { token, fromSnapshotId, sizeBytes } = options;
      const { id } = await makeOnce<CinderVolume>(account, {
        key: `volume ${token}`,
        find: () => listCinderVolumes(account, tokenTag, token),
        async make() {
          // A clone is of its origin's type.
          const origin =
            fromSnapshotId === undefined
              ? config.volume.type === undefined
                ? {}
                : { volume_type: config.volume.type }
              : { snapshot_id: fromSnapshotId };
          const volume = {
            name: nameOf(options.tags),
            size: Math.max(1, Math.ceil(sizeBytes / GiB)),
            availability_zone: config.volumeZone,
            metadata: metadataOf(options),
            ...origin,
          };
          return (await client.call<{ volume: CinderVolume }>("CreateVolume", { body: { volume } }))
            .volume;
        },
        remove: removeVolume,
      });
      return { id };
    },

    async findVolume(id) {
      const volume = await findCinderVolume(account, id);
      return volume && shown(volume);
    },

    attachVolume: (volumeId, instanceId) => attach(account, volumeId, instanceId),

    detachVolume: (id) => detach(account, id),

    async deleteVolume(id) {
      const volume = await findCinderVolume(account, id);
      if (volume === undefined || volume.status === "deleting") return;
      const [attachment] = volume.attachments;
      if (attachment !== undefined && volume.status !== "detaching") {
        throw wrongState(id, `attached to ${attachment.server_id}`);
      }
      if (busy.test(volume.status)) throw passing(`volume ${id} is ${volume.status}`);
      await refuseChained(id);
      await removeVolume(id);
    },

    async createSnapshot(options) {
      const { token, volumeId } = options;
      const { id } = await makeOnce<CinderSnapshot>(account, {
        key: `snapshot ${token}`,
        async find() {
          const all = await listSnapshots(account, filterBy(tokenTag, token));
          return all.filter(
            ({ metadata, status }) =>
              status !== "deleting" &&
              isOwned(metadata, account.consoleId) &&
              metadata?.[tokenTag] === tagValue(token),
          );
        },
        async make() {
          const snapshot = {
            volume_id: volumeId,
            name: nameOf(options.tags),
            // Also while it hangs on a gateway. Needed below 3.66, and from there on taken if true.
            force: true,
            metadata: metadataOf(options),
          };
          const body = { snapshot };
          return (await client.call<{ snapshot: CinderSnapshot }>("CreateSnapshot", { body }))
            .snapshot;
        },
        remove: removeSnapshot,
      });
      return { id };
    },

    async findSnapshot(id) {
      const found = await findCinderSnapshot(id);
      if (found === undefined) return undefined;
      const state = stateOf(found.status);
      const facts = { id, volumeId: found.volume_id, state };
      return state === "failed" ? { ...facts, problem: found.status } : facts;
    },

    async deleteSnapshot(id) {
      const found = await findCinderSnapshot(id);
      if (found === undefined || found.status === "deleting") return;
      if (found.status === "creating") throw passing(`snapshot ${id} is still being made`);
      await removeSnapshot(id);
    },
  };
}

function shown(volume: CinderVolume): Volume {
  const { id, status, size, attachments } = volume;
  const server = attachments[0]?.server_id;
  const state = stateOf(status);
  return {
    id,
    sizeBytes: size * GiB,
    state,
    ...(server === undefined ? {} : { attachedTo: server }),
    ...(server !== undefined && status === "in-use"
      ? { device: { by: "serial" as const, serial: serialOf(id) } }
      : {}),
    ...(state === "failed" ? { problem: status } : {}),
  };
}
