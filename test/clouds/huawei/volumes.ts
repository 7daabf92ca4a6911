/** EVS. Sources for states and refusals: EVS API reference, "EVS Disk Status", "EVS Snapshot Status", "Error Codes". */
import { checkTags, type Json, type JsonObject, Refusal, type Request } from "./request.ts";
import { get, type Project, type Server, type Snapshot, type Volume } from "./state.ts";

export type Handler = (project: Project, request: Request) => Promise<Json> | Json;

const GiB = 1024 ** 3;

/** GiB. Source: EVS API reference, CreateVolume, size. */
const sizes = { system: [1, 1024], data: [10, 32_768] } as const;

const types = new Set(["SAS", "GPSSD", "SSD", "ESSD"]);

/** virtio-blk shows the first 20 characters of a volume's id. Source: huaweicloud-csi-driver, pkg/utils/mounts. */
const serialOf = (volume: Volume) => volume.id.slice(0, 20);

/** What a carrier holds before it is overwritten: a system that is not ours. */
const carrierBytes = Buffer.alloc(2 * 1024 ** 2, "carrier");

function wrongStatus(volume: Volume, wanted: string): Refusal {
  return new Refusal(
    400,
    "EVS.5400",
    `Invalid volume: Volume ${volume.id} status must be ${wanted}, but current status is: ${volume.status}`,
  );
}

function volumeJson(volume: Volume): JsonObject {
  const { attachment } = volume;
  const hangs = volume.status === "in-use" || volume.status === "detaching";
  return {
    id: volume.id,
    name: volume.name,
    status: volume.status,
    size: volume.sizeGiB,
    volume_type: volume.type,
    bootable: String(volume.bootable),
    snapshot_id: volume.snapshotId ?? null,
    wwn: `6888603000${volume.id.replaceAll("-", "").slice(0, 22)}`,
    multiattach: false,
    metadata: { ...volume.metadata },
    tags: Object.fromEntries(volume.tags),
    attachments:
      attachment === undefined || !hangs
        ? []
        : [
            {
              server_id: attachment.serverId,
              volume_id: volume.id,
              id: volume.id,
              attachment_id: volume.id,
              device: attachment.device,
            },
          ],
  };
}

/** Makes it, with its bytes unless it is a public image's. */
export async function makeVolume(
  project: Project,
  wish: Omit<Volume, "id" | "madeAt" | "status" | "changesAt">,
  /** The machine snapshot its bytes begin with. */
  bytesOf?: string,
): Promise<Volume> {
  if (project.volumes.size >= project.quotas.volumes) {
    throw new Refusal(
      413,
      "overLimit",
      "VolumeLimitExceeded: Maximum number of volumes allowed exceeded for quota 'volumes'.",
    );
  }
  const volume: Volume = {
    ...wish,
    ...project.newThing(wish.name, wish.tags),
    status: "creating",
    changesAt: project.now() + project.delays.createMs,
  };
  project.volumes.set(volume.id, volume);
  if (!volume.isPublicRoot) {
    await project.machines?.createVolume(volume.id, volume.sizeGiB * GiB, bytesOf);
  }
  return volume;
}

export async function removeVolume(project: Project, volume: Volume): Promise<void> {
  project.volumes.delete(volume.id);
  if (!volume.isPublicRoot) await project.machines?.deleteVolume(volume.id);
}

export const volumesOf = (project: Project, serverId: string): Volume[] =>
  [...project.volumes.values()].filter(({ attachment }) => attachment?.serverId === serverId);

/** What has come about by itself since the last call. */
export async function letVolumesHappen(project: Project): Promise<void> {
  const now = project.now();
  for (const volume of project.volumes.values()) {
    if (now < volume.changesAt) continue;
    switch (volume.status) {
      case "creating":
        volume.status = volume.attachment === undefined ? "available" : "in-use";
        break;
      case "attaching":
        volume.status = "in-use";
        await hang(project, volume);
        break;
      case "detaching":
        await takeOff(project, volume);
        break;
      case "deleting":
        await removeVolume(project, volume);
        break;
      default:
        break;
    }
  }
  for (const snapshot of project.snapshots.values()) {
    if (now < snapshot.changesAt) continue;
    if (snapshot.status === "creating") snapshot.status = "available";
    if (snapshot.status === "deleting") {
      project.snapshots.delete(snapshot.id);
      await project.machines?.deleteSnapshot(snapshot.id);
    }
  }
}

async function hang(project: Project, volume: Volume): Promise<void> {
  const serverId = volume.attachment?.serverId ?? "";
  if (project.servers.get(serverId)?.runs !== "gateway" || volume.isPublicRoot) return;
  await project.machines?.attach(volume.id, serverId, serialOf(volume));
}

