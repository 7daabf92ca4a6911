/** EBS. Source for states and refusals: EC2 API reference and EBS user guide, "Volume states". */

import type { Parameters } from "../parameters.ts";
import { listed, paged, tagSet } from "./listing.ts";
import { Refusal, tagsFor, type Xml } from "./query.ts";
import { type Account, type Attachment, get, type Snapshot, type Volume } from "./state.ts";

type Action = (account: Account, parameters: Parameters) => Promise<Xml> | Xml;

const GiB = 1024 ** 3;

/** GiB. Source: EC2 API reference, CreateVolume, Size. */
const sizes: Record<string, readonly [number, number]> = {
  gp2: [1, 16_384],
  gp3: [1, 65_536],
  io1: [4, 16_384],
  io2: [4, 65_536],
  standard: [1, 1_024],
};

export function stateOf(account: Account, volume: Volume): string {
  if (account.now() < volume.readyAt) return "creating";
  return volume.attachment === undefined ? "available" : "in-use";
}

const isAttached = (account: Account, { attachedAt }: Attachment) => account.now() >= attachedAt;

export function volumeXml(account: Account, volume: Volume): { [name: string]: Xml } {
  const { attachment } = volume;
  return {
    volumeId: volume.id,
    size: volume.sizeGiB,
    snapshotId: volume.snapshotId ?? "",
    availabilityZone: account.zone,
    status: stateOf(account, volume),
    createTime: "2026-11-23T00:00:00.000Z",
    volumeType: volume.type,
    encrypted: volume.encrypted,
    attachmentSet: attachment === undefined ? [] : [attachmentXml(account, volume.id, attachment)],
    tagSet: tagSet(volume.tags),
  };
}

function attachmentXml(account: Account, volumeId: string, attachment: Attachment) {
  return {
    volumeId,
    instanceId: attachment.instanceId,
    device: attachment.device,
    status: isAttached(account, attachment) ? "attached" : "attaching",
    deleteOnTermination: attachment.deleteOnTermination,
  };
}

/** Makes it, with its bytes unless it is a public AMI's root. */
export async function makeVolume(
  account: Account,
  wish: Omit<Volume, "id" | "madeAt" | "readyAt">,
): Promise<Volume> {
  if (account.volumes.size >= account.quotas.volumes) {
    throw new Refusal("VolumeLimitExceeded", "Maximum number of volumes exceeded");
  }
  const volume: Volume = {
    ...wish,
    ...account.newThing("vol", wish.tags),
    readyAt: account.now() + account.delays.createMs,
  };
  account.volumes.set(volume.id, volume);
  if (!volume.isPublicRoot) {
    await account.machines?.createVolume(volume.id, volume.sizeGiB * GiB, volume.snapshotId);
  }
  return volume;
}

export async function removeVolume(account: Account, volume: Volume): Promise<void> {
  account.volumes.delete(volume.id);
  if (!volume.isPublicRoot) await account.machines?.deleteVolume(volume.id);
}

/** Same token, same request: the first answer; same token, another request: refused. */
export function repeated(
  account: Account,
  action: string,
  parameters: Parameters,
): string | undefined {
  const token = parameters.find("ClientToken");
  const earlier = token === undefined ? undefined : account.tokens.get(`${action} ${token}`);
  if (earlier === undefined) return undefined;
  if (earlier.fingerprint !== parameters.fingerprint()) {
    throw new Refusal(
      "IdempotentParameterMismatch",
      "The client token was used before with other parameters",
    );
  }
  return earlier.id;
}

export function remember(
  account: Account,
  action: string,
  parameters: Parameters,
  id: string,
): void {
  const token = parameters.find("ClientToken");
  if (token === undefined) return;
  account.tokens.set(`${action} ${token}`, { fingerprint: parameters.fingerprint(), id });
}

/** Hangs it on, and takes it off: the state and, on a gateway, the bytes. */
export async function hang(
  account: Account,
  volume: Volume,
  attachment: Attachment,
): Promise<void> {
  volume.attachment = attachment;
  if (account.instances.get(attachment.instanceId)?.runs !== "gateway" || volume.isPublicRoot)
    return;
  // The NVMe serial on Nitro. Source: EC2 user guide, "Map non-root volumes to NVMe device names".
  const serial = volume.id.replace("-", "");
  await account.machines?.attach(volume.id, attachment.instanceId, serial);
}

