/** Volumes and snapshots. Source for states, sizes and refusals: QingCloud API, each action's page. */
import { truncate } from "node:fs/promises";
import type { Parameters } from "../parameters.ts";
import { listed, paged } from "./listing.ts";
import { type Answer, Refusal } from "./request.ts";
import {
  type Account,
  get,
  type Instance,
  isGone,
  refuseBusy,
  type Snapshot,
  type Volume,
} from "./state.ts";

type Action = (account: Account, parameters: Parameters) => Promise<Answer> | Answer;

const GiB = 1024 ** 3;

/** Source: CreateVolumes, `size` and `volume_type`; NeonSAN by HDD and RDMA from yunify/qingcloud-csi. */
const sizes: Readonly<Record<number, readonly [number, number]>> = {
  ...{ 0: [20, 1000], 2: [20, 5000], 3: [20, 1000], 5: [20, 5000], 6: [20, 32_000] },
  ...{ 7: [450, 32_000], 100: [20, 2000], 200: [20, 2000] },
};

/** Source: CreateVolumes, who "can be attached by" whom; yunify/qingcloud-csi, VolumeTypeAttachConstraint. */
const hosts: Readonly<Record<number, readonly number[]>> = {
  0: [0, 101],
  3: [1, 201, 202, 301],
  100: [0, 101],
  200: [1, 201, 202, 203, 301],
};

export function refuseHost(volume: Volume, hostClass: number): void {
  if (hosts[volume.type]?.includes(hostClass) ?? true) return;
  throw new Refusal(
    1400,
    `PermissionDenied, volume [${volume.id}] can not be attached to instance of class [${hostClass}]`,
  );
}

export const volumesOf = (account: Account, instanceId: string): Volume[] =>
  [...account.volumes.values()]
    .filter((volume) => volume.instanceId === instanceId)
    .sort((a, b) => a.attachedAt - b.attachedAt);

/** A gateway sees it at once by its serial. */
export async function hangOn(account: Account, volume: Volume, instance: Instance): Promise<void> {
  volume.instanceId = instance.id;
  volume.attachedAt = account.now();
  account.change(volume, "attaching", "in-use", account.delays.attachMs);
  if (instance.runs === "gateway") {
    await account.machines?.attach(volume.id, instance.id, volume.id);
  }
}

/** A system of the source's runs there: of an image, or as HyperDoor has copied it. */
const isGuest = (account: Account, { id, runs }: Instance): boolean =>
  runs === "server" || (runs === "hyperdoor" && !(account.doors?.isOpen(id) ?? true));

async function comeOff(account: Account, volume: Volume): Promise<void> {
  const instance = account.instances.get(volume.instanceId ?? "");
  if (instance?.runs === "gateway") await account.machines?.detach(volume.id);
  // Nothing of ours takes one from a guest that is to live on; this fake's do not survive it.
  if (instance !== undefined && isGuest(account, instance)) {
    await account.machines?.remove(instance.id);
  }
}

/** With its instance. */
export async function setFree(account: Account, volume: Volume): Promise<void> {
  await comeOff(account, volume);
  delete volume.instanceId;
  Object.assign(volume, { status: "available", transition: "" });
}

export async function letVolumesHappen(account: Account): Promise<void> {
  for (const thing of [...account.volumes.values(), ...account.snapshots.values()]) {
    if (thing.next === undefined || account.now() < thing.changesAt) continue;
    const was = thing.transition;
    Object.assign(thing, { status: thing.next, transition: "" });
    delete thing.next;
    if (was === "detaching" && "instanceId" in thing) delete thing.instanceId;
    if (thing.status === "deleted" && "attachedAt" in thing) {
      await account.machines?.deleteVolume(thing.id);
    }
    if (thing.status === "deleted") await dropBytes(account, thing.id);
  }
}

/** A snapshot's bytes stay as long as an image is made of them. */
export async function dropBytes(account: Account, snapshotId: string): Promise<void> {
  const snapshot = account.snapshots.get(snapshotId);
  if (snapshot === undefined || !isGone(snapshot) || snapshot.bytesGone) return;
  const images = [...account.images.values()].filter((image) => !isGone(image));
  if (images.some((image) => image.snapshotId === snapshotId)) return;
  snapshot.bytesGone = true;
  await account.machines?.deleteSnapshot(snapshotId);
}

async function makeVolume(
  account: Account,
  wish: Pick<Volume, "name" | "sizeGiB" | "type">,
  snapshotId?: string,
): Promise<Volume> {
  const there = [...account.volumes.values()].filter((volume) => !isGone(volume));
  if (there.length >= account.quotas.volumes) {
    throw new Refusal(2500, "QuotasExceeded, you don't have enough quota of resource [volume]");
  }
  const volume: Volume = {
    ...wish,
    ...account.newThing("vol", wish.name),
    ...{ description: null, attachedAt: 0 },
    ...{ status: "pending", transition: "creating", changesAt: 0 },
  };
  account.volumes.set(volume.id, volume);
  account.change(volume, "creating", "available", account.delays.createMs);
  await account.machines?.createVolume(volume.id, volume.sizeGiB * GiB, snapshotId);
  return volume;
}

