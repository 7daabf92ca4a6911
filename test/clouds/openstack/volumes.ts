/** Cinder. Sources: Block Storage API v3; cinder/volume/api.py, cinder/exception.py; what a running Zed answered. */
import { type Json, type JsonObject, linksOf, pageOf, Refusal, type Request } from "./request.ts";
import { get, type Image, type Project, type Snapshot, type Volume } from "./state.ts";

export type Handler = (project: Project, request: Request) => Promise<Json> | Json;

const GiB = 1024 ** 3;

/** virtio-blk shows the first 20 characters of a volume's id (seen on Zed). */
const serialOf = (volume: Volume) => volume.id.slice(0, 20);

const bad = (message: string) => new Refusal(400, "badRequest", message);

function volumeJson(project: Project, volume: Volume): JsonObject {
  const { attachment } = volume;
  const hangs = volume.status === "in-use" || volume.status === "detaching";
  return {
    id: volume.id,
    name: volume.name,
    status: volume.status,
    size: volume.sizeGiB,
    volume_type: volume.type,
    availability_zone: volume.zone,
    bootable: String(volume.bootable),
    snapshot_id: volume.snapshotId ?? null,
    created_at: volume.createdAt.replace("Z", "000"),
    multiattach: false,
    metadata: Object.fromEntries(volume.metadata),
    "os-vol-tenant-attr:tenant_id": project.projectId,
    ...(volume.imageMetadata.size === 0
      ? {}
      : { volume_image_metadata: Object.fromEntries(volume.imageMetadata) }),
    attachments:
      attachment === undefined || !hangs
        ? []
        : [
            {
              ...{ id: volume.id, volume_id: volume.id, attachment_id: volume.id },
              ...{ server_id: attachment.serverId, device: "/dev/vdz", host_name: null },
            },
          ],
  };
}

/** Makes it, with its bytes unless its image is not ours. */
export async function makeVolume(
  project: Project,
  wish: Omit<Volume, "id" | "madeAt" | "createdAt" | "status" | "changesAt">,
  /** The machine snapshot its bytes begin with. */
  bytesOf?: string,
): Promise<Volume> {
  if (project.volumes.size >= project.quotas.volumes) {
    const message = `VolumeLimitExceeded: Maximum number of volumes allowed (${project.quotas.volumes}) exceeded for quota 'volumes'.`;
    throw new Refusal(413, "overLimit", message, 0);
  }
  const volume: Volume = {
    ...wish,
    ...project.newThing(wish.name),
    status: "creating",
    changesAt: project.now() + project.delays.createMs,
  };
  project.volumes.set(volume.id, volume);
  if (!volume.isForeignRoot) {
    await project.machines?.createVolume(volume.id, volume.sizeGiB * GiB, bytesOf);
  }
  return volume;
}

export async function removeVolume(project: Project, volume: Volume): Promise<void> {
  project.volumes.delete(volume.id);
  if (!volume.isForeignRoot) await project.machines?.deleteVolume(volume.id);
}

export const volumesOf = (project: Project, serverId: string): Volume[] =>
  [...project.volumes.values()]
    .filter(({ attachment }) => attachment?.serverId === serverId)
    .sort((a, b) => (a.attachment?.order ?? 0) - (b.attachment?.order ?? 0));

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
      case "uploading":
        volume.status = "available";
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
    if (snapshot.status === "deleting") await endSnapshot(project, snapshot);
  }
}

const chainedTo = (project: Project, snapshotId: string) =>
  [...project.volumes.values()].filter(
    (volume) => volume.isChained && volume.snapshotId === snapshotId,
  );

/**
 * A snapshot that is busy becomes available again, and nobody is told. Sources: cinder/volume/manager.py,
 * delete_snapshot; cinder/volume/drivers/rbd.py, delete_snapshot.
 */
async function endSnapshot(project: Project, snapshot: Snapshot): Promise<void> {
  const clones = chainedTo(project, snapshot.id);
  if (project.backend === "chained" && clones.length > 0) {
    snapshot.status = "available";
    return;
  }
  for (const clone of clones) clone.isChained = false;
  project.snapshots.delete(snapshot.id);
  await project.machines?.deleteSnapshot(snapshot.id);
}

async function hang(project: Project, volume: Volume): Promise<void> {
  const serverId = volume.attachment?.serverId ?? "";
  if (project.servers.get(serverId)?.runs !== "gateway" || volume.isForeignRoot) return;
  await project.machines?.attach(volume.id, serverId, serialOf(volume));
}

export async function takeOff(project: Project, volume: Volume): Promise<void> {
  const { attachment, status } = volume;
  delete volume.attachment;
  if (status !== "deleting") volume.status = "available";
  // One that was still coming on hangs nowhere.
  if (attachment === undefined || volume.isForeignRoot || status === "attaching") return;
  if (project.servers.get(attachment.serverId)?.runs === "gateway") {
    await project.machines?.detach(volume.id);
  }
}

