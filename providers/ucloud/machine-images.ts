/** Images that hosts start from: a gateway's by the target's wish, HyperDoor's by its id. */
import { MigrationError } from "#domain/errors.ts";
import { chooseGatewayImage, defaultImageWish, type GatewayImage } from "#domain/gateway-images.ts";
import type { Parameters } from "../numbered-parameters.ts";
import type { Account } from "./account.ts";
import { listAll } from "./client.ts";

interface UHostImage {
  readonly ImageId: string;
  readonly ImageName?: string;
  readonly OsName?: string;
  readonly OsType?: string;
  /** Base, Business or Custom. */
  readonly ImageType?: string;
  readonly State?: string;
  readonly Features?: readonly string[];
  /** Seconds since 1970. */
  readonly CreateTime?: number;
  readonly ImageSize?: number;
}

export interface MachineImage extends GatewayImage {
  readonly sizeGiB: number;
  readonly features: readonly string[];
}

export async function listImages(
  account: Pick<Account, "client" | "config">,
  filter: Parameters,
): Promise<UHostImage[]> {
  return listAll<{ ImageSet?: UHostImage[] }, UHostImage>(
    account,
    "DescribeImage",
    { Zone: account.config.zone, ...filter },
    ({ ImageSet }) => ImageSet,
  );
}

/** @throws as `chooseGatewayImage` */
export async function findGatewayImage(account: Account): Promise<MachineImage> {
  const wish = account.config.gateway.image ?? defaultImageWish("ucloud", account.edition);
  const filters: Parameters[] =
    typeof wish === "string"
      ? [{ ImageId: wish }]
      : [
          ...(wish.includes("hm-img") ? [{ ImageType: "Custom", OsType: "Linux" }] : []),
          ...(wish.some((choice) => choice !== "hm-img")
            ? [{ ImageType: "Base", OsType: "Linux" }]
            : []),
        ];
  const listed: UHostImage[] = [];
  for (const filter of filters) listed.push(...(await listImages(account, filter)));
  return chooseGatewayImage("ucloud", listed.filter(runsGateways).map(shown), wish);
}

/**
 * The image that launched servers start from.
 * @throws `cloud.refused` where the target names none, `cloud.not-found`, `cloud.wrong-state`
 */
export async function getHyperDoorImage(
  account: Account,
  id = account.config.hyperDoor?.image,
): Promise<MachineImage> {
  if (id === undefined) {
    throw new MigrationError("cloud.refused", {
      platform: "ucloud",
      what: "the target",
      problem:
        "servers are launched from HyperDoor's image only, and hyperDoor.image is not set; upload the image and name its id",
    });
  }
  const image = (await listImages(account, { ImageId: id })).find(({ ImageId }) => ImageId === id);
  if (image === undefined) {
    throw new MigrationError("cloud.not-found", { platform: "ucloud", what: "image", id });
  }
  if (image.State !== "Available") {
    const facts = { platform: "ucloud", what: "image", id, state: image.State ?? "unknown" };
    throw new MigrationError("cloud.wrong-state", facts);
  }
  return shown(image);
}

/** Of an imported image nobody but its owner knows whether it has cloud-init. */
function runsGateways({ State, ImageType, Features = [] }: UHostImage): boolean {
  const takesUserData = ImageType === "Custom" || Features.includes("CloudInit");
  return State === "Available" && takesUserData && !Features.includes("Aarch64_Type");
}

const owners: Record<string, GatewayImage["owner"]> = { Base: "platform", Custom: "self" };

function shown(image: UHostImage): MachineImage {
  const { ImageId: id, ImageName, OsName, ImageType = "", CreateTime, Features = [] } = image;
  return {
    ...{ id, name: ImageName || OsName || "", sizeGiB: image.ImageSize ?? 0, features: Features },
    ...(CreateTime === undefined ? {} : { createdAt: new Date(CreateTime * 1000).toISOString() }),
    owner: owners[ImageType] ?? "other",
  };
}