const createVolumes: Action = async (account, parameters) => {
  const sizeGiB = parameters.number("size") ?? 0;
  const type = parameters.number("volume_type") ?? 0;
  const [least, most] = sizes[type] ?? [0, -1];
  if (sizeGiB < least || sizeGiB > most || sizeGiB % 10 !== 0) {
    throw new Refusal(1100, `InvalidRequestFormat, size [${sizeGiB}] of type [${type}] not valid`);
  }
  if ((parameters.number("count") ?? 1) !== 1) throw new Error("one at a time here");
  const name = parameters.get("volume_name");
  const { id } = await makeVolume(account, { name, sizeGiB, type });
  const job_id = account.newJob("CreateVolumes", [id], account.delays.createMs);
  if (account.fails(job_id)) fail(account.volumes.get(id));
  return { volumes: [id], job_id };
};

/** It never will be there. */
function fail(thing: Volume | Snapshot | undefined): void {
  if (thing === undefined) return;
  delete thing.next;
  thing.transition = "";
}

/** As large as its origin, and of its type. */
const createFromSnapshot: Action = async (account, parameters) => {
  const snapshot = get(account.snapshots, parameters.get("snapshot"));
  if (snapshot.status !== "available" || snapshot.transition !== "") {
    throw new Refusal(
      1400,
      `PermissionDenied, snapshot [${snapshot.id}] is not available, can not create volume from it`,
    );
  }
  const { sizeGiB, volumeType: type } = snapshot;
  const name = parameters.get("volume_name");
  const { id } = await makeVolume(account, { name, sizeGiB, type }, snapshot.id);
  const job_id = account.newJob("CreateVolumeFromSnapshot", [id], account.delays.createMs);
  return { volume_id: id, job_id };
};

const describeVolumes: Action = (account, parameters) => {
  const found = listed(account.volumes, parameters, "volumes");
  return paged("volume_set", found, parameters, (volume) => ({
    volume_id: volume.id,
    volume_name: volume.name,
    description: volume.description,
    size: volume.sizeGiB,
    volume_type: volume.type,
    status: volume.status,
    transition_status: volume.transition,
    sub_code: 0,
    create_time: volume.createdAt,
    instance:
      volume.instanceId === undefined
        ? { instance_id: "", instance_name: "", device: "" }
        : { instance_id: volume.instanceId, instance_name: "", device: "/dev/sdb" },
  }));
};

const attachVolumes: Action = async (account, parameters) => {
  const instance = get(account.instances, parameters.get("instance"));
  const volumes = parameters.list("volumes").map((id) => get(account.volumes, id));
  refuseBusy(instance);
  for (const volume of volumes) {
    refuseBusy(volume);
    if (volume.status !== "available") {
      throw new Refusal(1400, `PermissionDenied, volume [${volume.id}] is [${volume.status}]`);
    }
    refuseHost(volume, instance.hostClass);
  }
  if (isGuest(account, instance)) {
    throw new Error("this fake's guests see their volumes only when they start");
  }
  const job_id = account.newJob(
    "AttachVolumes",
    volumes.map(({ id }) => id),
    account.delays.attachMs,
  );
  if (account.fails(job_id)) return { job_id };
  for (const volume of volumes) await hangOn(account, volume, instance);
  return { job_id };
};

const detachVolumes: Action = async (account, parameters) => {
  const instance = get(account.instances, parameters.get("instance"));
  const volumes = parameters.list("volumes").map((id) => get(account.volumes, id));
  for (const volume of volumes) {
    refuseBusy(volume);
    if (volume.instanceId !== instance.id) {
      throw new Refusal(1400, `PermissionDenied, volume [${volume.id}] is not attached`);
    }
  }
  for (const volume of volumes) {
    await comeOff(account, volume);
    account.change(volume, "detaching", "available", account.delays.attachMs);
  }
  const ids = volumes.map(({ id }) => id);
  return { job_id: account.newJob("DetachVolumes", ids, account.delays.attachMs) };
};

const deleteVolumes: Action = (account, parameters) => {
  const volumes = parameters.list("volumes").map((id) => get(account.volumes, id));
  for (const volume of volumes) {
    account.refuseWithoutLease(volume);
    refuseBusy(volume);
    if (volume.status !== "available") {
      throw new Refusal(1400, `PermissionDenied, volume [${volume.id}] is [${volume.status}]`);
    }
  }
  for (const volume of volumes) {
    account.change(volume, "deleting", "deleted", account.delays.deleteMs);
  }
  const ids = volumes.map(({ id }) => id);
  return { job_id: account.newJob("DeleteVolumes", ids, account.delays.deleteMs) };
};