const createVolume: Handler = async (project, { body }) => {
  const wish = body.volume;
  if (wish.availability_zone !== undefined && wish.availability_zone !== project.zone) {
    throw bad(`Availability zone '${wish.availability_zone}' is invalid.`);
  }
  if (wish.volume_type !== undefined && !project.volumeTypes.includes(wish.volume_type)) {
    const message = `Volume type with name ${wish.volume_type} could not be found.`;
    throw new Refusal(404, "itemNotFound", message);
  }
  const snapshot =
    wish.snapshot_id === undefined
      ? undefined
      : get(project.snapshots, "snapshot", wish.snapshot_id);
  if (snapshot !== undefined && snapshot.status !== "available") {
    throw bad(`Invalid snapshot: Originating snapshot status must be one of 'available' values`);
  }
  const { size = snapshot?.sizeGiB } = wish;
  if (size === undefined || size < 1) throw bad("Invalid input received: Invalid volume size");
  if (size < (snapshot?.sizeGiB ?? 0)) {
    throw bad("Invalid input received: Volume size cannot be lesser than the Snapshot size");
  }
  const most = project.quotas.perVolumeGiB;
  if (most > 0 && size > most) {
    const message = `VolumeSizeExceedsLimit: Requested volume size ${size}G is larger than maximum allowed limit ${most}G.`;
    throw new Refusal(413, "overLimit", message, 0);
  }
  const volume = await makeVolume(
    project,
    {
      name: wish.name ?? "",
      sizeGiB: size,
      type: wish.volume_type ?? "ceph",
      zone: project.zone,
      metadata: new Map(Object.entries(wish.metadata ?? {})),
      imageMetadata: new Map(snapshot?.imageMetadata),
      bootable: snapshot?.bootable ?? false,
      isForeignRoot: false,
      isChained: snapshot !== undefined && project.backend !== "independent",
      ...(snapshot === undefined ? {} : { snapshotId: snapshot.id }),
    },
    snapshot?.id,
  );
  return { volume: volumeJson(project, volume) };
};

const showVolume: Handler = (project, { path }) => ({
  volume: volumeJson(project, get(project.volumes, "volume", path.id ?? "")),
});

/** A dictionary as Python writes it, or in JSON, which Python reads too. */
function wantedMetadata(query: ReadonlyMap<string, string>): [string, string][] {
  const text = query.get("metadata");
  return text === undefined ? [] : Object.entries(JSON.parse(text.replaceAll("'", '"')));
}

const listVolumes: Handler = (project, { query }) => {
  const wanted = wantedMetadata(query);
  const found = [...project.volumes.values()].filter((volume) =>
    wanted.every(([key, value]) => volume.metadata.get(key) === value),
  );
  const { page, more } = pageOf(found, query, project.mostPerPage);
  return {
    volumes: page.map((volume) => volumeJson(project, volume)),
    ...linksOf("volumes", more),
  };
};

const deleteVolume: Handler = (project, { path }) => {
  const volume = get(project.volumes, "volume", path.id ?? "");
  const snapshots = [...project.snapshots.values()].filter(
    ({ volumeId }) => volumeId === volume.id,
  );
  const free = volume.status === "available" || volume.status === "error";
  if (!free || snapshots.length > 0) {
    throw bad(
      "Invalid volume: Volume status must be available or error or error_restoring or error_extending or error_managing and must not be migrating, attached, belong to a group, have snapshots, awaiting a transfer, or be disassociated from snapshots after volume transfer.",
    );
  }
  volume.status = "deleting";
  volume.changesAt = project.now() + project.delays.createMs;
  return undefined;
};

const addMetadata: Handler = (project, { path, body }) => {
  const volume = get(project.volumes, "volume", path.id ?? "");
  for (const [key, value] of Object.entries<string>(body.metadata)) volume.metadata.set(key, value);
  return { metadata: Object.fromEntries(volume.metadata) };
};

const setBootable: Handler = (project, { path, body }) => {
  const volume = get(project.volumes, "volume", path.id ?? "");
  volume.bootable = /^true$/i.test(body["os-set_bootable"].bootable);
  return undefined;
};

const setImageMetadata: Handler = (project, { path, body }) => {
  const volume = get(project.volumes, "volume", path.id ?? "");
  const { metadata } = body["os-set_image_metadata"];
  for (const [key, value] of Object.entries<string>(metadata)) volume.imageMetadata.set(key, value);
  return { metadata: Object.fromEntries(volume.imageMetadata) };
};

