/** Glance. Source: Image API v2. */
import { type JsonObject, pageOf } from "./request.ts";
import { get, type Image, type Project } from "./state.ts";
import type { Handler } from "./volumes.ts";

const GiB = 1024 ** 3;

function imageJson(image: Image): JsonObject {
  return {
    ...{ id: image.id, name: image.name, status: image.status, owner: image.owner },
    ...{ visibility: image.visibility, min_disk: image.minDisk, min_ram: 0 },
    created_at: image.createdAt,
    size: image.status === "active" ? image.sizeGiB * GiB : null,
    virtual_size: null,
    ...{ container_format: "bare", os_hidden: false, protected: false, tags: [] },
    ...image.properties,
  };
}

/** What has come about by itself since the last call. */
export function letImagesHappen(project: Project): void {
  for (const image of project.images.values()) {
    if (image.status === "saving" && project.now() >= image.changesAt) image.status = "active";
  }
}

const listImages: Handler = (project, { query }) => {
  const filters = [...query].filter(([name]) => name !== "limit" && name !== "marker");
  const found = [...project.images.values()].filter((image) =>
    filters.every(([name, value]) => imageJson(image)[name] === value),
  );
  const { page, more } = pageOf(found, query, project.mostPerPage);
  const next = more ? { next: `/v2/images?marker=${page.at(-1)?.id}` } : {};
  return { images: page.map(imageJson), schema: "/v2/schemas/images", ...next };
};

const showImage: Handler = (project, { path }) =>
  imageJson(get(project.images, "image", path.id ?? ""));

const deleteImage: Handler = async (project, { path }) => {
  const image = get(project.images, "image", path.id ?? "");
  project.images.delete(image.id);
  if (image.isOurs) await project.machines?.deleteSnapshot(image.id);
  return undefined;
};

export const imageHandlers: Record<string, Handler> = {
  ListImages: listImages,
  ShowImage: showImage,
  DeleteImage: deleteImage,
};
