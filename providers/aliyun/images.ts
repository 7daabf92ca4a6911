/** Custom images made of repaired clones, which launches boot from; and images that gateways start from. */
import { MigrationError } from "#domain/errors.ts";
import { chooseGatewayImage, defaultImageWish, type GatewayImage } from "#domain/gateway-images.ts";
import type { Parameters } from "../numbered-parameters.ts";
import type { Provider, ResourceState } from "../provider.ts";
import { type Account, makeOnce, unlessAbsent } from "./account.ts";
import { type Caller, listByNumber } from "./paging.ts";
import { byToken, displayName, type Tagged, tagsOf } from "./tags.ts";

export interface EcsImage extends Tagged {
  readonly ImageId: string;
  readonly ImageName: string;
  readonly ImageOwnerAlias?: string;
  readonly CreationTime?: string;
  readonly Status: string;
  /** GiB, of its system disk. */
  readonly Size: number;
  /** `BIOS`, `UEFI`, or `UEFI-Preferred`: either. Source: DescribeImages, BootMode. */
  readonly BootMode?: string;
}

interface Images {
  TotalCount?: number;
  Images?: { Image?: EcsImage[] };
}

const states: Record<string, ResourceState> = {
  Creating: "pending",
  Waiting: "pending",
  Available: "ready",
  UnAvailable: "failed",
  CreateFailed: "failed",
};

/** Unless told, only those that are ready are shown. */
const anyStatus = Object.keys(states).join(",");

async function listImages(account: Caller, filter: Parameters): Promise<EcsImage[]> {
  return listByNumber<Images, EcsImage>(
    account,
    "ecs",
    "DescribeImages",
    filter,
    (answer) => answer.Images?.Image,
  );
}

export async function listOwnImages(account: Caller, filter: Parameters): Promise<EcsImage[]> {
  return listImages(account, { ImageOwnerAlias: "self", Status: anyStatus, ...filter });
}

export async function findOwnImage(account: Account, id: string): Promise<EcsImage | undefined> {
  const found = await listOwnImages(account, { ImageId: id });
  return found.find(({ ImageId }) => ImageId === id);
}

/** S-08. @throws `cloud.not-found` where the account has none of that id */
export async function findHyperDoorImage(account: Account, id: string): Promise<EcsImage> {
  const [found] = await listImages(account, { ImageId: id, Status: "Available" });
  if (found?.ImageId === id) return found;
  throw new MigrationError("cloud.not-found", { platform: "aliyun", what: "image", id });
}

/** what gateways start from. @throws as `chooseGatewayImage` */
export async function findGatewayImage(account: Account): Promise<EcsImage> {
  const wish = account.config.gateway.image ?? defaultImageWish("aliyun", account.edition);
  const plain = { OSType: "linux", Architecture: "x86_64", Status: "Available" };
  const listed =
    typeof wish === "string"
      ? await listImages(account, { ImageId: wish, Status: "Available" })
      : [
          ...(await listImages(account, { ...plain, ImageOwnerAlias: "self" })),
          ...(await listImages(account, {
            ...plain,
            ImageOwnerAlias: "system",
            IsSupportCloudinit: true,
          })),
        ];
  const owners: Record<string, GatewayImage["owner"]> = { self: "self", system: "platform" };
  const images = listed.map((image) => ({
    id: image.ImageId,
    // The platform's own are named by their id, such as debian_12_8_x64_20G_alibase_20241118.vhd.
    name: image.ImageName,
    ...(image.CreationTime === undefined ? {} : { createdAt: image.CreationTime }),
    owner: owners[image.ImageOwnerAlias ?? ""] ?? ("other" as const),
    image,
  }));
  return chooseGatewayImage("aliyun", images, wish).image;
}

export function openImages(account: Account): NonNullable<Provider["images"]> {
  const { client } = account;

  return {
    async createImage(options) {
      const { token, snapshotId, firmware } = options;
      if (snapshotId === undefined) {
        throw new MigrationError("cloud.refused", {
          platform: "aliyun",
          what: "an image of a volume",
          problem: "images are made of snapshots here",
        });
      }
      const id = await makeOnce(account, token, {
        find: async () => (await listOwnImages(account, { Tag: byToken(token) }))[0]?.ImageId,
        create: async (clientToken) => {
          const made = await client.call<{ ImageId: string }>("ecs", "CreateImage", {
            // No two images of an account share a name.
            ImageName: displayName(token),
            Description: displayName(options.tags.Name),
            Architecture: "x86_64",
            // The platform then leaves the guest as it is.
            Platform: "Others Linux",
            BootMode: firmware === "uefi" ? "UEFI" : "BIOS",
            DiskDeviceMapping: [
              { SnapshotId: snapshotId, DiskType: "system", Device: "/dev/xvda" },
            ],
            ClientToken: clientToken,
            Tag: tagsOf(options),
          });
          return made.ImageId;
        },
        isThere: async (id) => (await findOwnImage(account, id)) !== undefined,
      });
      return { id };
    },

    async findImage(id) {
      const image = await findOwnImage(account, id);
      return image && { id, state: states[image.Status] ?? "pending" };
    },

    async deleteImage(id) {
      // By force, for instances made of it may run: they have disks of their own.
      await unlessAbsent(client.call("ecs", "DeleteImage", { ImageId: id, Force: true }));
    },
  };
}