const resizeVolumes: Action = async (account, parameters) => {
  const volumes = parameters.list("volumes").map((id) => get(account.volumes, id));
  const sizeGiB = parameters.number("size") ?? 0;
  for (const volume of volumes) {
    refuseBusy(volume);
    if (volume.status !== "available" || sizeGiB <= volume.sizeGiB) {
      throw new Refusal(1400, `PermissionDenied, volume [${volume.id}] can not be resized`);
    }
  }
  for (const volume of volumes) {
    volume.sizeGiB = sizeGiB;
    const path = account.machines?.pathOf(volume.id);
    if (path !== undefined) await truncate(path, sizeGiB * GiB);
  }
  const ids = volumes.map(({ id }) => id);
  return { job_id: account.newJob("ResizeVolumes", ids, account.delays.createMs) };
};

const modifyVolume: Action = (account, parameters) => {
  const volume = get(account.volumes, parameters.get("volume"));
  volume.name = parameters.find("volume_name") ?? volume.name;
  volume.description = parameters.find("description") ?? volume.description;
  return {};
};

const createSnapshots: Action = async (account, parameters) => {
  const there = [...account.snapshots.values()].filter((snapshot) => !isGone(snapshot));
  if (there.length >= account.quotas.snapshots) {
    throw new Refusal(2500, "QuotasExceeded, you don't have enough quota of resource [snapshot]");
  }
  const made: string[] = [];
  for (const resourceId of parameters.list("resources")) {
    const volume = get(account.volumes, resourceId);
    refuseBusy(volume);
    const others = there.filter(({ volumeId }) => volumeId === volume.id);
    for (const other of others) refuseBusy(other);
    const thing = account.newThing("ss", parameters.get("snapshot_name"));
    // 0: as the system likes, which is behind the last one. Source: CreateSnapshots, `is_full`.
    const last = parameters.get("is_full") === "1" ? undefined : others.at(-1);
    const snapshot: Snapshot = {
      ...thing,
      ...{ volumeId: volume.id, volumeType: volume.type, sizeGiB: volume.sizeGiB },
      rootId: last?.rootId ?? thing.id,
      ...{ status: "pending", transition: "creating", changesAt: 0 },
      bytesGone: false,
    };
    account.snapshots.set(snapshot.id, snapshot);
    account.change(snapshot, "creating", "available", account.delays.snapshotMs);
    await account.machines?.createSnapshot(snapshot.id, volume.id);
    made.push(snapshot.id);
  }
  const job_id = account.newJob("CreateSnapshots", made, account.delays.snapshotMs);
  if (account.fails(job_id)) for (const id of made) fail(account.snapshots.get(id));
  return { snapshots: made, job_id };
};

const describeSnapshots: Action = (account, parameters) => {
  const found = listed(account.snapshots, parameters, "snapshots");
  return paged("snapshot_set", found, parameters, (snapshot) => ({
    snapshot_id: snapshot.id,
    snapshot_name: snapshot.name,
    snapshot_type: snapshot.rootId === snapshot.id ? 1 : 0,
    root_id: snapshot.rootId,
    status: snapshot.status,
    transition_status: snapshot.transition,
    is_taken: snapshot.status === "pending" ? 0 : 1,
    create_time: snapshot.createdAt,
    resource: { resource_id: snapshot.volumeId, resource_type: "volume", resource_name: "" },
  }));
};

/** With one of a chain go all that were taken after it. Source: DeleteSnapshots. */
const deleteSnapshots: Action = (account, parameters) => {
  const named = parameters.list("snapshots").map((id) => get(account.snapshots, id));
  const doomed = new Set<Snapshot>();
  for (const snapshot of named) {
    account.refuseWithoutLease(snapshot);
    refuseBusy(snapshot);
    for (const other of account.snapshots.values()) {
      const isLater = other.rootId === snapshot.rootId && other.madeAt >= snapshot.madeAt;
      if (isLater && !isGone(other)) doomed.add(other);
    }
  }
  for (const snapshot of doomed) {
    account.change(snapshot, "deleting", "deleted", account.delays.deleteMs);
  }
  const ids = [...doomed].map(({ id }) => id);
  return { job_id: account.newJob("DeleteSnapshots", ids, account.delays.deleteMs) };
};

export const volumeActions: Record<string, Action> = {
  AttachVolumes: attachVolumes,
  CreateSnapshots: createSnapshots,
  CreateVolumeFromSnapshot: createFromSnapshot,
  CreateVolumes: createVolumes,
  DeleteSnapshots: deleteSnapshots,
  DeleteVolumes: deleteVolumes,
  DescribeSnapshots: describeSnapshots,
  DescribeVolumes: describeVolumes,
  DetachVolumes: detachVolumes,
  ModifyVolumeAttributes: modifyVolume,
  ResizeVolumes: resizeVolumes,
};
