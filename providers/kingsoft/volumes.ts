/** EBS volumes and their snapshots. */
import { MigrationError } from "#domain/errors.ts";
import type { Parameters } from "../numbered-parameters.ts";
import type { Provider, ResourceState, Volume } from "../provider.ts";
import { type Account, makeOnce, unlessAbsent } from "./account.ts";
import { GiB } from "./instance-types.ts";
import { findKecInstance, type KecInstance, roleOf } from "./instances.ts";
import { listByMarker, listByNumber } from "./paging.ts";
import { isMadeBy, isOwned, nameOf, tagsOf, tokenMark } from "./tags.ts";

/** Source: EBS API, DescribeVolumes (docs.ksyun.com/documents/5456). */
export interface EbsVolume {
  readonly VolumeId: string;
  readonly VolumeName?: string;
  readonly VolumeDesc?: string;
  readonly Size: number | string;
  readonly VolumeStatus: string;
  readonly VolumeType?: string;
  readonly InstanceId?: string;
  readonly Attachment?: readonly {
    readonly InstanceId: string;
    readonly DeleteWithInstance?: boolean;
  }[];
}

interface EbsSnapshot {
  readonly SnapshotId: string;
  readonly SnapshotName?: string;
  readonly VolumeId: string;
  readonly SnapshotStatus: string;
}

/** The reference writes `inuse`, the platform `in-use`. Sources: EBS API, DescribeVolumes; csi-plugin, INUSE_STATUS. */
const volumeStates: Record<string, ResourceState> = {
  creating: "pending",
  available: "ready",
  attaching: "ready",
  "in-use": "ready",
  inuse: "ready",
  detaching: "ready",
  extending: "ready",
  type_changing: "ready",
  deleting: "deleting",
  // In the bin, from which it is deleted for good.
  recycling: "deleting",
  error: "failed",
};

/** Sources: terraform-provider-ksyun, service_ksyun_snapshot.go; csi-plugin. */
const snapshotStates: Record<string, ResourceState> = {
  available: "ready",
  deleting: "deleting",
  error: "failed",
};

/** All data volumes there are, or those asked for. */
async function listEbsVolumes(account: Account, filter: Parameters = {}): Promise<EbsVolume[]> {
  return listByMarker<{ Volumes?: EbsVolume[] }, EbsVolume>(
    account,
    "ebs",
    "DescribeVolumes",
    { VolumeCategory: "data", ...filter },
    (answer) => answer.Volumes,
  );
}

export async function findEbsVolume(account: Account, id: string): Promise<EbsVolume | undefined> {
  const found = await listEbsVolumes(account, { VolumeId: [id] });
  return found.find(({ VolumeId }) => VolumeId === id);
}

export async function listOwnedVolumes(
  account: Account,
  owner: string | undefined,
): Promise<EbsVolume[]> {
  const all = await listEbsVolumes(account);
  return all.filter(({ VolumeName }) => isOwned(VolumeName, account.consoleId, owner));
}

async function listSnapshots(account: Account, filter: Parameters = {}): Promise<EbsSnapshot[]> {
  return listByNumber<{ Page?: { hasNext?: boolean }; Snapshots?: EbsSnapshot[] }, EbsSnapshot>(
    account,
    "ebs",
    "DescribeSnapshots",
    filter,
    (answer) => answer.Snapshots,
  );
}

async function findEbsSnapshot(account: Account, id: string): Promise<EbsSnapshot | undefined> {
  const found = await listSnapshots(account, { SnapshotId: id });
  return found.find(({ SnapshotId }) => SnapshotId === id);
}

export async function listOwnedSnapshots(
  account: Account,
  owner: string | undefined,
): Promise<EbsSnapshot[]> {
  const all = await listSnapshots(account);
  return all.filter(({ SnapshotName }) => isOwned(SnapshotName, account.consoleId, owner));
}

/** Where it hangs, or is about to; nowhere while it comes off. */
export function hangsOn(volume: EbsVolume): string | undefined {
  const isOff = ["available", "creating", "error", "recycling", "deleting"];
  if (isOff.includes(volume.VolumeStatus)) return undefined;
  return volume.Attachment?.[0]?.InstanceId || volume.InstanceId || undefined;
}

const endsWithInstance = ({ Attachment }: EbsVolume) =>
  Attachment?.[0]?.DeleteWithInstance === true;

export async function getVolume(account: Account, id: string): Promise<EbsVolume> {
  const volume = await findEbsVolume(account, id);
  if (volume !== undefined) return volume;
  throw new MigrationError("cloud.not-found", { platform: "kingsoft", what: "volume", id });
}

