/** Images that servers are made from. Source: image/list and image/detail of ctimage. */
import { MigrationError } from "#domain/errors.ts";
import { chooseGatewayImage, defaultImageWish, type GatewayImage } from "#domain/gateway-images.ts";
import type { Firmware } from "../provider.ts";
import { type Account, listPages, unlessAbsent } from "./account.ts";
import { zoneIfSeveral } from "./config.ts";

/** As create-instance takes them for `imageType`, and image/list for `visibility`. */
const visibilities = { private: 0, public: 1, shared: 2, safe: 3, app: 4 } as const;
type Visibility = keyof typeof visibilities;

interface ImsImage {
  readonly imageID: string;
  readonly imageName: string;
  readonly architecture?: string;
  readonly bootMode?: string;
  /** GiB. */
  readonly diskSize?: number;
  /** Since 1970, in seconds or milliseconds: the vendor's models don't say. */
  readonly createdTime?: number;
  readonly osType?: string;
  /** Empty for images of system disks. */
  readonly imageType?: string;
  readonly status: string;
  readonly visibility?: string;
}

export interface MachineImage extends GatewayImage {
  /** The least its system disk may be. */
  readonly diskGiB: number;
  readonly visibility: number;
  readonly firmware: Firmware;
}

const owners: Partial<Record<string, GatewayImage["owner"]>> = {
  private: "self",
  public: "platform",
};

function asMachineImage(image: ImsImage): MachineImage {
  const { imageID, imageName, createdTime, diskSize = 0, visibility = "private" } = image;
  return {
    id: imageID,
    name: imageName,
    owner: owners[visibility] ?? "other",
    ...(createdTime === undefined
      ? {}
      : { createdAt: new Date(createdTime * (createdTime < 1e11 ? 1_000 : 1)).toISOString() }),
    diskGiB: diskSize,
    visibility: visibilities[visibility as Visibility] ?? visibilities.private,
    firmware: image.bootMode === "uefi" ? "uefi" : "bios",
  };
}

const isUsable = ({ status, architecture, imageType = "" }: ImsImage) =>
  status === "active" && architecture !== "aarch64" && imageType !== "data_disk_image";

/** Those that can run HyperDoor or a gateway; of all zones in a pool of several, as long as none is set. */
export async function listMachineImages(
  account: Pick<Account, "client" | "config">,
  visibility: Visibility,
): Promise<MachineImage[]> {
  const found = await listPages<ImsImage>(
    account,
    "ListImage",
    { azName: zoneIfSeveral(account.config), visibility: visibilities[visibility] },
    ({ images }) => images,
  );
  return found
    .filter((image) => isUsable(image) && image.osType !== "windows")
    .map((image) => asMachineImage({ visibility, ...image }));
}

/** @throws `cloud.not-found`, `cloud.wrong-state` while it is no image that servers start from */
export async function findMachineImage({ client }: Account, id: string): Promise<MachineImage> {
  const answer = await unlessAbsent(
    client.call<{ images?: ImsImage[] | null }>("DetailImage", { imageID: id }),
  );
  const [image] = answer?.images ?? [];
  const facts = { platform: "ctyun", what: "image", id };
  if (image === undefined) throw new MigrationError("cloud.not-found", facts);
  if (isUsable(image)) return asMachineImage(image);
  const { status, architecture = "", imageType = "" } = image;
  const state = [status, architecture, imageType].filter((word) => word !== "").join(", ");
  throw new MigrationError("cloud.wrong-state", { ...facts, state });
}

/**
 * Of the target's settings, else of the console's edition: a public one in both (S-03).
 * @throws `cloud.not-found`, `gateway.image-missing`, `gateway.no-image`, `gateway.image-refused`
 */
export async function findGatewayImage(account: Account): Promise<MachineImage> {
  const { config, edition } = account;
  const wish = config.gateway.image ?? defaultImageWish("ctyun", edition);
  if (typeof wish === "string") {
    return chooseGatewayImage("ctyun", [await findMachineImage(account, wish)], wish);
  }
  const images = [
    ...(await listMachineImages(account, "private")),
    ...(await listMachineImages(account, "public")),
  ];
  return chooseGatewayImage("ctyun", images, wish);
}
