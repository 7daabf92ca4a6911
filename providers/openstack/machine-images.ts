/** Images as Glance lists them: what gateways are made from. Source: Image API v2, "List images". */
import {
  chooseGatewayImage,
  defaultImageWish,
  type GatewayImage,
  type ImageWish,
} from "#domain/gateway-images.ts";
import { type Account, type Connection, listAll, unlessAbsent } from "./account.ts";

export interface GlanceImage {
  readonly id: string;
  readonly name?: string | null;
  readonly status: string;
  readonly owner?: string | null;
  readonly visibility?: string;
  readonly created_at?: string;
  readonly disk_format?: string | null;
  /** GiB. */
  readonly min_disk?: number;
  /** Bytes once unpacked; null where Glance never looked. */
  readonly virtual_size?: number | null;
  /** Properties of our own stand beside the others. */
  readonly [property: string]: unknown;
}

export interface MachineImage extends GatewayImage {
  /** The least its system disk may be. */
  readonly diskGiB: number;
}

const GiB = 1024 ** 3;

/** Of the target's settings, else of the console's edition (R-007, R-008, S-01). */
export function findGatewayImage(account: Account): Promise<MachineImage> {
  const { config, edition } = account;
  return findMachineImage(account, config.gateway.image ?? defaultImageWish("openstack", edition));
}

/**
 * By id, or the newest of the first family there is one of. A public image is the cloud's own: only its
 * administrators may publish (Glance's policy `publicize_image`).
 * @throws `cloud.not-found`, `gateway.image-missing`, `gateway.no-image`
 */
export async function findMachineImage(account: Account, wish: ImageWish): Promise<MachineImage> {
  const { projectId } = await account.client.session();
  const found =
    typeof wish === "string"
      ? [await findGlanceImage(account, wish)]
      : await listAll<GlanceImage>(account, "ListImages", "images", { status: "active" });
  const images = found
    .filter((image) => image !== undefined)
    .filter(({ status }) => status === "active")
    .map((image) => ({ ...asGatewayImage(image, projectId), diskGiB: diskGiBOf(image) }));
  return chooseGatewayImage("openstack", images, wish);
}

/** The project's, ready to be used. */
export async function listOwnImages(connection: Connection): Promise<GlanceImage[]> {
  const { projectId } = await connection.client.session();
  return listAll<GlanceImage>(connection, "ListImages", "images", {
    owner: projectId,
    status: "active",
  });
}

export async function findGlanceImage(
  { client }: Account,
  id: string,
): Promise<GlanceImage | undefined> {
  return unlessAbsent(client.call<GlanceImage>("ShowImage", { path: { id } }));
}

function asGatewayImage(image: GlanceImage, projectId: string): GatewayImage {
  const { id, name, created_at, owner, visibility } = image;
  const shared = visibility === "public" ? "platform" : "other";
  return {
    id,
    name: name ?? "",
    owner: owner === projectId ? "self" : shared,
    ...(created_at === undefined ? {} : { createdAt: created_at }),
  };
}

/** On images we made, the size of what they were made of: Cinder says nothing of it (`min_disk` 0, seen on Zed). */
export const sizeProperty = "hypermotion_gib";

function diskGiBOf(image: GlanceImage): number {
  const { min_disk = 0, virtual_size } = image;
  const ours = Number(image[sizeProperty] ?? 0);
  return Math.max(1, min_disk, ours, Math.ceil((virtual_size ?? 0) / GiB));
}
