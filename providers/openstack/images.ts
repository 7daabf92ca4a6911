/** System images made of repaired clones, where a launch boots from one. */
import { MigrationError } from "#domain/errors.ts";
import type { Provider, ResourceState } from "../provider.ts";
import { type Account, absent, listAll, makeOnce, unlessAbsent } from "./account.ts";
import { bootProperties, setImageProperties } from "./launch.ts";
import { findGlanceImage, type GlanceImage, sizeProperty } from "./machine-images.ts";
import { tagValue } from "./tags.ts";
import { findCinderVolume } from "./volumes.ts";

/** Source: "Image statuses" of Glance. What is missing is on its way. */
const states: Readonly<Record<string, ResourceState>> = {
  active: "ready",
  killed: "failed",
  deactivated: "failed",
  deleted: "deleting",
  pending_delete: "deleting",
};

/** An image's properties are named as Python names things. */
const consoleProperty = "hypermotion_console";
const ownerProperty = "hypermotion_owner";

export async function listOwnedImages(
  account: Account,
  owner?: string,
  name?: string,
): Promise<{ id: string; name: string; created_at?: string | undefined }[]> {
  const { projectId } = await account.client.session();
  const all = await listAll<GlanceImage>(account, "ListImages", "images", {
    owner: projectId,
    name,
    // Compared exactly. Source: Image API v2, "Show images", filters by property.
    [consoleProperty]: tagValue(account.consoleId),
  });
  return all
    .filter(
      (image) =>
        states[image.status] !== "deleting" &&
        image[consoleProperty] === tagValue(account.consoleId) &&
        (owner === undefined || image[ownerProperty] === tagValue(owner)) &&
        (name === undefined || image.name === name),
    )
    .map((image) => ({ id: image.id, name: image.name ?? "", created_at: image.created_at }));
}

export function openImages(account: Account): NonNullable<Provider["images"]> {
  const { client, config, consoleId } = account;

  async function remove(id: string): Promise<void> {
    await unlessAbsent(client.call("DeleteImage", { path: { id } }));
  }

  return {
    async createImage(options) {
      const { volumeId, token, firmware, tags } = options;
      if (volumeId === undefined) {
        const problem = "Cinder makes images of volumes";
        const facts = { platform: "openstack", what: "an image of a snapshot", problem };
        throw new MigrationError("cloud.refused", facts);
      }
      const image = await makeOnce(account, {
        key: `image ${token}`,
        find: () => listOwnedImages(account, undefined, token),
        async make() {
          const volume = await findCinderVolume(account, volumeId);
          if (volume === undefined) throw absent("volume", volumeId);
          // An image begins with the properties of its volume. Source: cinder/volume/api.py,
          // _merge_volume_image_meta.
          await setImageProperties(account, volumeId, {
            ...bootProperties(account, firmware),
            [consoleProperty]: tagValue(consoleId),
            [ownerProperty]: tagValue(tags["hypermotion:owner"]),
            [sizeProperty]: String(volume.size),
          });
          const answer = await client.call<{ "os-volume_upload_image": { image_id: string } }>(
            "UploadVolumeToImage",
            {
              path: { id: volumeId },
              body: {
                "os-volume_upload_image": {
                  image_name: token,
                  disk_format: config.launch.imageFormat,
                  container_format: "bare",
                  force: false,
                },
              },
            },
          );
          return { id: answer["os-volume_upload_image"].image_id, name: token };
        },
        remove,
      });
      return { id: image.id };
    },

    async findImage(id) {
      const image = await findGlanceImage(account, id);
      if (image === undefined) return undefined;
      const state = states[image.status] ?? "pending";
      return state === "failed" ? { id, state, problem: image.status } : { id, state };
    },

    deleteImage: remove,
  };
}
