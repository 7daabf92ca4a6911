/** EVS volumes and snapshots. */
import { MigrationError } from "#domain/errors.ts";
import type { Provider, ResourceState, Volume } from "../provider.ts";
import {
  type Account,
  listByOffset,
  makeByToken,
  makeOnce,
  pageSize,
  unlessAbsent,
  untilSeen,
} from "./account.ts";
import { volumeGiB } from "./config.ts";
import { freeDeviceName } from "./device-names.ts";
import { codeOf } from "./errors.ts";
import { findMachineImage } from "./machine-images.ts";
import { asServer, type EcsServer } from "./servers.ts";
import { consoleTag, launchTag, nameOf, ownerTag, tagsOf, tagValue, tokenTag } from "./tags.ts";

export const GiB = 1024 ** 3;

/** As EVS shows a volume. Source: EVS API reference, ShowVolume. */
export interface EvsVolume {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly size: number;
  readonly volume_type: string;
  readonly bootable: string;
  readonly wwn?: string | null;
  readonly attachments: readonly { readonly server_id: string; readonly device?: string }[];
  readonly metadata?: Readonly<Record<string, string>>;
  readonly tags?: Readonly<Record<string, string>>;
}

export interface EvsSnapshot {
  readonly id: string;
  readonly name?: string | null;
  readonly description?: string | null;
  readonly status: string;
  readonly volume_id: string;
  readonly metadata?: Readonly<Record<string, string>> | null;
}

/** Source: EVS API reference, "EVS Disk Status". What is missing can be used. */
const volumeStates: Record<string, ResourceState> = {
  creating: "pending",
  downloading: "pending",
  "restoring-backup": "pending",
  deleting: "deleting",
  error: "failed",
  error_deleting: "failed",
  error_restoring: "failed",
};

/** Source: EVS API reference, "EVS Snapshot Status". */
const snapshotStates: Record<string, ResourceState> = {
  creating: "pending",
  deleting: "deleting",
  error: "failed",
  error_deleting: "failed",
};

export async function findEvsVolume(
  { client }: Account,
  id: string,
): Promise<EvsVolume | undefined> {
  const answer = await unlessAbsent(
    client.call<{ volume: EvsVolume }>("ShowVolume", { path: { volume_id: id } }),
  );
  return answer?.volume;
}

/** Those that have all of these tags. */
export async function listEvsVolumes(
  account: Account,
  tags: Readonly<Record<string, string>>,
): Promise<{ id: string; name: string }[]> {
  const wanted = Object.entries(tags).map(([key, value]) => ({ key, values: [value] }));
  const found = await listByOffset(
    account,
    "ListVolumesByTags",
    (offset) => ({ body: { action: "filter", tags: wanted, limit: pageSize, offset } }),
    ({ resources }) => resources as { resource_id: string; resource_name: string }[],
  );
  return found.map(({ resource_id, resource_name }) => ({ id: resource_id, name: resource_name }));
}

export async function listSnapshots(
  account: Account,
  query: Readonly<Record<string, string>>,
): Promise<EvsSnapshot[]> {
  return listByOffset(
    account,
    "ListSnapshots",
    (offset) => ({ query: { ...query, limit: pageSize, offset } }),
    ({ snapshots }) => snapshots as EvsSnapshot[],
  );
}

/**
 * Hangs a volume on a server, as the given device or wherever there is room. May be repeated.
 * @param options atMost volumes beside the system disk
 */
export async function attach(
  account: Account,
  volumeId: string,
  serverId: string,
  { device, atMost }: { device?: string; atMost?: number } = {},
): Promise<void> {
  const volume = await getVolume(account, volumeId);
  const [attachment] = volume.attachments;
  if (attachment?.server_id === serverId) return;
  if (attachment !== undefined) throw wrongState(volumeId, `attached to ${attachment.server_id}`);
  const server = await getServer(account, serverId);
  const hanging = server["os-extended-volumes:volumes_attached"];
  if (
    atMost !== undefined &&
    hanging.filter(({ bootIndex }) => bootIndex !== "0").length >= atMost
  ) {
    const what = `volumes on one gateway (${atMost})`;
    throw new MigrationError("cloud.quota-exceeded", { platform: "huawei", what });
  }
  // A bootable disk must be told its device. Source: ECS API reference, "Attaching a Disk to an ECS".
  const named =
    device ??
    (volume.bootable === "true" ? freeDeviceName(hanging.map((one) => one.device)) : undefined);
  try {
    await account.client.call("AttachServerVolume", {
      path: { server_id: serverId },
      body: { volumeAttachment: { volumeId, ...(named === undefined ? {} : { device: named }) } },
    });
  } catch (error) {
    const after = await findEvsVolume(account, volumeId);
    const taken = after?.attachments.some(({ server_id }) => server_id === serverId);
    // An order whose answer was lost is still being carried out.
    if (!taken && after?.status !== "attaching") throw error;
  }
}

