/** EBS disks as volumes. */
import { MigrationError } from "#domain/errors.ts";
import type { Provider, ResourceState, Volume } from "../provider.ts";
import { type Account, listPages, notYet, unlessAbsent } from "./account.ts";
import { diskGiB, zoneIfSeveral } from "./config.ts";
import { orderInProgress } from "./errors.ts";
import { getEcsInstance } from "./instances.ts";
import {
  consolePart,
  isMadeBy,
  isOwned,
  markedName,
  nameOf,
  parseName,
  tokenPart,
} from "./names.ts";
import { buy, onceToken } from "./orders.ts";
import { openSnapshots } from "./snapshots.ts";

export const GiB = 1024 ** 3;

/** Source: info-ebs. */
export interface EbsDisk {
  readonly diskID: string;
  readonly diskName: string;
  readonly diskSize: number;
  readonly diskStatus: string;
  readonly isSystemVolume?: boolean | null;
  readonly instanceID?: string | null;
  readonly attachments?:
    | readonly { readonly instanceID?: string; readonly device?: string }[]
    | null;
}

/**
 * Source: www.ctyun.cn/document/10027696/10168629 (states of disks). What is missing can be used: a free disk is
 * `detached` in some models and `unattached` in others.
 */
const states: Record<string, ResourceState> = {
  creating: "pending",
  restoring: "pending",
  backupRestoring: "pending",
  deleting: "deleting",
  expired: "failed",
  freezing: "failed",
  error: "failed",
};

export async function findEbsDisk({ client }: Account, id: string): Promise<EbsDisk | undefined> {
  return unlessAbsent(client.call<EbsDisk>("QueryEbsByID", { diskID: id }));
}

/** Data disks with a text in the name. Source: list-ebs, queryContent. */
async function listByText(account: Account, text: string): Promise<EbsDisk[]> {
  const found = await listPages<EbsDisk>(
    account,
    "QueryEbsList",
    { queryContent: text },
    ({ diskList }) => diskList,
  );
  return found.filter(({ isSystemVolume }) => isSystemVolume !== true);
}

const isDeleting = ({ diskStatus }: EbsDisk) => diskStatus === "deleting";

export async function listOwnedVolumes(
  account: Account,
  owner: string | undefined,
): Promise<{ id: string; name: string }[]> {
  const found = await listByText(account, consolePart(account.consoleId));
  return found
    .filter((disk) => !isDeleting(disk) && isOwned(disk.diskName, account.consoleId, owner))
    .map(({ diskID, diskName }) => ({ id: diskID, name: parseName(diskName)?.name ?? diskName }));
}

/**
 * Those a server was launched with; also while the launch is under way.
 * @param launch as `tokenPart` gives it
 */
export async function listLaunchVolumes(account: Account, launch: string): Promise<EbsDisk[]> {
  const found = await listByText(account, launch);
  return found.filter((disk) => {
    const ours = !isDeleting(disk) && isOwned(disk.diskName, account.consoleId);
    return ours && parseName(disk.diskName)?.launch === launch;
  });
}

/** Says in its name that it ends with a launch's server, or is to end now. May be repeated. */
export async function mark(
  { client }: Account,
  { diskID, diskName }: EbsDisk,
  as: "L" | "D",
  launch: string,
): Promise<void> {
  const name = markedName(diskName, as, launch);
  if (name === diskName) return;
  await client.call("UpdateEbsName", { diskID, diskName: name });
}

export const serverOf = ({ attachments, instanceID }: EbsDisk): string | undefined =>
  attachments?.[0]?.instanceID || instanceID || undefined;

/** Neither hanging nor on its way: it can be deleted. */
const isFree = (disk: EbsDisk): boolean =>
  serverOf(disk) === undefined &&
  !/^(creating|attaching|detaching|deleting)$/.test(disk.diskStatus);

/** Ends it, now or once somebody looks for it and it is off. @returns whether it ended */
export async function refundIfFree(account: Account, disk: EbsDisk): Promise<boolean> {
  if (!isFree(disk)) return false;
  await refund(account, disk.diskID);
  return true;
}

/** May be repeated. A disk with snapshots leaves them behind; they are deleted on their own. */
async function refund({ client }: Account, diskID: string): Promise<void> {
  try {
    await unlessAbsent(client.call("RefundEbs", { clientToken: onceToken(), diskID }));
  } catch (error) {
    if (orderInProgress(error) === undefined) throw error;
  }
}

export async function getEbsDisk(account: Account, id: string): Promise<EbsDisk> {
  const disk = await findEbsDisk(account, id);
  if (disk !== undefined) return disk;
  throw new MigrationError("cloud.not-found", { platform: "ctyun", what: "volume", id });
}

function wrongState(id: string, state: string): MigrationError {
  const facts = { platform: "ctyun", what: "volume", id, state };
  return new MigrationError("cloud.wrong-state", facts);
}

/**
 * Hangs a volume on a server. May be repeated.
 * @param atMost volumes beside the system disk
 */
