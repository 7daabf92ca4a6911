/**
 * What Tencent asks of this account, by the hour. The APIs name no currency: the Chinese site bills in yuan, the
 * international one in US dollars. Sources: CVM API, InquiryPriceRunInstances; CBS API, InquiryPriceCreateDisks.
 */
import { hoursOfMonth } from "#domain/prices.ts";
import type { Prices } from "../provider.ts";
import type { Account } from "./account.ts";
import { gatewayType } from "./instance-types.ts";
import { findGatewayImage } from "./machine-images.ts";

/** Every type of disk has this size. */
const askedGiB = 100;

/** @throws as `gatewayType` */
export async function pricesOf(account: Account, given: string | undefined): Promise<Prices> {
  const { config } = account;
  const volumeHour = await diskHour(account);
  return {
    currency: config.site === "china" ? "CNY" : "USD",
    gatewayHour: await gatewayHour(account, await gatewayType(account, given)),
    volumeGibMonth: volumeHour && (volumeHour / askedGiB) * hoursOfMonth,
  };
}

/** With its system disk. */
async function gatewayHour(account: Account, InstanceType: string): Promise<number | undefined> {
  const { cvm, config } = account;
  const { diskType, diskGiB } = config.gateway;
  const { zone } = await account.place();
  const image = await findGatewayImage(account);
  const { Price } = await cvm.InquiryPriceRunInstances({
    Placement: { Zone: zone },
    ImageId: image.id,
    InstanceChargeType: "POSTPAID_BY_HOUR",
    InstanceType,
    SystemDisk: { DiskType: diskType, DiskSize: Math.max(diskGiB, image.sizeGiB) },
    InstanceCount: 1,
  });
  const { UnitPriceDiscount, UnitPrice } = Price?.InstancePrice ?? {};
  return UnitPriceDiscount ?? UnitPrice;
}

async function diskHour({ cbs, config }: Account): Promise<number | undefined> {
  const { DiskPrice = {} } = await cbs.InquiryPriceCreateDisks({
    DiskChargeType: "POSTPAID_BY_HOUR",
    DiskType: config.volume.type,
    DiskSize: askedGiB,
    DiskCount: 1,
  });
  // An hour of a disk is a few cents: the plain figures are rounded to two places.
  const exact = DiskPrice.UnitPriceDiscountHigh ?? DiskPrice.UnitPriceHigh;
  return exact ? Number(exact) : (DiskPrice.UnitPriceDiscount ?? DiskPrice.UnitPrice);
}