/** The image begins with the properties of the volume. Source: cinder/volume/api.py, _merge_volume_image_meta. */
const uploadToImage: Handler = async (project, { path, body }) => {
  const volume = get(project.volumes, "volume", path.id ?? "");
  const wish = body["os-volume_upload_image"];
  if (project.imagesRefused !== undefined) {
    throw new Refusal(403, "forbidden", project.imagesRefused);
  }
  if (volume.status !== "available") {
    throw bad("Invalid volume: Volume status must be available/in-use.");
  }
  const used = [...project.images.values()].reduce((sum, { sizeGiB }) => sum + sizeGiB, 0);
  if (used + volume.sizeGiB > project.quotas.imageGiB) {
    throw new Refusal(413, "overLimit", "The request returned a 413 Request Entity Too Large");
  }
  const image: Image = {
    ...project.newThing(wish.image_name),
    ...{ owner: project.projectId, isOurs: true, volumeId: volume.id },
    // Cinder does not say how large a disk it needs (seen on Zed).
    ...{ minDisk: 0, sizeGiB: volume.sizeGiB },
    visibility: "private",
    status: "saving",
    properties: { ...Object.fromEntries(volume.imageMetadata), disk_format: wish.disk_format },
    changesAt: project.now() + project.delays.imageMs,
  };
  project.images.set(image.id, image);
  await project.machines?.createSnapshot(image.id, volume.id);
  volume.status = "uploading";
  volume.changesAt = image.changesAt + project.delays.createMs;
  return {
    "os-volume_upload_image": {
      ...{ id: volume.id, status: "uploading", image_id: image.id, image_name: image.name },
    },
  };
};

function snapshotJson(snapshot: Snapshot): JsonObject {
  return {
    id: snapshot.id,
    name: snapshot.name,
    status: snapshot.status,
    volume_id: snapshot.volumeId,
    size: snapshot.sizeGiB,
    created_at: snapshot.createdAt.replace("Z", "000"),
    metadata: Object.fromEntries(snapshot.metadata),
  };
}

const createSnapshot: Handler = async (project, { body, minor }) => {
  const wish = body.snapshot;
  const volume = get(project.volumes, "volume", wish.volume_id);
  if (minor >= 66 && wish.force === false) throw bad("Invalid value 'False' for 'force'.");
  const forced = wish.force === true || minor >= 66;
  const usable = volume.status === "available" || (volume.status === "in-use" && forced);
  if (!usable) {
    throw bad(`Invalid volume: Volume ${volume.id} status must be available, is ${volume.status}`);
  }
  const snapshot: Snapshot = {
    ...project.newThing(wish.name ?? ""),
    ...{ volumeId: volume.id, sizeGiB: volume.sizeGiB, bootable: volume.bootable },
    metadata: new Map(Object.entries(wish.metadata ?? {})),
    imageMetadata: new Map(volume.imageMetadata),
    status: "creating",
    changesAt: project.now() + project.delays.snapshotMs,
  };
  project.snapshots.set(snapshot.id, snapshot);
  await project.machines?.createSnapshot(snapshot.id, volume.id);
  return { snapshot: snapshotJson(snapshot) };
};

const showSnapshot: Handler = (project, { path }) => ({
  snapshot: snapshotJson(get(project.snapshots, "snapshot", path.id ?? "")),
});

const listSnapshots: Handler = (project, { query }) => {
  const wanted = wantedMetadata(query);
  const volumeId = query.get("volume_id");
  const found = [...project.snapshots.values()].filter(
    (snapshot) =>
      (volumeId === undefined || snapshot.volumeId === volumeId) &&
      wanted.every(([key, value]) => snapshot.metadata.get(key) === value),
  );
  const { page, more } = pageOf(found, query, project.mostPerPage);
  return { snapshots: page.map(snapshotJson), ...linksOf("snapshots", more) };
};

const deleteSnapshot: Handler = (project, { path }) => {
  const snapshot = get(project.snapshots, "snapshot", path.id ?? "");
  if (snapshot.status !== "available") {
    throw bad("Invalid snapshot: Snapshot status must be available or error");
  }
  const { snapshotMs, flattenMs } = project.delays;
  const flattening = chainedTo(project, snapshot.id).length > 0 ? flattenMs : 0;
  snapshot.status = "deleting";
  snapshot.changesAt = project.now() + snapshotMs + flattening;
  return undefined;
};

const listZones: Handler = (project) => ({
  availabilityZoneInfo: [
    { zoneName: project.zone, zoneState: { available: true } },
    { zoneName: "archive", zoneState: { available: true } },
    { zoneName: "under-repair", zoneState: { available: false } },
  ],
});

const listTypes: Handler = (project) => ({
  volume_types: project.volumeTypes.map((name, at) => ({
    ...{ id: `type-${at}`, name, is_public: true },
    description: name === "ceph" ? "Replicated three times" : null,
  })),
});

const showQuotas: Handler = (project, { path }) => ({
  quota_set: { id: path.project ?? "", per_volume_gigabytes: project.quotas.perVolumeGiB },
});

export const volumeHandlers: Record<string, Handler> = {
  CreateVolume: createVolume,
  ShowVolume: showVolume,
  ListVolumes: listVolumes,
  DeleteVolume: deleteVolume,
  AddVolumeMetadata: addMetadata,
  SetBootable: setBootable,
  SetImageMetadata: setImageMetadata,
  UploadVolumeToImage: uploadToImage,
  CreateSnapshot: createSnapshot,
  ShowSnapshot: showSnapshot,
  ListSnapshots: listSnapshots,
  DeleteSnapshot: deleteSnapshot,
  ListVolumeZones: listZones,
  ListVolumeTypes: listTypes,
  ShowVolumeQuotas: showQuotas,
};
