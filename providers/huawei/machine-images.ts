/** Images as IMS lists them: what gateways, shells and carriers are made from. */
import {
  chooseGatewayImage,
  defaultImageWish,
  type GatewayImage,
  type ImageWish,
} from "#domain/gateway-images.ts";
import type { Firmware } from "../provider.ts";
import { type Account, listByMarker } from "./account.ts";

/** Source: IMS API reference, ListImages. */
export interface ImsImage {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly min_disk: number;
  readonly created_at: string;
  readonly __imagetype: string;
  readonly hw_firmware_type?: string;
}

export interface MachineImage extends GatewayImage {
  /** The least its system disk may be. */
  readonly diskGiB: number;
}

const owners: Record<string, GatewayImage["owner"]> = { gold: "platform", private: "self" };

/** Of the target's settings, else of the console's edition. */
export function findGatewayImage(account: Account): Promise<MachineImage> {
  const { config, edition } = account;
  return findMachineImage(account, config.gateway.image ?? defaultImageWish("huawei", edition));
}

/**
 * By id, or the newest of the first family there is one of.
 * @throws `cloud.not-found`, `gateway.image-missing`, `gateway.no-image`
 */
export async function findMachineImage(
  account: Account,
  wish: ImageWish,
  firmware?: Firmware,
): Promise<MachineImage> {
  const queries =
    typeof wish === "string"
      ? [{ id: wish }]
      : [{ __imagetype: "private" }, { __imagetype: "gold" }];
  const lists = await Promise.all(queries.map((query) => listMachineImages(account, query)));
  const images = lists
    .flat()
    .filter((image) => firmware === undefined || firmwareOf(image) === firmware)
    .map((image) => ({
      id: image.id,
      name: image.name,
      createdAt: image.created_at,
      owner: owners[image.__imagetype] ?? ("other" as const),
      diskGiB: image.min_disk,
    }));
  return chooseGatewayImage("huawei", images, wish);
}

/** Those a server can be made from. */
export async function listMachineImages(
  account: Pick<Account, "client">,
  query: Readonly<Record<string, string>>,
): Promise<ImsImage[]> {
  const wanted = {
    ...query,
    __os_type: "Linux",
    status: "active",
    virtual_env_type: "FusionCompute",
    architecture: "x86",
  };
  return listByMarker(account, "ListImages", wanted, ({ images }) => images as ImsImage[]);
}

/** BIOS unless it says otherwise. Source: IMS API reference, CreateImage, hw_firmware_type. */
export function firmwareOf({ hw_firmware_type }: ImsImage): Firmware {
  return hw_firmware_type === "uefi" ? "uefi" : "bios";
}
