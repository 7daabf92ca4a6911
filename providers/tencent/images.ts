/** Custom images made of repaired clones: the one way to a system disk of ours. */
import type {
  Image as CvmImage,
  Filter,
} from "tencentcloud-sdk-nodejs/tencentcloud/services/cvm/v20170312/cvm_models.js";
import { MigrationError } from "#domain/errors.ts";
import type { Provider, ResourceState } from "../provider.ts";
import { type Account, makeOnce, unlessGone, untilShown } from "./account.ts";
import { listAll } from "./client.ts";
import { codeOf } from "./errors.ts";
import { uniqueName } from "./names.ts";
import { tagsOf } from "./tags.ts";

/** Source: CVM API, data type Image, ImageState. */
const states: Record<string, ResourceState> = {
  CREATING: "pending",
  SYNCING: "pending",
  IMPORTING: "pending",
  NORMAL: "ready",
  CREATEFAILED: "failed",
  IMPORTFAILED: "failed",
};

export async function findCvmImage({ cvm }: Account, id: string): Promise<CvmImage | undefined> {
  const answer = await unlessGone(cvm.DescribeImages({ ImageIds: [id] }));
  return answer?.ImageSet?.[0];
}

export async function listImages({ cvm }: Account, ...Filters: Filter[]): Promise<CvmImage[]> {
  return listAll(async (page) => (await cvm.DescribeImages({ Filters, ...page })).ImageSet);
}

export async function listOwnImages(account: Account, ...filters: Filter[]): Promise<CvmImage[]> {
  return listImages(account, { Name: "image-type", Values: ["PRIVATE_IMAGE"] }, ...filters);
}

export function openImages(account: Account): NonNullable<Provider["images"]> {
  const { cvm } = account;

  const refused = (what: string, problem: string) =>
    new MigrationError("cloud.refused", { platform: "tencent", what, problem });

  /** The filter finds names that contain it. */
  async function findByName(name: string): Promise<string | undefined> {
    const found = await listOwnImages(account, { Name: "image-name", Values: [name] });
    return found.find(({ ImageName }) => ImageName === name)?.ImageId;
  }

  return {
    async createImage(options) {
      const { snapshotId, firmware } = options;
      if (snapshotId === undefined) {
        throw refused("an image of a volume", "Tencent makes images of snapshots");
      }
      if (firmware !== "bios") {
        throw refused("an image for UEFI", "images of snapshots start by BIOS");
      }
      // An image's name is unique in its account and region, which makes it the token.
      const name = uniqueName(options.token);
      const id = await makeOnce(
        account,
        () => findByName(name),
        async () => {
          try {
            const { ImageId } = await cvm.CreateImage({
              ImageName: name,
              ImageDescription: options.tags.Name,
              SnapshotIds: [snapshotId],
              TagSpecification: [{ ResourceType: "image", Tags: tagsOf(options) }],
            });
            return ImageId ?? "";
          } catch (error) {
            // Somebody else has made it since we looked.
            const twin =
              codeOf(error) === "InvalidImageName.Duplicate" ? await findByName(name) : undefined;
            if (twin === undefined) throw error;
            return twin;
          }
        },
      );
      await untilShown(account, () => findCvmImage(account, id));
      return { id };
    },

    async findImage(id) {
      const image = await findCvmImage(account, id);
      return image && { id, state: states[image.ImageState ?? ""] ?? "pending" };
    },

    async deleteImage(id) {
      await unlessGone(cvm.DeleteImages({ ImageIds: [id], DeleteBindedSnap: false }));
    },
  };
}