export async function takeOff(account: Account, volume: Volume): Promise<void> {
  const { attachment } = volume;
  delete volume.attachment;
  if (attachment === undefined || volume.isPublicRoot) return;
  if (account.instances.get(attachment.instanceId)?.runs === "gateway") {
    await account.machines?.detach(volume.id);
  }
}

const createVolume: Action = async (account, parameters) => {
  const earlier = repeated(account, "CreateVolume", parameters);
  if (earlier !== undefined) return volumeXml(account, get(account.volumes, "volume", earlier));
  if (parameters.get("AvailabilityZone") !== account.zone) {
    throw new Refusal("InvalidZone.NotFound", "The zone does not exist");
  }
  const snapshotId = parameters.find("SnapshotId");
  const snapshot =
    snapshotId === undefined ? undefined : get(account.snapshots, "snapshot", snapshotId);
  if (snapshot !== undefined && account.now() < snapshot.readyAt) {
    throw new Refusal("IncorrectState", `Snapshot is in invalid state - pending`);
  }
  const sizeGiB = parameters.number("Size") ?? snapshot?.sizeGiB;
  if (sizeGiB === undefined) {
    throw new Refusal("MissingParameter", "The request must contain Size or SnapshotId");
  }
  const type = parameters.find("VolumeType") ?? "gp2";
  const range = sizes[type];
  if (range === undefined) throw new Refusal("InvalidParameterValue", `Invalid type ${type}`);
  if (sizeGiB < range[0] || sizeGiB > range[1] || sizeGiB < (snapshot?.sizeGiB ?? 0)) {
    throw new Refusal(
      "InvalidParameterValue",
      `Volume of ${sizeGiB}GiB is out of range for ${type}`,
    );
  }
  if (parameters.find("Throughput") !== undefined && type !== "gp3") {
    throw new Refusal("InvalidParameterCombination", "Throughput is for gp3 volumes only");
  }
  if (snapshot?.encrypted && parameters.flag("Encrypted") === false) {
    throw new Refusal("InvalidParameterValue", "A clone of an encrypted snapshot is encrypted");
  }
  const volume = await makeVolume(account, {
    sizeGiB,
    type,
    encrypted: parameters.flag("Encrypted") ?? snapshot?.encrypted ?? false,
    isPublicRoot: false,
    tags: tagsFor(parameters, "volume"),
    ...(snapshotId === undefined ? {} : { snapshotId }),
  });
  remember(account, "CreateVolume", parameters, volume.id);
  return volumeXml(account, volume);
};

const describeVolumes: Action = (account, parameters) => {
  const ids = parameters.list("VolumeId");
  const found = listed(account, account.volumes, ids, "InvalidVolume.NotFound", parameters, {
    "volume-id": ({ id }) => id,
    status: (volume) => stateOf(account, volume),
    "attachment.instance-id": ({ attachment }) => attachment?.instanceId,
  });
  const { items, nextToken } = paged(found, parameters, ids);
  return { volumeSet: items.map((volume) => volumeXml(account, volume)), nextToken };
};

const attachVolume: Action = async (account, parameters) => {
  const volume = get(account.volumes, "volume", parameters.get("VolumeId"));
  const instance = get(account.instances, "instance", parameters.get("InstanceId"));
  const device = parameters.get("Device");
  if (volume.attachment !== undefined) {
    throw new Refusal("VolumeInUse", `${volume.id} is already attached to an instance`);
  }
  if (stateOf(account, volume) !== "available") {
    throw new Refusal("IncorrectState", `${volume.id} is not 'available'.`);
  }
  // All volumes are made in the account's zone. Source: EC2 API reference, "Error codes".
  if (instance.zone !== account.zone) {
    const problem = `The volume '${volume.id}' is not in the same availability zone as instance '${instance.id}'`;
    throw new Refusal("InvalidVolume.ZoneMismatch", problem);
  }
  if (instance.state !== "running" && instance.state !== "stopped") {
    throw new Refusal("IncorrectState", `Instance '${instance.id}' is not 'running'.`);
  }
  if (!/^\/dev\/(sd[a-z]\d{0,2}|xvd[a-z]|xvd[b-c][a-z])$/.test(device)) {
    throw new Refusal("InvalidParameterValue", `Value (${device}) for parameter device is invalid`);
  }
  const others = [...account.volumes.values()].filter(
    ({ attachment }) => attachment?.instanceId === instance.id,
  );
  const bare = (name: string) => name.replace(/^\/dev\/(sd|xvd)/, "");
  if (others.some(({ attachment }) => bare(attachment?.device ?? "") === bare(device))) {
    throw new Refusal(
      "InvalidParameterValue",
      `Invalid value '${device}' for unixDevice. Attachment point ${device} is already in use`,
    );
  }
  // Shared limit of T3: 28 with the interface. Source: EBS user guide, "Amazon EBS volume limits".
  if (others.length + 1 >= 28) {
    throw new Refusal("AttachmentLimitExceeded", "Volume attachment limit exceeded");
  }
  if (instance.runs === "server" && instance.state === "running") {
    throw new Error("this fake's guests see their volumes only when they start");
  }
  const attachment = {
    instanceId: instance.id,
    device,
    deleteOnTermination: false,
    attachedAt: account.now() + account.delays.attachMs,
  };
  await hang(account, volume, attachment);
  return attachmentXml(account, volume.id, attachment);
};

