/** Data volumes and snapshots. Sources for states and refusals: zstack 5.2.1, VolumeApiInterceptor.java, VolumeBase.java. */
import { truncate } from "node:fs/promises";
import { Failure, invalid, type Request } from "./request.ts";
import {
  type Cloud,
  chosenUuid,
  get,
  newUuid,
  operationError,
  type Snapshot,
  type Vm,
  type Volume,
} from "./state.ts";

export interface Outcome {
  /** How long the job takes. */
  readonly ms: number;
  readonly inventory?: () => object;
}
export type Handler = (cloud: Cloud, request: Request) => Promise<Outcome> | Outcome;

const MiB = 1024 ** 2;

export function volumeJson(volume: Volume): Record<string, unknown> {
  const { isForeign: _, changesAt: __, ...shown } = volume;
  return { ...shown, state: "Enabled", format: "qcow2", isShareable: false };
}

export function snapshotJson(snapshot: Snapshot): Record<string, unknown> {
  const { changesAt: _, ...shown } = snapshot;
  return { ...shown, state: "Enabled", type: snapshot.parentUuid ? "Hypervisor" : "Storage" };
}

export async function makeVolume(
  cloud: Cloud,
  wish: Omit<Volume, "changesAt" | "status">,
  /** The machine snapshot its bytes begin with. */
  bytesOf?: string,
): Promise<Volume> {
  const data = [...cloud.volumes.values()].filter(({ type }) => type === "Data");
  if (wish.type === "Data" && data.length >= cloud.quota) {
    const details = `quota exceeding. The account[uuid: ${cloud.account}] exceeds a quota[name: volume.data.num, value: ${cloud.quota}].`;
    throw new Failure("ID.1003", details);
  }
  const volume: Volume = {
    ...wish,
    status: "Creating",
    changesAt: cloud.now() + cloud.delays.createMs,
  };
  cloud.volumes.set(volume.uuid, volume);
  if (!volume.isForeign) await cloud.machines?.createVolume(volume.uuid, volume.size, bytesOf);
  return volume;
}

export async function removeVolume(cloud: Cloud, volume: Volume): Promise<void> {
  cloud.volumes.delete(volume.uuid);
  if (!volume.isForeign) await cloud.machines?.deleteVolume(volume.uuid);
}

/** What has come about by itself since the last call. */
export function letVolumesHappen(cloud: Cloud): void {
  const now = cloud.now();
  for (const thing of [...cloud.volumes.values(), ...cloud.snapshots.values()]) {
    if (thing.status === "Creating" && now >= thing.changesAt) thing.status = "Ready";
  }
}

export async function takeOff(cloud: Cloud, volume: Volume, vm: Vm): Promise<void> {
  delete volume.vmInstanceUuid;
  const at = vm.dataVolumeUuids.indexOf(volume.uuid);
  if (at >= 0) vm.dataVolumeUuids.splice(at, 1);
  if (vm.runs === "gateway") await cloud.machines?.detach(volume.uuid);
}

function getReady(cloud: Cloud, uuid: string | undefined, to: string): Volume {
  const volume = get(cloud.volumes, "volume", uuid);
  if (volume.status === "Ready") return volume;
  throw operationError(
    `volume[uuid:${volume.uuid}] is not in status Ready, current is ${volume.status}, can't ${to}`,
  );
}

const createVolume: Handler = async (cloud, { params, systemTags }) => {
  const uuid = chosenUuid(cloud.volumes, params.resourceUuid);
  if (params.diskSize <= 0 || params.diskSize % MiB !== 0)
    throw invalid("unexpected disk size settings");
  if (params.primaryStorageUuid === undefined) throw invalid("this fake wants to know the storage");
  const pool = cloud.getPool(params.primaryStorageUuid);
  const onHost = systemTags.some((tag) => /^localStorage::hostUuid::[0-9a-f]{32}$/.test(tag));
  if (pool.type === "LocalStorage" && !onHost) {
    throw invalid("To create data volume on the local primary storage, you must specify the host");
  }
  const volume = await makeVolume(cloud, {
    ...{ uuid, name: params.name, description: params.description, type: "Data" },
    ...{ size: params.diskSize, primaryStorageUuid: pool.uuid, isForeign: false },
  });
  return { ms: cloud.delays.createMs, inventory: () => volumeJson(volume) };
};

