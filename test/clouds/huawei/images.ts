/** IMS. Sources: IMS API reference, CreateImage, ListImages, ListImageByTags; "Error Codes". */
import { checkTags, type JsonObject, Refusal } from "./request.ts";
import { get, type Image, type Project } from "./state.ts";
import type { Handler } from "./volumes.ts";

function imageJson(image: Image): JsonObject {
  return {
    id: image.id,
    name: image.name,
    status: image.status,
    min_disk: image.minDisk,
    created_at: image.createdAt,
    __imagetype: image.imageType,
    __os_type: "Linux",
    virtual_env_type: "FusionCompute",
    ...(image.firmware === "uefi" ? { hw_firmware_type: "uefi" } : {}),
  };
}

/** What has come about by itself since the last call. */
export function letImagesHappen(project: Project): void {
  for (const image of project.images.values()) {
    if (image.status === "saving" && project.now() >= image.changesAt) image.status = "active";
  }
}

const createImage: Handler = async (project, { body }) => {
  const ours = [...project.images.values()].filter(({ isOurs }) => isOurs);
  if (project.imagesRefused !== undefined) {
    throw new Refusal(400, "IMG.0109", project.imagesRefused);
  }
  if (ours.length >= project.quotas.images) {
    throw new Refusal(403, "IMG.0018", "The quota of private images is used up");
  }
  if (body.volume_id === undefined || body.os_version === undefined) {
    throw new Refusal(400, "IMG.0001", "volume_id and os_version are needed here");
  }
  const volume = get(project.volumes, "volume", body.volume_id);
  if (volume.status !== "in-use" || volume.attachment?.device === "/dev/vda") {
    throw new Refusal(
      400,
      "IMG.0084",
      `the data disk ${volume.id} must be attached to a server, its status is ${volume.status}`,
    );
  }
  const tags = (body.image_tags ?? []).map((tag: { key: string; value: string }) => [
    tag.key,
    tag.value,
  ]);
  const image: Image = {
    ...project.newThing(body.name, checkTags(tags, "IMG.0001")),
    imageType: "private",
    createdAt: "2026-11-23T00:00:00Z",
    firmware: body.hw_firmware_type ?? "bios",
    minDisk: volume.sizeGiB,
    isOurs: true,
    volumeId: volume.id,
    status: "saving",
    changesAt: project.now() + project.delays.imageMs,
  };
  project.images.set(image.id, image);
  await project.machines?.createSnapshot(image.id, volume.id);
  const job = project.newJob({
    service: "ims",
    type: "createImage",
    doneAt: image.changesAt,
    entities: { image_id: image.id, image_name: image.name },
  });
  return { job_id: job.id };
};

const listImages: Handler = (project, { query }) => {
  const found = [...project.images.values()].filter(
    (image) =>
      project.isShown(image) &&
      (!query.has("__imagetype") || query.get("__imagetype") === image.imageType) &&
      (!query.has("status") || query.get("status") === image.status) &&
      (!query.has("name") || query.get("name") === image.name) &&
      (!query.has("id") || query.get("id") === image.id),
  );
  const from = found.findIndex(({ id }) => id === query.get("marker")) + 1;
  const page = found.slice(from, from + Number(query.get("limit") ?? 500));
  return { images: page.map(imageJson) };
};

const listByTags: Handler = (project, { body }) => {
  const found = [...project.images.values()].filter(
    (image) =>
      project.isShown(image) &&
      body.tags.every(({ key, values }: { key: string; values: string[] }) =>
        values.includes(image.tags.get(key) ?? ""),
      ),
  );
  const from = Number(body.offset ?? 0);
  const page = found.slice(from, from + Number(body.limit ?? 10));
  return {
    total_count: found.length,
    resources: page.map((image) => ({
      resource_id: image.id,
      resource_name: image.name,
      tags: [...image.tags].map(([key, value]) => ({ key, value })),
    })),
  };
};

const deleteImage: Handler = async (project, { path }) => {
  const image = get(project.images, "image", path.image_id ?? "");
  if (!image.isOurs) throw new Refusal(403, "IMG.0005", "a public image is not yours to delete");
  project.images.delete(image.id);
  await project.machines?.deleteSnapshot(image.id);
  return undefined;
};

export const imageHandlers: Record<string, Handler> = {
  CreateImage: createImage,
  ListImages: listImages,
  ListImageByTags: listByTags,
  GlanceDeleteImage: deleteImage,
};