export async function takeOff(project: Project, volume: Volume): Promise<void> {
  const { attachment } = volume;
  delete volume.attachment;
  if (volume.status !== "deleting") volume.status = "available";
  if (attachment === undefined || volume.isPublicRoot) return;
  if (project.servers.get(attachment.serverId)?.runs === "gateway") {
    await project.machines?.detach(volume.id);
  }
}

async function writeCarrier(project: Project, volume: Volume): Promise<void> {
  if (project.machines === undefined) return;
  const { open } = await import("node:fs/promises");
  const file = await open(project.machines.pathOf(volume.id), "r+");
  await file.write(carrierBytes, 0, carrierBytes.length, 0).finally(() => file.close());
}

function firmwareOf(origin: { readonly firmware?: "bios" | "uefi" } | undefined) {
  return origin?.firmware === undefined ? {} : { firmware: origin.firmware };
}

const createVolume: Handler = async (project, { body }) => {
  const wish = body.volume;
  if (wish.availability_zone !== project.zone) {
    throw new Refusal(400, "EVS.1013", `availability zone ${wish.availability_zone} is invalid`);
  }
  if (!types.has(wish.volume_type)) {
    throw new Refusal(400, "EVS.1013", `volume type ${wish.volume_type} is not found`);
  }
  if (wish.imageRef !== undefined && wish.snapshot_id !== undefined) {
    throw new Refusal(400, "EVS.1013", "imageRef and snapshot_id exclude each other");
  }
  const snapshot =
    wish.snapshot_id === undefined
      ? undefined
      : get(project.snapshots, "snapshot", wish.snapshot_id);
  if (snapshot !== undefined && snapshot.status !== "available") {
    throw new Refusal(400, "EVS.5400", `snapshot status must be available, is ${snapshot.status}`);
  }
  if (snapshot !== undefined && snapshot.type !== wish.volume_type) {
    throw new Refusal(400, "EVS.1013", "a clone is of its origin's volume type");
  }
  const image =
    wish.imageRef === undefined ? undefined : get(project.images, "image", wish.imageRef);
  const [least, most] = image === undefined ? sizes.data : sizes.system;
  const from = Math.max(snapshot?.sizeGiB ?? 0, image?.minDisk ?? 0, least);
  const ceiling = snapshot?.bootable ? sizes.system[1] : most;
  if (wish.size < from || wish.size > ceiling) {
    throw new Refusal(400, "EVS.1010", `invalid volume size ${wish.size}`);
  }
  const volume = await makeVolume(
    project,
    {
      name: wish.name ?? "",
      sizeGiB: wish.size,
      type: wish.volume_type,
      bootable: image !== undefined || snapshot?.bootable === true,
      ...firmwareOf(image ?? snapshot),
      isPublicRoot: false,
      metadata: wish.metadata ?? {},
      tags: checkTags(Object.entries(wish.tags ?? {}), "EVS.1013"),
      ...(snapshot === undefined ? {} : { snapshotId: snapshot.id }),
    },
    snapshot?.id,
  );
  if (image !== undefined) await writeCarrier(project, volume);
  const job = project.newJob({
    service: "evs",
    type: "createVolume",
    doneAt: volume.changesAt,
    entities: { volume_id: volume.id, name: volume.name },
  });
  // Only when asked for. Source: EVS API reference, CreateVolume, create_for_volume_id.
  const named = wish.metadata?.create_for_volume_id === "true" ? { volume_ids: [volume.id] } : {};
  return { job_id: job.id, ...named };
};

const showVolume: Handler = (project, { path }) => {
  const volume = get(project.volumes, "volume", path.volume_id ?? "");
  // What is not shown yet is not there.
  return {
    volume: volumeJson(project.isShown(volume) ? volume : get(new Map(), "volume", volume.id)),
  };
};

const listByTags: Handler = (project, { body }) => {
  if (body.action !== "filter") throw new Refusal(400, "EVS.1013", "action is invalid");
  const found = [...project.volumes.values()].filter(
    (volume) =>
      project.isShown(volume) &&
      body.tags.every(
        ({ key, values }: { key: string; values: string[] }) =>
          volume.tags.has(key) &&
          (values.length === 0 || values.includes(volume.tags.get(key) ?? "")),
      ),
  );
  const { offset = 0, limit = 1000 } = body;
  const page = found.slice(offset, offset + Math.min(limit, pageLimit));
  return {
    total_count: found.length,
    resources: page.map((volume) => ({
      resource_id: volume.id,
      resource_name: volume.name,
      resource_detail: volumeJson(volume),
      tags: [...volume.tags].map(([key, value]) => ({ key, value })),
    })),
  };
};

/** Larger pages are refused by some services and cut by others; ours never asks for more. */
export const pageLimit = 1000;