/** The volume is deleted with the server that it hangs on. */
export async function bindLife(
  { client }: Account,
  volumeId: string,
  serverId: string,
): Promise<void> {
  await client.call("UpdateServerBlockDevice", {
    path: { server_id: serverId, volume_id: volumeId },
    body: { block_device: { delete_on_termination: true } },
  });
}

/**
 * A gateway's volumes outlive it; a launch's go with their server, also those that follow HyperDoor's copy. That can
 * be said of a volume only once it hangs there.
 */
async function attachLater(account: Account, volumeId: string, serverId: string): Promise<void> {
  const { tags } = await getVolume(account, volumeId);
  if (tags?.[launchTag] === undefined) {
    const { maxVolumes, spareVolumes } = account.config.gateway;
    return attach(account, volumeId, serverId, { atMost: maxVolumes + spareVolumes });
  }
  await attach(account, volumeId, serverId);
  const hangs = await untilSeen(account, async () => {
    const { status } = await getVolume(account, volumeId);
    return status === "in-use" ? true : undefined;
  });
  if (hangs === undefined) {
    const problem = `volume ${volumeId} is still coming on`;
    throw new MigrationError("cloud.transient", { platform: "huawei", problem });
  }
  await bindLife(account, volumeId, serverId);
}

/** May be repeated. A disk that hangs nowhere is off. */
export async function detach(account: Account, volumeId: string): Promise<void> {
  const volume = await findEvsVolume(account, volumeId);
  const [attachment] = volume?.attachments ?? [];
  if (attachment === undefined || volume?.status === "detaching") return;
  const path = { server_id: attachment.server_id, volume_id: volumeId };
  try {
    await unlessAbsent(account.client.call("DetachServerVolume", { path }));
  } catch (error) {
    // "Disk … is not in the attachment list for ECS …"
    if (codeOf(error) !== "Ecs.0111") throw error;
  }
}

async function getVolume(account: Account, id: string): Promise<EvsVolume> {
  const volume = await findEvsVolume(account, id);
  if (volume !== undefined) return volume;
  throw new MigrationError("cloud.not-found", { platform: "huawei", what: "volume", id });
}

async function getServer({ client }: Account, id: string): Promise<EcsServer> {
  return asServer(
    await client.call<{ server: EcsServer }>("ShowServer", { path: { server_id: id } }),
  );
}

function wrongState(id: string, state: string): MigrationError {
  const facts = { platform: "huawei", what: "volume", id, state };
  return new MigrationError("cloud.wrong-state", facts);
}

type VolumeOrder = Parameters<Provider["volumes"]["createVolume"]>[0];

