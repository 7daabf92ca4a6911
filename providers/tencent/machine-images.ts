/** Images that instances are launched from: a gateway's by the target's wish, a server's own by its id. */
import type { Image as CvmImage } from "tencentcloud-sdk-nodejs/tencentcloud/services/cvm/v20170312/cvm_models.js";
import { MigrationError } from "#domain/errors.ts";
import { chooseGatewayImage, defaultImageWish, type GatewayImage } from "#domain/gateway-images.ts";
import type { Account } from "./account.ts";
import { findCvmImage, listImages } from "./images.ts";

export interface MachineImage extends GatewayImage {
  readonly sizeGiB: number;
}

/** @throws as `chooseGatewayImage` */
export async function findGatewayImage(account: Account): Promise<MachineImage> {
  const wish = account.config.gateway.image ?? defaultImageWish("tencent", account.edition);
  if (typeof wish === "string") {
    const given = await findCvmImage(account, wish);
    return chooseGatewayImage("tencent", given === undefined ? [] : [shown(given)], wish);
  }
  const types = [
    ...(wish.includes("hm-img") ? ["PRIVATE_IMAGE"] : []),
    ...(wish.some((choice) => choice !== "hm-img") ? ["PUBLIC_IMAGE"] : []),
  ];
  const listed = await listImages(account, { Name: "image-type", Values: types });
  return chooseGatewayImage("tencent", listed.filter(runsGateways).map(shown), wish);
}

/** @throws `cloud.not-found` */
export async function getMachineImage(account: Account, id: string): Promise<MachineImage> {
  const image = await findCvmImage(account, id);
  if (image !== undefined) return shown(image);
  throw new MigrationError("cloud.not-found", { platform: "tencent", what: "image", id });
}

/** Of an imported image nobody but its owner knows whether it has cloud-init. */
function runsGateways(image: CvmImage): boolean {
  const takesUserData = image.ImageType !== "PUBLIC_IMAGE" || image.IsSupportCloudinit === true;
  return (
    image.Architecture === "x86_64" &&
    image.ImageState === "NORMAL" &&
    image.ImageDeprecated !== true &&
    takesUserData
  );
}

const owners: Record<string, GatewayImage["owner"]> = {
  PUBLIC_IMAGE: "platform",
  PRIVATE_IMAGE: "self",
};

function shown(image: CvmImage): MachineImage {
  const { ImageId: id = "", ImageName, OsName, ImageType = "", CreatedTime: createdAt } = image;
  return {
    ...{ id, name: ImageName || OsName || "", sizeGiB: image.ImageSize ?? 0 },
    ...(createdAt === undefined ? {} : { createdAt }),
    owner: owners[ImageType] ?? "other",
  };
}