const deleteVolume: Handler = (project, { path }) => {
  const volume = get(project.volumes, "volume", path.volume_id ?? "");
  if (volume.status !== "available" && volume.status !== "error") {
    throw wrongStatus(volume, "available or error");
  }
  const snapshots = [...project.snapshots.values()].filter(
    ({ volumeId }) => volumeId === volume.id,
  );
  if (snapshots.length > 0) {
    throw new Refusal(
      400,
      "EVS.5400",
      `Invalid volume: Volume status must be available, and volume ${volume.id} must have no snapshots`,
    );
  }
  volume.status = "deleting";
  volume.changesAt = project.now() + project.delays.createMs;
  const job = project.newJob({
    service: "evs",
    type: "deleteVolume",
    doneAt: volume.changesAt,
    entities: { volume_id: volume.id },
  });
  return { job_id: job.id };
};

const tagVolume: Handler = (project, { path, body }) => {
  const volume = get(project.volumes, "volume", path.volume_id ?? "");
  if (body.action !== "create") throw new Refusal(400, "EVS.1013", "action is invalid");
  const tags = body.tags.map(({ key, value }: { key: string; value: string }) => [key, value]);
  for (const [key, value] of checkTags(tags, "EVS.1013")) volume.tags.set(key, value);
  return {};
};

const attachVolume: Handler = (project, { path, body }) => {
  const server = get(project.servers, "server", path.server_id ?? "");
  const wish = body.volumeAttachment;
  const volume = get(project.volumes, "volume", wish.volumeId);
  if (volume.attachment?.serverId === server.id) {
    throw new Refusal(400, "Ecs.0057", "The disk has been attached to the ECS.");
  }
  if (volume.status !== "available") {
    throw new Refusal(400, "Ecs.0103", `The volume ${volume.id} is not available`);
  }
  refuseUnlessQuiet(project, server);
  const others = volumesOf(project, server.id);
  // 24 VBD disks with the system disk. Source: ECS user guide, "Can I attach multiple disks to an ECS?".
  if (others.length >= 24) {
    throw new Refusal(
      400,
      "Ecs.0104",
      `The number of disks attached to server[${server.id}] has exceeded the upper limit.`,
    );
  }
  const device = wish.device ?? freeDevice(others);
  refuseDevice(server, volume, device, others);
  // A system disk always goes with its server.
  const deleteOnTermination = device === "/dev/vda";
  volume.attachment = { serverId: server.id, device, deleteOnTermination };
  volume.status = "attaching";
  volume.changesAt = project.now() + project.delays.attachMs;
  const job = project.newJob({
    service: "ecs",
    type: "attachVolume",
    doneAt: volume.changesAt,
    entities: { server_id: server.id },
  });
  return { job_id: job.id };
};

/** Disks come and go one at a time, on servers that run or stand. Source: ECS error codes, Ecs.0100. */
function refuseUnlessQuiet(project: Project, server: Server): void {
  const moving = volumesOf(project, server.id).some(
    ({ status }) => status === "attaching" || status === "detaching",
  );
  const still = server.status === "ACTIVE" || server.status === "SHUTOFF";
  if (still && server.task === "" && !moving) return;
  throw new Refusal(
    400,
    "Ecs.0100",
    `Disks can be attached to ECS [${server.id}] only in started or stopped state.`,
  );
}

/**
 * Sources: ECS API reference, "Attaching a Disk to an ECS" (a bootable disk must be told its device); EVS API
 * reference, os-set_bootable (a blank disk never becomes a system disk).
 */
function refuseDevice(
  server: Server,
  volume: Volume,
  device: string,
  others: readonly Volume[],
): void {
  const refuse = (problem: string): never => {
    throw new Refusal(400, "Ecs.0005", problem);
  };
  if (!/^\/dev\/vd[a-x]$/.test(device)) refuse(`device ${device} is invalid`);
  if (others.some(({ attachment }) => attachment?.device === device)) {
    refuse(`device ${device} is in use`);
  }
  if (device === "/dev/vda") {
    if (!volume.bootable) refuse(`volume ${volume.id} is not bootable`);
    if (server.status !== "SHUTOFF") refuse("a system disk is attached to a stopped ECS only");
  }
  if (server.runs === "guest" && server.status === "ACTIVE") {
    throw new Error("this fake's guests see their volumes only when they start");
  }
}

function freeDevice(others: readonly Volume[]): string {
  const taken = new Set(others.map(({ attachment }) => attachment?.device));
  const letters = Array.from("bcdefghijklmnopqrstuvwx", (letter) => `/dev/vd${letter}`);
  return letters.find((name) => !taken.has(name)) ?? "/dev/vdy";
}