export async function attach(
  account: Account,
  volumeId: string,
  instanceId: string,
  atMost: number,
): Promise<void> {
  const disk = await getEbsDisk(account, volumeId);
  const server = serverOf(disk);
  if (server === instanceId) return;
  if (server !== undefined) throw wrongState(volumeId, `attached to ${server}`);
  await getEcsInstance(account, instanceId);
  // The text is looked for in the ids of servers too.
  const others = await listByText(account, instanceId);
  if (others.filter((other) => serverOf(other) === instanceId).length >= atMost) {
    const what = `volumes on one server (${atMost})`;
    throw new MigrationError("cloud.quota-exceeded", { platform: "ctyun", what });
  }
  try {
    await account.client.call("AttachEbs", { diskID: volumeId, instanceID: instanceId });
  } catch (error) {
    const after = await findEbsDisk(account, volumeId);
    // An order whose answer was lost is still being carried out.
    if (after?.diskStatus !== "attaching" && !(after && serverOf(after) === instanceId)) {
      throw error;
    }
  }
}

type VolumeOrder = Parameters<Provider["volumes"]["createVolume"]>[0];

export function openVolumes(account: Account): Provider["volumes"] {
  const { client, config, consoleId } = account;
  const { maxVolumes, spareVolumes, device } = config.gateway;

  async function findByToken(token: string): Promise<string | undefined> {
    const found = await listByText(account, tokenPart(token));
    const disk = found.find(({ diskName }) => isMadeBy(diskName, consoleId, token));
    if (disk === undefined || !isDeleting(disk)) return disk?.diskID;
    throw notYet(`volume ${disk.diskID} is still being deleted, and its name is taken`);
  }

  async function createVolume(options: VolumeOrder): Promise<{ id: string }> {
    const { token, sizeBytes, fromSnapshotId } = options;
    const earlier = await findByToken(token);
    if (earlier !== undefined) return { id: earlier };
    const [least] = diskGiB.data;
    const wanted = {
      diskName: nameOf(options),
      diskMode: "VBD",
      diskSize: Math.max(least, Math.ceil(sizeBytes / GiB)),
      onDemand: true,
      projectID: config.projectId,
    };
    // A clone is in its snapshot's zone, and of its type.
    const [operation, origin] =
      fromSnapshotId === undefined
        ? (["NewEbs", { diskType: config.volume.type, azName: zoneIfSeveral(config) }] as const)
        : (["NewFromSnapshot", { snapshotID: fromSnapshotId }] as const);
    const id = await buy(account, {
      options,
      what: "a volume",
      operation,
      parameters: {
        ...wanted,
        ...origin,
        // Snapshots are recovery points: they go when they are no longer wanted, not with their disk.
        ...(fromSnapshotId === undefined ? { deleteSnapWithEbs: false } : {}),
      },
      idIn: ({ resources }) => Object(Object(resources)[0]).diskID,
      find: (made) => findEbsDisk(account, made),
    });
    return { id };
  }

  return {
    createVolume,

    async findVolume(id) {
      const disk = await findEbsDisk(account, id);
      if (disk === undefined) return undefined;
      const found = shown(disk, device === "serial");
      // What `deleteInstance` could not delete while it hung there.
      const doomed = parseName(disk.diskName)?.doomed === true;
      return doomed && (await refundIfFree(account, disk))
        ? { ...found, state: "deleting" }
        : found;
    },

    attachVolume: (volumeId, instanceId) =>
      attach(account, volumeId, instanceId, maxVolumes + spareVolumes),

    async detachVolume(id) {
      const disk = await findEbsDisk(account, id);
      if (disk === undefined || serverOf(disk) === undefined) return;
      if (disk.diskStatus === "detaching") return;
      try {
        await unlessAbsent(client.call("DetachEbs", { diskID: id }));
      } catch (error) {
        const after = await findEbsDisk(account, id);
        const off = after === undefined || serverOf(after) === undefined;
        if (!off && after.diskStatus !== "detaching") throw error;
      }
    },

    async deleteVolume(id) {
      const disk = await findEbsDisk(account, id);
      if (disk === undefined || isDeleting(disk)) return;
      const server = serverOf(disk);
      if (server !== undefined) throw wrongState(id, `attached to ${server}`);
      await refund(account, id);
    },

    ...openSnapshots(account),
  };
}

/** virtio-blk shows 20 characters of a serial; on OpenStack that is the volume's id (unverified here). */
const serialLetters = 20;

function shown(disk: EbsDisk, hasSerial: boolean): Volume {
  const { diskID, diskStatus, diskSize } = disk;
  const server = serverOf(disk);
  const state = states[diskStatus] ?? "ready";
  const hangs = server !== undefined && diskStatus === "attached";
  return {
    id: diskID,
    sizeBytes: diskSize * GiB,
    state,
    ...(server === undefined ? {} : { attachedTo: server }),
    ...(hangs && hasSerial
      ? { device: { by: "serial" as const, serial: diskID.slice(0, serialLetters) } }
      : {}),
    ...(state === "failed" ? { problem: diskStatus } : {}),
  };
}
