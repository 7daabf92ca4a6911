/** Images that gateways are made from, as they lie on the image servers. Source: zstack 5.2.1, ImageInventory.java. */
import { chooseGatewayImage, defaultImageWish, type GatewayImage } from "#domain/gateway-images.ts";
import type { Account } from "./account.ts";

interface ZstackImage {
  readonly uuid: string;
  readonly name: string;
  readonly size: number;
  readonly architecture?: string | null;
  readonly system?: boolean;
  readonly createDate?: string;
}

interface MachineImage extends GatewayImage {
  readonly sizeBytes: number;
}

/** Such as `Jan 10, 2026 1:00:00 AM`, of which nobody says in what zone: good enough to tell the newer one. */
function createdAt(text = ""): { createdAt?: string } {
  // Later Java puts a narrow space before AM and PM.
  const moment = Date.parse(text.replaceAll("\u202f", " "));
  return Number.isNaN(moment) ? {} : { createdAt: new Date(moment).toISOString() };
}

/**
 * Of the target's settings, else of the console's edition (R-007, R-008, S-05). A private cloud has no images but
 * those its people have put there: by the product's own name it is ours, by a distribution's the platform's.
 * @throws `cloud.not-found`, `gateway.image-missing`, `gateway.no-image`, `gateway.image-refused`
 */
export async function findGatewayImage({
  client,
  config,
  edition,
}: Account): Promise<MachineImage> {
  const all = await client.list<ZstackImage>("QueryImage", [
    "mediaType=RootVolumeTemplate",
    "status=Ready",
    "state=Enabled",
  ]);
  const images = all
    .filter(
      ({ architecture, system }) => system !== true && (architecture ?? "x86_64") === "x86_64",
    )
    .map(({ uuid, name, size, createDate }) => ({
      id: uuid,
      name,
      ...createdAt(createDate),
      owner: /^HM_IMG_/i.test(name) ? ("self" as const) : ("platform" as const),
      sizeBytes: size,
    }));
  const wish = config.gateway.image ?? defaultImageWish("zstack", edition);
  return chooseGatewayImage("zstack", images, wish);
}