const detachVolume: Handler = (project, { path }) => {
  const server = get(project.servers, "server", path.server_id ?? "");
  const volume = project.volumes.get(path.volume_id ?? "");
  if (volume?.attachment?.serverId !== server.id) {
    throw new Refusal(
      400,
      "Ecs.0111",
      `Disk ${path.volume_id} is not in the attachment list for ECS ${server.id}.`,
    );
  }
  const imaged = [...project.images.values()].some(
    (image) => image.volumeId === volume.id && image.status === "saving",
  );
  if (volume.status !== "in-use" || imaged) {
    throw new Refusal(400, "Ecs.0103", `The volume ${volume.id} is not in the in-use status`);
  }
  if (volume.attachment.device === "/dev/vda" && server.status !== "SHUTOFF") {
    throw new Refusal(
      400,
      "Ecs.0102",
      `System disk status does not support uninstallation, serverId [${server.id}]`,
    );
  }
  refuseUnlessQuiet(project, server);
  volume.status = "detaching";
  volume.changesAt = project.now() + project.delays.attachMs;
  const job = project.newJob({
    service: "ecs",
    type: "detachVolume",
    doneAt: volume.changesAt,
    entities: { server_id: server.id },
  });
  return { job_id: job.id };
};

const updateBlockDevice: Handler = (project, { path, body }) => {
  const server = get(project.servers, "server", path.server_id ?? "");
  const volume = project.volumes.get(path.volume_id ?? "");
  if (volume?.attachment?.serverId !== server.id) {
    throw new Refusal(400, "Ecs.0111", `Disk ${path.volume_id} is not in the attachment list`);
  }
  if (volume.attachment.device === "/dev/vda") {
    throw new Refusal(400, "Ecs.0005", "a system disk always goes with its server");
  }
  volume.attachment.deleteOnTermination = body.block_device.delete_on_termination;
  return {};
};

function snapshotJson(snapshot: Snapshot): JsonObject {
  return {
    id: snapshot.id,
    name: snapshot.name,
    description: snapshot.description,
    status: snapshot.status,
    volume_id: snapshot.volumeId,
    size: snapshot.sizeGiB,
    metadata: { ...snapshot.metadata },
    created_at: "2026-11-23T00:00:00.000000",
  };
}

const createSnapshot: Handler = async (project, { body }) => {
  const wish = body.snapshot;
  const volume = get(project.volumes, "volume", wish.volume_id);
  const usable = volume.status === "available" || (volume.status === "in-use" && wish.force);
  if (!usable) throw wrongStatus(volume, "available");
  const snapshot: Snapshot = {
    ...project.newThing(wish.name ?? ""),
    volumeId: volume.id,
    sizeGiB: volume.sizeGiB,
    type: volume.type,
    bootable: volume.bootable,
    ...firmwareOf(volume),
    description: wish.description ?? "",
    metadata: wish.metadata ?? {},
    status: "creating",
    changesAt: project.now() + project.delays.snapshotMs,
  };
  project.snapshots.set(snapshot.id, snapshot);
  await project.machines?.createSnapshot(snapshot.id, volume.id);
  return { snapshot: snapshotJson(snapshot) };
};

const showSnapshot: Handler = (project, { path }) => {
  return { snapshot: snapshotJson(get(project.snapshots, "snapshot", path.snapshot_id ?? "")) };
};

const listSnapshots: Handler = (project, { query }) => {
  const name = query.get("name");
  const volumeId = query.get("volume_id");
  const found = [...project.snapshots.values()].filter(
    (snapshot) =>
      project.isShown(snapshot) &&
      (name === undefined || snapshot.name === name) &&
      (volumeId === undefined || snapshot.volumeId === volumeId),
  );
  const offset = Number(query.get("offset") ?? 0);
  const limit = Math.min(Number(query.get("limit") ?? pageLimit), pageLimit);
  return { snapshots: found.slice(offset, offset + limit).map(snapshotJson) };
};

const deleteSnapshot: Handler = (project, { path }) => {
  const snapshot = get(project.snapshots, "snapshot", path.snapshot_id ?? "");
  if (snapshot.status !== "available") {
    throw new Refusal(400, "EVS.5400", `snapshot status must be available, is ${snapshot.status}`);
  }
  snapshot.status = "deleting";
  snapshot.changesAt = project.now() + project.delays.snapshotMs;
  const job = project.newJob({
    service: "evs",
    type: "deleteSnapshot",
    doneAt: snapshot.changesAt,
    entities: {},
  });
  return { job_id: job.id };
};

export const volumeHandlers: Record<string, Handler> = {
  CreateVolume: createVolume,
  ShowVolume: showVolume,
  ListVolumesByTags: listByTags,
  DeleteVolume: deleteVolume,
  BatchCreateVolumeTags: tagVolume,
  AttachServerVolume: attachVolume,
  DetachServerVolume: detachVolume,
  UpdateServerBlockDevice: updateBlockDevice,
  CreateSnapshot: createSnapshot,
  ShowSnapshot: showSnapshot,
  ListSnapshots: listSnapshots,
  DeleteSnapshot: deleteSnapshot,
};
