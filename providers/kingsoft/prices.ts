/**
 * What Kingsoft Cloud asks of this account, its discounts taken off. No price of an elastic address is told.
 * Source: kingsoftcloud/sdk-java 9678ccf, kec/describeprice and ebs/describecreatevolumeprice (2016-03-04).
 */
import { hoursOfMonth } from "#domain/prices.ts";
import type { Prices } from "../provider.ts";
import type { Account } from "./account.ts";
import { gatewayMachine } from "./compute.ts";
import type { KingsoftConfig } from "./config.ts";
import { systemDisk } from "./create-instance.ts";

interface Price {
  readonly TradePrice?: number;
}

/** What one price is for: by what is settled, an hour or a day. The source says no more about it. */
const hoursOf: Readonly<Record<KingsoftConfig["billing"], number>> = {
  HourlyInstantSettlement: 1,
  Daily: 24,
};

/** An hour of a small volume is a few fen, and prices may be rounded to them. */
const askedGiB = 1000;

/** @throws as `gatewayMachine` */
export async function pricesOf(account: Account, given: string | undefined): Promise<Prices> {
  const gateway = await priceGateway(account, given);
  const volume = await priceVolume(account);
  return {
    currency: currencyOf(volume.unit || gateway.unit),
    gatewayHour: gateway.hour,
    volumeGibMonth: volume.gibHour && volume.gibHour * hoursOfMonth,
  };
}

/** Cloud disks have a price of their own in the same answer. */
async function priceGateway(account: Account, given: string | undefined) {
  const { client, config } = account;
  const { image, instanceType, disk } = await gatewayMachine(account, given);
  const { PriceInfo } = await client.call<{
    readonly PriceInfo?: {
      readonly InstancePrice?: Price & { readonly PriceUnit?: string };
      readonly EBSPrice?: Price;
    };
  }>("kec", "DescribePrice", {
    InstanceType: instanceType,
    ImageId: image.id,
    SystemDisk: systemDisk(disk),
    ChargeType: config.billing,
    MaxCount: 1,
  });
  const machine = hour(account, PriceInfo?.InstancePrice);
  return {
    hour: machine && machine + (hour(account, PriceInfo?.EBSPrice) ?? 0),
    unit: PriceInfo?.InstancePrice?.PriceUnit,
  };
}

/** Of the type and the payment that replicas have. */
async function priceVolume(account: Account) {
  const { client, config } = account;
  const { zone } = await account.place();
  const { volumeType, volumeGiB } = await account.choice();
  const sizeGiB = Math.max(volumeGiB.least, Math.min(askedGiB, volumeGiB.most));
  const { VolumePrice } = await client.call<{
    readonly VolumePrice?: Price & { readonly CurrencyUnit?: string };
  }>("ebs", "DescribeCreateVolumePrice", {
    VolumeType: volumeType,
    Size: sizeGiB,
    AvailabilityZone: zone,
    ChargeType: config.billing,
  });
  const all = hour(account, VolumePrice);
  return { gibHour: all && all / sizeGiB, unit: VolumePrice?.CurrencyUnit };
}

/** @returns undefined where there is no price */
function hour({ config }: Account, { TradePrice }: Price = {}): number | undefined {
  return TradePrice ? TradePrice / hoursOf[config.billing] : undefined;
}

/** How the unit is written is said nowhere; there are these two. Source: the same SDK, kingpay/querycashwalletaction. */
const currencyOf = (unit = ""): string => (/USD|美元|\$/i.test(unit) ? "USD" : "CNY");
