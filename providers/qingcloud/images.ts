/** Images made of repaired clones, which launches boot from; and images that gateways start from. */
import { MigrationError } from "#domain/errors.ts";
import {
  chooseGatewayImage,
  defaultImageWish,
  findImage,
  type GatewayImage,
} from "#domain/gateway-images.ts";
import type { Parameters } from "../numbered-parameters.ts";
import type { Provider, VolumeBoots } from "../provider.ts";
import { type Account, isAbsent, listAll, unlessAbsent } from "./account.ts";
import { nameOf } from "./names.ts";
import { insist, type Kind, makeOnce, problemOf } from "./orders.ts";
import { findQingSnapshot, osIn, stateOf } from "./volumes.ts";

export interface QingImage {
  readonly image_id: string;
  readonly image_name?: string | null;
  readonly status: string;
  readonly transition_status?: string;
  readonly provider?: string;
  readonly platform?: string;
  readonly create_time?: string;
  /** GB, of its system disk. */
  readonly size: number;
}

export const imageKind: Kind<QingImage> = {
  action: "DescribeImages",
  set: "image_set",
  idOf: ({ image_id }) => image_id,
  nameOf: ({ image_name }) => image_name,
  isGone: ({ status }) => status === "deleted" || status === "ceased",
  filter: { provider: "self" },
};

async function listImages(account: Account, filter: Parameters): Promise<QingImage[]> {
  const found = await unlessAbsent(
    listAll<QingImage>(account, imageKind.action, imageKind.set, filter),
  );
  return (found ?? []).filter((image) => !imageKind.isGone(image));
}

export async function findQingImage(account: Account, id: string): Promise<QingImage | undefined> {
  return (await listImages(account, { images: [id] })).find(({ image_id }) => image_id === id);
}

/** Ready, of QingCloud itself or this account. @throws `cloud.not-found` */
export async function getImage(account: Account, id: string): Promise<QingImage> {
  const image = await findQingImage(account, id);
  if (image?.status !== "available") throw isAbsent("image", id);
  return image;
}

const plain = { status: ["available"], processor_type: "64bit" };

function listed(image: QingImage): GatewayImage & { image: QingImage } {
  const owners: Record<string, GatewayImage["owner"]> = { self: "self", system: "platform" };
  return {
    id: image.image_id,
    name: image.image_name ?? "",
    ...(image.create_time === undefined ? {} : { createdAt: image.create_time }),
    owner: owners[image.provider ?? ""] ?? "other",
    image,
  };
}

/** S-02: what gateways start from. @throws as `chooseGatewayImage` */
export async function findGatewayImage(account: Account): Promise<QingImage> {
  const wish = account.config.gateway.image ?? defaultImageWish("qingcloud", account.edition);
  const found =
    typeof wish === "string"
      ? await listImages(account, { images: [wish], status: ["available"] })
      : [
          ...(await listImages(account, { ...plain, provider: "self" })),
          ...(await listImages(account, { ...plain, provider: "system" })),
        ].filter(({ platform }) => platform !== "windows");
  return chooseGatewayImage("qingcloud", found.map(listed), wish).image;
}

/**
 * What a new image takes its system's family, platform and login from. Source: QingCloud API,
 * CaptureImageFromSnapshot, `base_image`.
 */
async function findBaseImage(account: Account, os: VolumeBoots["os"]): Promise<QingImage> {
  const given = account.config.launch.baseImages[os];
  if (given !== undefined) return getImage(account, given);
  const found = (await listImages(account, { ...plain, provider: "system" }))
    .filter(({ platform }) => platform === os)
    .sort((a, b) => ((a.create_time ?? "") < (b.create_time ?? "") ? 1 : -1));
  // A family that is known where there is one: a network appliance may be the newest.
  const known = findImage(found.map(listed), defaultImageWish("qingcloud", account.edition));
  const image = known?.image ?? found[0];
  if (image !== undefined) return image;
  throw new MigrationError("cloud.refused", {
    platform: "qingcloud",
    what: "an image of a volume",
    problem: `zone ${account.config.zone} has no ${os} image to take after; set launch.baseImages.${os}`,
  });
}

export function openImages(account: Account): NonNullable<Provider["images"]> {
  const { client } = account;

  return {
    async createImage(options) {
      const { snapshotId } = options;
      if (snapshotId === undefined) {
        throw new MigrationError("cloud.refused", {
          platform: "qingcloud",
          what: "an image of a volume",
          problem: "images are made of snapshots here",
        });
      }
      const id = await makeOnce(account, imageKind, options, async () => {
        const snapshot = await findQingSnapshot(account, snapshotId);
        if (snapshot === undefined) throw isAbsent("snapshot", snapshotId);
        const base = await findBaseImage(account, osIn(snapshot.snapshot_name));
        const made = await client.call<{ image_id: string }>("CaptureImageFromSnapshot", {
          snapshot: snapshotId,
          image_name: nameOf(options),
          base_image: base.image_id,
        });
        return made.image_id;
      });
      return { id };
    },

    async findImage(id) {
      const image = await findQingImage(account, id);
      if (image === undefined) return undefined;
      const state = stateOf(image.status, image.transition_status);
      const problem = state === "pending" ? await problemOf(account, id) : undefined;
      return problem === undefined ? { id, state } : { id, state: "failed", problem };
    },

    async deleteImage(id) {
      const image = await findQingImage(account, id);
      if (image === undefined || image.transition_status === "deleting") return;
      await unlessAbsent(insist(account, () => client.call("DeleteImages", { images: [id] })));
    },
  };
}
