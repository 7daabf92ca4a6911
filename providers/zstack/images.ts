/** System images made of repaired clones: copies on the image server, which takes long. */
import type { Provider, ResourceState } from "../provider.ts";
import { type Account, findOne, makeOnce, notFound, refused, type Thing } from "./account.ts";
import { platformOf } from "./launch.ts";
import { getImageServer } from "./place.ts";
import type { ZstackSnapshot } from "./snapshots.ts";
import { marksOf, readMarks, uuidOf, written } from "./tags.ts";

export interface ZstackImage extends Thing {
  readonly status: string;
}

/** Source: zstack 5.2.1, ImageStatus.java. */
const states: Record<string, ResourceState> = {
  Creating: "pending",
  Downloading: "pending",
  Ready: "ready",
  Deleted: "deleting",
};

export function openImages(account: Account): NonNullable<Provider["images"]> {
  const { client, consoleId } = account;
  const find = (id: string) => findOne<ZstackImage>(account, "QueryImage", id);

  /** In two orders, like all that can be recovered. */
  async function remove(image: ZstackImage): Promise<void> {
    const path = { image: image.uuid };
    if (image.status !== "Deleted") {
      const isDeleted = await client.order("DeleteImage", { path });
      if (!isDeleted) return;
    }
    if ((await find(image.uuid)) !== undefined) await client.order("ExpungeImage", { path });
  }

  return {
    async createImage(options) {
      const { snapshotId, tags } = options;
      if (snapshotId === undefined) {
        const problem = "ZStack makes system images of snapshots";
        throw refused("an image of a data volume", problem);
      }
      const id = uuidOf(consoleId, "image", options.token);
      const make = async () => {
        const snapshot = await findOne<ZstackSnapshot>(account, "QueryVolumeSnapshot", snapshotId);
        if (snapshot === undefined) throw notFound("snapshot", snapshotId);
        await client.order("CreateRootVolumeTemplateFromVolumeSnapshot", {
          path: { snapshot: snapshotId },
          params: {
            name: tags.Name,
            description: written(marksOf(options)),
            backupStorageUuids: [await getImageServer(account)],
            platform: platformOf(readMarks(snapshot.description)?.os),
            architecture: "x86_64",
            virtio: true,
            resourceUuid: id,
          },
          ...(options.firmware === "uefi" ? { systemTags: ["bootMode::UEFI"] } : {}),
        });
      };
      await makeOnce(account, "image", () => find(id), make);
      return { id };
    },

    async findImage(id) {
      const image = await find(id);
      if (image === undefined) return undefined;
      if (image.status === "Deleted" && readMarks(image.description)?.console === consoleId) {
        await remove(image);
        if ((await find(id)) === undefined) return undefined;
      }
      return { id, state: states[image.status] ?? "pending" };
    },

    async deleteImage(id) {
      const image = await find(id);
      if (image !== undefined) await remove(image);
    },
  };
}
