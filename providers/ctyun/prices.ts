/**
 * What CTyun asks of this account, in yuan. Its models tell no period: the price of an order on demand is taken for
 * an hour's, which nobody has seen on an account yet. Source: order/new-query-price
 * (ctecs_query_new_order_price_v42_api.go).
 */
import { hoursOfMonth } from "#domain/prices.ts";
import type { Prices } from "../provider.ts";
import type { Account } from "./account.ts";
import type { Parameters } from "./client.ts";
import { bootDiskGiB } from "./create-instance.ts";
import { chooseGatewayFlavor } from "./flavors.ts";
import { findGatewayImage } from "./machine-images.ts";

/** The largest disks that it tells a price of. Source: sysDiskSize and diskSize. */
const mostGiB = { system: 2048, data: 2000 } as const;

/** @throws as `chooseGatewayFlavor` and `findGatewayImage` */
export async function pricesOf(account: Account, given: string | undefined): Promise<Prices> {
  const volumeHour = await ask(account, {
    resourceType: "EBS",
    diskMode: "VBD",
    diskType: account.config.volume.type,
    // An hour of a small disk is less than a cent, and a price may be rounded to cents.
    diskSize: mostGiB.data,
  });
  return {
    currency: "CNY",
    gatewayHour: await gatewayHour(account, given),
    volumeGibMonth: volumeHour && (volumeHour / mostGiB.data) * hoursOfMonth,
  };
}

/** With its system disk. Its address is paid by traffic, which is on top. */
async function gatewayHour(
  account: Account,
  given: string | undefined,
): Promise<number | undefined> {
  const { flavorName } = await chooseGatewayFlavor(account, given);
  const image = await findGatewayImage(account);
  const { diskType, diskGiB } = account.config.gateway;
  const sysDiskSize = bootDiskGiB(diskGiB, image);
  if (sysDiskSize > mostGiB.system) return undefined;
  const machine = { flavorName, imageUUID: image.id };
  return ask(account, { resourceType: "VM", ...machine, sysDiskType: diskType, sysDiskSize });
}

/** Of one, on demand. @returns what the account would pay; undefined where there is no price */
async function ask({ client }: Account, wish: Parameters): Promise<number | undefined> {
  const { finalPrice } = await client.call<{ finalPrice?: number | string | null }>(
    "QueryNewOrderPrice",
    { ...wish, count: 1, onDemand: true },
  );
  return Number(finalPrice) > 0 ? Number(finalPrice) : undefined;
}