/** A clone has the size of its origin. */
const createFromSnapshot: Handler = async (cloud, { params, path }) => {
  const uuid = chosenUuid(cloud.volumes, params.resourceUuid);
  const snapshot = get(cloud.snapshots, "snapshot", path.snapshot);
  if (snapshot.status !== "Ready") {
    throw operationError(`volume snapshot[uuid:${snapshot.uuid}] is not in status Ready`);
  }
  const volume = await makeVolume(
    cloud,
    {
      ...{ uuid, name: params.name, description: params.description, type: "Data" },
      ...{ size: snapshot.size, isForeign: false },
      primaryStorageUuid: params.primaryStorageUuid ?? snapshot.primaryStorageUuid,
    },
    snapshot.uuid,
  );
  return { ms: cloud.delays.createMs, inventory: () => volumeJson(volume) };
};

const updateVolume: Handler = (cloud, { params, path }) => {
  const volume = get(cloud.volumes, "volume", path.volume);
  if (params.description !== undefined) volume.description = params.description;
  return { ms: 0, inventory: () => volumeJson(volume) };
};

const resizeVolume: Handler = async (cloud, { params, path }) => {
  const volume = getReady(cloud, path.volume, "resize");
  if (params.size <= volume.size) throw invalid("a volume is resized to more than it has");
  volume.size = params.size;
  if (cloud.machines !== undefined) await truncate(cloud.machines.pathOf(volume.uuid), params.size);
  return { ms: cloud.delays.createMs, inventory: () => volumeJson(volume) };
};

/** Source: zstack 5.2.1, KVMGlobalConfig.java, dataVolume.maxNum. */
const mostDataVolumes = 24;

const attach: Handler = async (cloud, { path }) => {
  const volume = get(cloud.volumes, "volume", path.volume);
  const vm = get(cloud.vms, "vm", path.vm);
  if (volume.type === "Root") {
    throw operationError(`the volume[uuid:${volume.uuid}] is Root Volume, can't attach it`);
  }
  if (volume.vmInstanceUuid !== undefined) {
    throw operationError(
      `data volume[uuid:${volume.uuid}] has been attached to some vm, can't attach again`,
    );
  }
  getReady(cloud, volume.uuid, "attach");
  if (vm.state !== "Running" && vm.state !== "Stopped")
    throw notInState(vm, "AttachDataVolumeToVmMsg");
  if (vm.dataVolumeUuids.length >= mostDataVolumes) {
    throw operationError(
      `hypervisor[KVM] only allows max ${mostDataVolumes} data volumes to be attached to a single vm; there have been ${vm.dataVolumeUuids.length} data volumes attached to vm[uuid:${vm.uuid}]`,
    );
  }
  if (vm.runs === "guest")
    throw new Error("this fake's guests see their volumes only when they start");
  volume.vmInstanceUuid = vm.uuid;
  vm.dataVolumeUuids.push(volume.uuid);
  // The host gives the volume's uuid as the serial. Source: zstack-utility, kvmagent, vm_plugin.py.
  if (vm.runs === "gateway") await cloud.machines?.attach(volume.uuid, vm.uuid, volume.uuid);
  return { ms: cloud.delays.attachMs, inventory: () => volumeJson(volume) };
};

/** Source: zstack 5.2.1, AbstractVmInstance.java. */
export function notInState(vm: Vm, message: string): Failure {
  return new Failure(
    "VM.1010",
    `current vm instance state[${vm.state}] doesn't allow to proceed message[${message}]`,
  );
}

const detach: Handler = async (cloud, { path }) => {
  const volume = get(cloud.volumes, "volume", path.volume);
  const vm = cloud.vms.get(volume.vmInstanceUuid ?? "");
  if (vm === undefined) {
    throw operationError(
      `data volume[uuid:${volume.uuid}] is not attached to any vm, can't detach`,
    );
  }
  if (volume.type !== "Data")
    throw operationError(`the volume[type:${volume.type}] can't detach it`);
  if (vm.state !== "Running" && vm.state !== "Stopped")
    throw notInState(vm, "DetachDataVolumeFromVmMsg");
  await takeOff(cloud, volume, vm);
  return { ms: cloud.delays.attachMs, inventory: () => volumeJson(volume) };
};