/** May be repeated. */
async function attach(account: Account, volumeId: string, instanceId: string): Promise<void> {
  const volume = await getVolume(account, volumeId);
  if (hangsOn(volume) === instanceId && volume.VolumeStatus !== "detaching") return;
  const instance = await findKecInstance(account, instanceId);
  if (instance === undefined) {
    const facts = { platform: "kingsoft", what: "instance", id: instanceId };
    throw new MigrationError("cloud.not-found", facts);
  }
  if (roleOf(instance) !== "server") await refuseOneMore(account, instanceId);
  await hang(account, volume, instance);
}

/** Its life ends with the instance's if that is a launched server. @param volume as it was just seen */
export async function hang(
  account: Account,
  volume: EbsVolume,
  instance: KecInstance,
): Promise<void> {
  const { VolumeId } = volume;
  const { InstanceId } = instance;
  const at = hangsOn(volume);
  if (at !== undefined) throw wrongState(VolumeId, `attached to ${at}`);
  try {
    await account.client.call("ebs", "AttachVolume", {
      ...{ VolumeId, InstanceId },
      DeleteWithInstance: roleOf(instance) === "server",
    });
  } catch (error) {
    // By a call whose answer was lost.
    const now = await findEbsVolume(account, VolumeId);
    if (now === undefined || hangsOn(now) !== InstanceId) throw error;
  }
}

async function refuseOneMore(account: Account, instanceId: string): Promise<void> {
  const { gatewayVolumes } = await account.choice();
  const answer = await account.client.call<{ Attachments?: unknown[] }>(
    "ebs",
    "DescribeInstanceVolumes",
    { InstanceId: instanceId },
  );
  const { maxVolumes = gatewayVolumes, spareVolumes } = account.config.gateway;
  const most = Math.min(maxVolumes + spareVolumes, gatewayVolumes);
  if ((answer.Attachments?.length ?? 0) < most) return;
  const what = `volumes on one gateway (${most})`;
  throw new MigrationError("cloud.quota-exceeded", { platform: "kingsoft", what });
}

/** May be repeated. */
async function detach(account: Account, id: string): Promise<void> {
  const volume = await findEbsVolume(account, id);
  const at = volume && hangsOn(volume);
  if (at === undefined || volume?.VolumeStatus === "detaching") return;
  try {
    const order = { VolumeId: id, InstanceId: at };
    await account.client.call("ebs", "DetachVolume", order);
  } catch (error) {
    const now = await findEbsVolume(account, id);
    const isOff =
      now === undefined || hangsOn(now) === undefined || now.VolumeStatus === "detaching";
    if (!isOff) throw error;
  }
}

/** By force: else it would lie in the bin for days, and be paid. Source: EBS API, DeleteVolume. */
async function deleteVolume(account: Account, id: string): Promise<void> {
  const volume = await findEbsVolume(account, id);
  if (volume === undefined || volume.VolumeStatus === "deleting") return;
  const at = hangsOn(volume);
  if (at !== undefined) throw wrongState(id, `attached to ${at}`);
  const order = { VolumeId: id, ForceDelete: true };
  await unlessAbsent(account.client.call("ebs", "DeleteVolume", order));
}

/** Written into what a volume is described by: whoever deletes the server finds what belongs to it. */
const launchedBy = (token: string) => `hypermotion launch ${token}`;

/** Before the server is. May be repeated. */
export async function bindToLaunch(
  account: Account,
  volumeId: string,
  token: string,
): Promise<void> {
  const order = { VolumeId: volumeId, VolumeDesc: launchedBy(tokenMark(token)) };
  await account.client.call("ebs", "ModifyVolume", order);
}

/**
 * Volumes that were to end with a launched server: hanging ones are bound to it, free ones go now.
 * @throws `cloud.transient` while one is on its way on or off
 */
export async function endWithLaunch(
  account: Account,
  instanceId: string,
  launchMark: string,
): Promise<void> {
  for (const volume of await listEbsVolumes(account)) {
    if (volume.VolumeDesc !== launchedBy(launchMark)) continue;
    const { VolumeId, VolumeStatus } = volume;
    if (VolumeStatus === "detaching") {
      const problem = `volume ${VolumeId} is coming off its server`;
      throw new MigrationError("cloud.transient", { platform: "kingsoft", problem });
    }
    if (hangsOn(volume) === undefined) {
      await deleteVolume(account, VolumeId);
    } else if (hangsOn(volume) === instanceId && !endsWithInstance(volume)) {
      const order = { VolumeId, DeleteWithInstance: true };
      await account.client.call("ebs", "ModifyVolume", order);
    }
  }
}

