/** Images that instances are made from: the gateways', and HyperDoor's. */
import { MigrationError } from "#domain/errors.ts";
import { chooseGatewayImage, defaultImageWish, type GatewayImage } from "#domain/gateway-images.ts";
import type { Parameters } from "../numbered-parameters.ts";
import type { Firmware } from "../provider.ts";
import { type Account, unlessAbsent } from "./account.ts";

/** Source: KEC API, DescribeImages. */
interface KecImage {
  readonly ImageId: string;
  readonly Name: string;
  readonly ImageState: string;
  readonly CreationDate?: string;
  readonly Platform?: string;
  readonly IsPublic?: boolean;
  readonly IsCloudMarket?: boolean;
  /** Such as `share`, `copy`, `import`. */
  readonly ImageSource?: string;
  /** GB. */
  readonly SysDisk?: number;
  readonly CloudInitSupport?: boolean;
  readonly BootMode?: string;
  readonly Architecture?: string;
}

export interface MachineImage extends GatewayImage {
  /** The least its system disk may be. */
  readonly diskGiB: number;
  readonly firmware: Firmware;
}

async function listImages(
  { client }: Pick<Account, "client">,
  filter: Parameters,
): Promise<KecImage[]> {
  const answer = await unlessAbsent(
    client.call<{ ImagesSet?: KecImage[] }>("kec", "DescribeImages", filter),
  );
  return (answer?.ImagesSet ?? []).filter(
    ({ ImageState, Architecture = "" }) =>
      ImageState === "active" && !/arm|aarch/i.test(Architecture),
  );
}

function asMachineImage(image: KecImage): MachineImage {
  const { IsPublic, IsCloudMarket, ImageSource = "", CreationDate, SysDisk = 0 } = image;
  const isOthers = IsCloudMarket === true || /share/i.test(ImageSource);
  return {
    id: image.ImageId,
    name: image.Name,
    ...(CreationDate === undefined ? {} : { createdAt: CreationDate }),
    owner: isOthers ? "other" : IsPublic === true ? "platform" : "self",
    diskGiB: SysDisk,
    firmware: /uefi/i.test(image.BootMode ?? "") ? "uefi" : "bios",
  };
}

/** By the target's settings, else by the console's edition. @throws as `chooseGatewayImage` */
export async function findGatewayImage(account: Account): Promise<MachineImage> {
  const wish = account.config.gateway.image ?? defaultImageWish("kingsoft", account.edition);
  const listed = await listImages(account, typeof wish === "string" ? { ImageId: wish } : {});
  const usable = listed.filter(
    // Without cloud-init an image hears nothing of its user data.
    ({ IsPublic, CloudInitSupport }) => IsPublic !== true || CloudInitSupport !== false,
  );
  return chooseGatewayImage("kingsoft", usable.map(asMachineImage), wish);
}

/** Neither the platform's, nor shared by somebody, nor of the market. */
export async function listOwnImages(account: Pick<Account, "client">): Promise<MachineImage[]> {
  const listed = await listImages(account, {});
  return listed.map(asMachineImage).filter(({ owner }) => owner === "self");
}

/** By id. @throws `cloud.not-found` */
export async function getMachineImage(account: Account, id: string): Promise<MachineImage> {
  const found = (await listImages(account, { ImageId: id })).find(({ ImageId }) => ImageId === id);
  if (found !== undefined) return asMachineImage(found);
  throw new MigrationError("cloud.not-found", { platform: "kingsoft", what: "image", id });
}