/** Recoverable until it is expunged. One that hangs on a VM is taken off first, without a question. */
const deleteVolume: Handler = async (cloud, { path }) => {
  const volume = cloud.volumes.get(path.volume ?? "");
  // Source: zstack 5.2.1, PortApiValidator.java, successIfResourceNotExisting.
  if (volume === undefined) return { ms: 0 };
  if (volume.type !== "Data") throw invalid(`volume[type:${volume.type}] can't be deleted`);
  if (volume.status === "Deleted") {
    throw operationError(`volume[uuid:${volume.uuid}] is already in status of deleted`);
  }
  const vm = cloud.vms.get(volume.vmInstanceUuid ?? "");
  if (vm !== undefined) await takeOff(cloud, volume, vm);
  volume.status = "Deleted";
  return { ms: cloud.delays.deleteMs };
};

const expungeVolume: Handler = async (cloud, { path }) => {
  const volume = cloud.volumes.get(path.volume ?? "");
  if (volume === undefined) return { ms: 0 };
  if (volume.status !== "Deleted") {
    throw operationError(`the volume[uuid:${volume.uuid}] is not deleted yet, can't expunge it`);
  }
  for (const snapshot of [...cloud.snapshots.values()]) {
    if (snapshot.volumeUuid === volume.uuid) await removeSnapshot(cloud, snapshot);
  }
  await removeVolume(cloud, volume);
  return { ms: cloud.delays.deleteMs };
};

const createSnapshot: Handler = async (cloud, { params, path }) => {
  const uuid = chosenUuid(cloud.snapshots, params.resourceUuid);
  const volume = getReady(cloud, path.volume, "create snapshot");
  const { isChain } = cloud.getPool(volume.primaryStorageUuid);
  const before = [...cloud.snapshots.values()].filter((one) => one.volumeUuid === volume.uuid);
  const parent = isChain ? before.at(-1) : undefined;
  const snapshot: Snapshot = {
    ...{ uuid, name: params.name, description: params.description, volumeUuid: volume.uuid },
    ...(parent === undefined ? {} : { parentUuid: parent.uuid }),
    ...{ primaryStorageUuid: volume.primaryStorageUuid, size: volume.size, status: "Creating" },
    changesAt: cloud.now() + cloud.delays.snapshotMs,
  };
  cloud.snapshots.set(uuid, snapshot);
  await cloud.machines?.createSnapshot(uuid, volume.uuid);
  return { ms: cloud.delays.snapshotMs, inventory: () => snapshotJson(snapshot) };
};

const updateSnapshot: Handler = (cloud, { params, path }) => {
  const snapshot = get(cloud.snapshots, "snapshot", path.snapshot);
  if (params.description !== undefined) snapshot.description = params.description;
  return { ms: 0, inventory: () => snapshotJson(snapshot) };
};

/** With all that are built on it. Source: zstack 5.2.1, VolumeSnapshotTreeBase.java, deletion. */
const deleteSnapshot: Handler = async (cloud, { path }) => {
  const snapshot = cloud.snapshots.get(path.snapshot ?? "");
  if (snapshot !== undefined) await removeSnapshot(cloud, snapshot);
  return { ms: cloud.delays.deleteMs };
};

async function removeSnapshot(cloud: Cloud, snapshot: Snapshot): Promise<void> {
  for (const other of [...cloud.snapshots.values()]) {
    if (other.parentUuid === snapshot.uuid) await removeSnapshot(cloud, other);
  }
  if (cloud.snapshots.delete(snapshot.uuid)) await cloud.machines?.deleteSnapshot(snapshot.uuid);
}

/** Bytes of a snapshot that outlive it: those of an image. */
export async function copyBytes(cloud: Cloud, snapshot: Snapshot, imageId: string): Promise<void> {
  const hidden = newUuid();
  await cloud.machines?.createVolume(hidden, snapshot.size, snapshot.uuid);
  await cloud.machines?.createSnapshot(imageId, hidden);
  await cloud.machines?.deleteVolume(hidden);
}

export const volumeHandlers: Record<string, Handler> = {
  CreateDataVolume: createVolume,
  CreateDataVolumeFromVolumeSnapshot: createFromSnapshot,
  UpdateVolume: updateVolume,
  ResizeDataVolume: resizeVolume,
  AttachDataVolumeToVm: attach,
  DetachDataVolumeFromVm: detach,
  DeleteDataVolume: deleteVolume,
  ExpungeDataVolume: expungeVolume,
  CreateVolumeSnapshot: createSnapshot,
  UpdateVolumeSnapshot: updateSnapshot,
  DeleteVolumeSnapshot: deleteSnapshot,
};