export function openVolumes(account: Account): Provider["volumes"] {
  const { client, config } = account;

  async function findEvsSnapshot(id: string): Promise<EvsSnapshot | undefined> {
    const answer = await unlessAbsent(
      client.call<{ snapshot: EvsSnapshot }>("ShowSnapshot", { path: { snapshot_id: id } }),
    );
    return answer?.snapshot;
  }

  /** A clone is of its origin's type. Source: EVS API reference, CreateVolume, volume_type. */
  async function typeOfClone(snapshotId: string): Promise<string> {
    const snapshot = await findEvsSnapshot(snapshotId);
    if (snapshot === undefined) {
      const facts = { platform: "huawei", what: "snapshot", id: snapshotId };
      throw new MigrationError("cloud.not-found", facts);
    }
    const origin = await findEvsVolume(account, snapshot.volume_id);
    return origin?.volume_type ?? config.volume.type;
  }

  /** From what it is made, and so of what type: a blank disk never becomes a system disk. */
  async function originOf({ role, fromSnapshotId: snapshotId, boots }: VolumeOrder) {
    if (snapshotId !== undefined) {
      return { snapshot_id: snapshotId, volume_type: await typeOfClone(snapshotId) };
    }
    const blank = { volume_type: config.volume.type };
    if (role === "data" || config.launch.boot === "image") return blank;
    const { id } = await findMachineImage(
      account,
      config.launch.shell[boots?.firmware ?? "bios"],
      boots?.firmware,
    );
    return { ...blank, imageRef: id };
  }

  function metadata(isClone: boolean): Record<string, string> {
    const { encrypted, kmsKeyId = "", device } = config.volume;
    return {
      // Without it the answer names no volume. Source: EVS API reference, CreateVolume, metadata.
      create_for_volume_id: "true",
      ...(isClone || device === "VBD" ? {} : { "hw:passthrough": "true" }),
      ...(isClone || !encrypted ? {} : { __system__encrypted: "1", __system__cmkid: kmsKeyId }),
    };
  }

  async function createVolume(options: VolumeOrder): Promise<{ id: string }> {
    const { token, role, sizeBytes, fromSnapshotId } = options;
    const findAgain = async () =>
      (await listEvsVolumes(account, { [tokenTag]: tagValue(token) }))[0]?.id;
    const earlier = await findAgain();
    if (earlier !== undefined) return { id: earlier };
    const origin = await originOf(options);
    const [least] = volumeGiB[role];
    const id = await makeByToken(account, {
      token,
      what: "a volume",
      job: "EvsShowJob",
      async make(clientToken) {
        const { volume_ids = [], job_id } = await client.call<{
          volume_ids?: string[];
          job_id: string;
        }>("CreateVolume", {
          clientToken,
          body: {
            volume: {
              availability_zone: config.zone,
              name: nameOf(options.tags),
              //
              size: Math.max(least, Math.ceil(sizeBytes / GiB)),
              ...origin,
              metadata: metadata(fromSnapshotId !== undefined),
              tags: tagsOf(options),
            },
          },
        });
        return { id: volume_ids[0] ?? "", jobId: job_id };
      },
      find: (made) => findEvsVolume(account, made),
      findAgain,
    });
    return { id };
  }

  return {
    createVolume,

    async findVolume(id) {
      const volume = await findEvsVolume(account, id);
      return volume && shown(volume);
    },

    attachVolume: (volumeId, instanceId) => attachLater(account, volumeId, instanceId),
    detachVolume: (id) => detach(account, id),

    async deleteVolume(id) {
      const volume = await findEvsVolume(account, id);
      if (volume === undefined || volume.status === "deleting") return;
      const [attachment] = volume.attachments;
      if (attachment !== undefined) throw wrongState(id, `attached to ${attachment.server_id}`);
      // A volume waits for its snapshots, and those that were deleted a moment ago take their time.
      const snapshots = await listSnapshots(account, { volume_id: id });
      if (snapshots.length > 0 && snapshots.every(({ status }) => status === "deleting")) {
        const problem = `volume ${id} still has snapshots that are being deleted`;
        throw new MigrationError("cloud.transient", { platform: "huawei", problem });
      }
      await unlessAbsent(client.call("DeleteVolume", { path: { volume_id: id } }));
    },

    async createSnapshot(options) {
      const { token, volumeId } = options;
      const id = await makeOnce(
        account,
        async () => {
          const named = await listSnapshots(account, { name: token });
          return named.find(({ name, status }) => name === token && status !== "deleting")?.id;
        },
        async () => {
          const { snapshot } = await client.call<{ snapshot: EvsSnapshot }>("CreateSnapshot", {
            body: {
              snapshot: {
                volume_id: volumeId,
                name: token,
                description: nameOf(options.tags),
                // Also while it hangs on a gateway.
                force: true,
                metadata: tagsOf(options),
              },
            },
          });
          return snapshot.id;
        },
      );
      await untilSeen(account, () => findEvsSnapshot(id));
      return { id };
    },

    async findSnapshot(id) {
      const found = await findEvsSnapshot(id);
      if (found === undefined) return undefined;
      const state = snapshotStates[found.status] ?? "ready";
      const problem = state === "failed" ? found.status : undefined;
      const facts = { id, volumeId: found.volume_id, state };
      return problem === undefined ? facts : { ...facts, problem };
    },

    async deleteSnapshot(id) {
      const found = await findEvsSnapshot(id);
      if (found === undefined || found.status === "deleting") return;
      await unlessAbsent(client.call("DeleteSnapshot", { path: { snapshot_id: id } }));
    },
  };
}

/** Of a console, and of one owner where that is asked for. */
export async function listOwnedSnapshots(
  account: Account,
  owner: string | undefined,
): Promise<EvsSnapshot[]> {
  const all = await listSnapshots(account, {});
  return all.filter(
    ({ metadata, status }) =>
      status !== "deleting" &&
      metadata?.[consoleTag] === tagValue(account.consoleId) &&
      (owner === undefined || metadata[ownerTag] === tagValue(owner)),
  );
}

function shown(volume: EvsVolume): Volume {
  const { id, status, size, attachments, metadata, wwn } = volume;
  const server = attachments[0]?.server_id;
  const state = volumeStates[status] ?? "ready";
  const hangs = server !== undefined && status === "in-use";
  const scsi = metadata?.["hw:passthrough"] === "true";
  return {
    id,
    sizeBytes: size * GiB,
    state,
    ...(server === undefined ? {} : { attachedTo: server }),
    // virtio-blk shows the first 20 characters of the id as the serial; SCSI disks show their WWN.
    // Source: huaweicloud-csi-driver, pkg/utils/mounts.
    ...(hangs
      ? {
          device:
            scsi && wwn != null
              ? { by: "wwn" as const, wwn }
              : { by: "serial" as const, serial: id.slice(0, 20) },
        }
      : {}),
    ...(state === "failed" ? { problem: status } : {}),
  };
}
