/** Images on the image server. Sources: zstack 5.2.1, ImageApiInterceptor.java, ImageInventory.java. */
import { absent, type Cloud, chosenUuid, get, type Image, operationError } from "./state.ts";
import { copyBytes, type Handler } from "./volumes.ts";

export function imageJson(image: Image): Record<string, unknown> {
  const { uuid, name, description, size, platform, architecture, createDate, status } = image;
  const { backupStorageUuid } = image;
  return {
    ...{ uuid, name, description, size, platform, architecture, createDate, status },
    ...{ state: "Enabled", mediaType: "RootVolumeTemplate", format: "qcow2", system: false },
    backupStorageRefs: [{ imageUuid: uuid, backupStorageUuid, status: "Ready" }],
  };
}

/** What has come about by itself since the last call. */
export function letImagesHappen(cloud: Cloud): void {
  for (const image of cloud.images.values()) {
    if (image.status === "Creating" && cloud.now() >= image.changesAt) image.status = "Ready";
  }
}

const createImage: Handler = async (cloud, { params, path, systemTags }) => {
  const uuid = chosenUuid(cloud.images, params.resourceUuid);
  const snapshot = get(cloud.snapshots, "snapshot", path.snapshot);
  const [backupStorageUuid = ""] = params.backupStorageUuids;
  if (!cloud.imageServers.some((server) => server.uuid === backupStorageUuid)) {
    throw absent("backupStorageUuids", backupStorageUuid, "BackupStorageVO");
  }
  if (cloud.imagesRefused !== undefined) throw operationError(cloud.imagesRefused);
  const image: Image = {
    ...{ uuid, name: params.name, description: params.description, backupStorageUuid },
    ...{ size: snapshot.size, platform: params.platform ?? "Linux", architecture: "x86_64" },
    ...{ createDate: "Nov 26, 2026 1:00:00 AM", isOurs: true, status: "Creating", systemTags },
    changesAt: cloud.now() + cloud.delays.imageMs,
  };
  cloud.images.set(uuid, image);
  await copyBytes(cloud, snapshot, uuid);
  return { ms: cloud.delays.imageMs, inventory: () => imageJson(image) };
};

const deleteImage: Handler = (cloud, { path }) => {
  const image = cloud.images.get(path.image ?? "");
  if (image === undefined) return { ms: 0 };
  image.status = "Deleted";
  return { ms: cloud.delays.deleteMs };
};

const expungeImage: Handler = async (cloud, { path }) => {
  const image = get(cloud.images, "image", path.image);
  if (image.status !== "Deleted") {
    throw operationError(`the image[uuid:${image.uuid}] is not deleted yet, can't expunge it`);
  }
  cloud.images.delete(image.uuid);
  if (image.isOurs) await cloud.machines?.deleteSnapshot(image.uuid);
  return { ms: cloud.delays.deleteMs };
};

export const imageHandlers: Record<string, Handler> = {
  CreateRootVolumeTemplateFromVolumeSnapshot: createImage,
  DeleteImage: deleteImage,
  ExpungeImage: expungeImage,
};