function wrongState(id: string, state: string): MigrationError {
  const facts = { platform: "kingsoft", what: "volume", id, state };
  return new MigrationError("cloud.wrong-state", facts);
}

export function openVolumes(account: Account): Provider["volumes"] {
  const { client, config, consoleId } = account;

  return {
    async createVolume(options) {
      const { token, sizeBytes, fromSnapshotId } = options;
      const { zone } = await account.place();
      const { volumeType, volumeGiB } = await account.choice();
      if (fromSnapshotId !== undefined) await getSnapshot(account, fromSnapshotId);
      const id = await makeOnce(account, "volume", token, {
        find: async () =>
          (await listEbsVolumes(account)).find(
            ({ VolumeName, VolumeStatus }) =>
              isMadeBy(VolumeName, consoleId, token) && volumeStates[VolumeStatus] !== "deleting",
          )?.VolumeId,
        async make() {
          const made = await client.call<{ VolumeId: string }>("ebs", "CreateVolume", {
            VolumeName: nameOf(options),
            VolumeDesc: "HyperMotion",
            VolumeType: volumeType,
            Size: Math.max(volumeGiB.least, Math.ceil(sizeBytes / GiB)),
            AvailabilityZone: zone,
            ChargeType: config.billing,
            ProjectId: config.projectId,
            SnapshotId: fromSnapshotId,
            Tag: tagsOf(options),
          });
          return made.VolumeId;
        },
      });
      return { id };
    },

    async findVolume(id) {
      const volume = await findEbsVolume(account, id);
      return volume && shown(volume);
    },

    attachVolume: (volumeId, instanceId) => attach(account, volumeId, instanceId),
    detachVolume: (id) => detach(account, id),
    deleteVolume: (id) => deleteVolume(account, id),

    async createSnapshot(options) {
      const { token, volumeId } = options;
      const id = await makeOnce(account, "snapshot", token, {
        find: async () =>
          (await listSnapshots(account, { VolumeId: volumeId })).find(
            ({ SnapshotName, SnapshotStatus }) =>
              isMadeBy(SnapshotName, consoleId, token) && SnapshotStatus !== "deleting",
          )?.SnapshotId,
        async make() {
          const made = await client.call<{ SnapshotId: string }>("ebs", "CreateSnapshot", {
            VolumeId: volumeId,
            SnapshotName: nameOf(options),
            SnapshotDesc: "HyperMotion",
            SnapshotType: "CommonSnapShot",
          });
          return made.SnapshotId;
        },
      });
      return { id };
    },

    async findSnapshot(id) {
      const found = await findEbsSnapshot(account, id);
      if (found === undefined) return undefined;
      const { VolumeId: volumeId, SnapshotStatus } = found;
      const state = snapshotStates[SnapshotStatus] ?? "pending";
      const problem = `Kingsoft Cloud shows it as ${SnapshotStatus}`;
      return { id, volumeId, state, ...(state === "failed" ? { problem } : {}) };
    },

    async deleteSnapshot(id) {
      const found = await findEbsSnapshot(account, id);
      if (found === undefined || found.SnapshotStatus === "deleting") return;
      await unlessAbsent(client.call("ebs", "DeleteSnapshot", { SnapshotId: id }));
    },
  };
}

async function getSnapshot(account: Account, id: string): Promise<EbsSnapshot> {
  const found = await findEbsSnapshot(account, id);
  if (found !== undefined) return found;
  throw new MigrationError("cloud.not-found", { platform: "kingsoft", what: "snapshot", id });
}

/**
 * What virtio shows of a disk's id: the first 20 characters, which on ESSD volumes begin with `volume-`.
 * Source: csi-plugin, nodeserver.go, diskPrefix, EssdPrefix; MountPoint is not to be trusted, says the same.
 */
export function serialOf(id: string, volumeType = ""): string {
  return `${volumeType.startsWith("ESSD") ? "volume-" : ""}${id}`.slice(0, 20);
}

function shown(volume: EbsVolume): Volume {
  const { VolumeId: id, Size, VolumeStatus, VolumeType } = volume;
  const attachedTo = hangsOn(volume);
  const isOn = VolumeStatus === "in-use" || VolumeStatus === "inuse";
  const state = volumeStates[VolumeStatus] ?? "pending";
  const serial = serialOf(id, VolumeType);
  return {
    id,
    sizeBytes: Number(Size) * GiB,
    state,
    ...(attachedTo === undefined ? {} : { attachedTo }),
    ...(isOn ? { device: { by: "serial" as const, serial } } : {}),
    ...(state === "failed" ? { problem: `Kingsoft Cloud shows it as ${VolumeStatus}` } : {}),
  };
}