const detachVolume: Action = async (account, parameters) => {
  const volume = get(account.volumes, "volume", parameters.get("VolumeId"));
  const { attachment } = volume;
  if (attachment === undefined) {
    throw new Refusal("IncorrectState", `Volume '${volume.id}' is in the 'available' state.`);
  }
  const instance = account.instances.get(attachment.instanceId);
  if (instance?.state === "running" && instance.rootDevice === attachment.device) {
    throw new Refusal(
      "OperationNotPermitted",
      `Unable to detach root volume '${volume.id}' from instance '${instance.id}'`,
    );
  }
  const before = attachmentXml(account, volume.id, attachment);
  await takeOff(account, volume);
  return { ...before, status: "detaching" };
};

const deleteVolume: Action = async (account, parameters) => {
  const volume = get(account.volumes, "volume", parameters.get("VolumeId"));
  if (volume.attachment !== undefined) {
    throw new Refusal("VolumeInUse", `Volume ${volume.id} is currently attached`);
  }
  await removeVolume(account, volume);
  return { return: true };
};

function snapshotXml(account: Account, snapshot: Snapshot): { [name: string]: Xml } {
  const ready = account.now() >= snapshot.readyAt;
  return {
    snapshotId: snapshot.id,
    volumeId: snapshot.volumeId,
    status: ready ? "completed" : "pending",
    progress: ready ? "100%" : "42%",
    startTime: "2026-11-23T00:00:00.000Z",
    ownerId: account.accountId,
    volumeSize: snapshot.sizeGiB,
    encrypted: snapshot.encrypted,
    description: snapshot.description,
    tagSet: tagSet(snapshot.tags),
  };
}

const createSnapshot: Action = async (account, parameters) => {
  const volume = get(account.volumes, "volume", parameters.get("VolumeId"));
  const snapshot: Snapshot = {
    ...account.newThing("snap", tagsFor(parameters, "snapshot")),
    volumeId: volume.id,
    sizeGiB: volume.sizeGiB,
    encrypted: volume.encrypted,
    description: parameters.get("Description"),
    readyAt: account.now() + account.delays.snapshotMs,
  };
  account.snapshots.set(snapshot.id, snapshot);
  await account.machines?.createSnapshot(snapshot.id, volume.id);
  return snapshotXml(account, snapshot);
};

const describeSnapshots: Action = (account, parameters) => {
  const ids = parameters.list("SnapshotId");
  const owners = parameters.list("Owner");
  if (owners.some((owner) => owner !== "self")) return { snapshotSet: [] };
  const found = listed(account, account.snapshots, ids, "InvalidSnapshot.NotFound", parameters, {
    "volume-id": ({ volumeId }) => volumeId,
  });
  const { items, nextToken } = paged(found, parameters, ids);
  return { snapshotSet: items.map((snapshot) => snapshotXml(account, snapshot)), nextToken };
};

const deleteSnapshot: Action = async (account, parameters) => {
  const snapshot = get(account.snapshots, "snapshot", parameters.get("SnapshotId"));
  const image = [...account.images.values()].find(({ snapshotId }) => snapshotId === snapshot.id);
  if (image !== undefined) {
    throw new Refusal("InvalidSnapshot.InUse", `${snapshot.id} is currently in use by ${image.id}`);
  }
  account.snapshots.delete(snapshot.id);
  await account.machines?.deleteSnapshot(snapshot.id);
  return { return: true };
};

export const volumeActions: Record<string, Action> = {
  CreateVolume: createVolume,
  DescribeVolumes: describeVolumes,
  AttachVolume: attachVolume,
  DetachVolume: detachVolume,
  DeleteVolume: deleteVolume,
  CreateSnapshot: createSnapshot,
  DescribeSnapshots: describeSnapshots,
  DeleteSnapshot: deleteSnapshot,
};
