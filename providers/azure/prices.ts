/**
 * Azure's public list of prices. It knows no accounts, so it has no discounts; and it answers in US dollars, in which
 * Microsoft prices: other currencies of it are for reference only. On top of what is told here come a standard disk's
 * operations and the public address. Source: Cost Management REST API, "Azure Retail Prices overview".
 */
import { hoursOfMonth } from "#domain/prices.ts";
import type { Prices } from "../provider.ts";
import type { AzureConfig } from "./config.ts";
import { gatewaySize } from "./sizes.ts";
import type { Subscription } from "./subscription.ts";

/** One of the list, as far as it is read. */
interface Meter {
  readonly currencyCode?: string;
  readonly productName?: string;
  readonly skuName?: string;
  readonly meterName?: string;
  readonly unitOfMeasure?: string;
  readonly retailPrice?: number;
}

type Family = "Standard" | "StandardSSD" | "Premium";
const products: Readonly<Record<Family, { readonly name: string; readonly letter: string }>> = {
  Standard: { name: "Standard HDD Managed Disks", letter: "S" },
  StandardSSD: { name: "Standard SSD Managed Disks", letter: "E" },
  Premium: { name: "Premium SSD Managed Disks", letter: "P" },
};

/**
 * A disk is paid for as the smallest of these that holds it: the first holds 4 GiB, each of the others twice the one
 * before. Source: "Azure managed disk types", the sizes of Premium SSD, Standard SSD and Standard HDD.
 */
const tiers = [1, 2, 3, 4, 6, 10, 15, 20, 30, 40, 50, 60, 70, 80];
/** Standard HDD begins there. */
const leastOfHdd = 32;

/** As large as a replica's volume mostly is; what a GiB costs depends on it. */
const usualGiB = 100;

export async function pricesOf(
  subscription: Subscription,
  gatewayType: string | undefined,
): Promise<Prices> {
  const { config, listPrices } = subscription;
  // Its list is one file of all there is, of a preview. Source: "Azure Retail Prices API for China".
  if (config.cloud === "china") return { currency: "CNY" };
  const size = gatewaySize(await subscription.sizes(), config, gatewayType);
  const inPlace = `armRegionName eq '${config.location}' and priceType eq 'Consumption'`;
  const machines = (await listPrices(
    `serviceName eq 'Virtual Machines' and armSkuName eq '${size.name}' and ${inPlace}`,
  )) as readonly Meter[];
  const { family, redundancy } = kindOf(config.volume.type);
  const disks = (await listPrices(
    `serviceName eq 'Storage' and productName eq '${products[family].name}' and ${inPlace}`,
  )) as readonly Meter[];
  const diskMonth = (sizeGiB: number) => {
    const name = `${tierOf(family, sizeGiB)} ${redundancy} Disk`;
    return priceOf(disks, "1/Month", ({ meterName }) => meterName === name);
  };
  const machine = priceOf(machines, "1 Hour", isLinuxOnDemand);
  const ownDisk = diskMonth(config.gateway.diskGiB);
  const volume = diskMonth(usualGiB);
  return {
    currency: [...machines, ...disks][0]?.currencyCode ?? "USD",
    gatewayHour:
      machine === undefined || ownDisk === undefined ? undefined : machine + ownDisk / hoursOfMonth,
    volumeGibMonth: volume && volume / usualGiB,
  };
}

/** `StandardSSD_LRS` is a standard SSD, kept in one place. */
function kindOf(type: AzureConfig["volume"]["type"]) {
  const [family, redundancy] = type.split("_") as [Family, "LRS" | "ZRS"];
  return { family, redundancy };
}

/** Such as E10, which holds 128 GiB. */
function tierOf(family: Family, sizeGiB: number): string {
  const least = family === "Standard" ? Math.max(sizeGiB, leastOfHdd) : sizeGiB;
  return `${products[family].letter}${tiers.find((_, index) => 4 * 2 ** index >= least)}`;
}

/** Linux is what has no other mark. */
function isLinuxOnDemand({ productName = "", skuName = "" }: Meter): boolean {
  return !/Windows|Cloud ?Services/.test(productName) && !/ (Spot|Low Priority)$/.test(skuName);
}

/** Undefined where there is none, or where meters disagree. */
function priceOf(
  meters: readonly Meter[],
  unit: string,
  fits: (meter: Meter) => boolean,
): number | undefined {
  const prices = meters
    .filter((meter) => meter.unitOfMeasure === unit && fits(meter))
    .map(({ retailPrice = 0 }) => retailPrice)
    .filter((price) => price > 0);
  const [price, ...others] = new Set(prices);
  return others.length > 0 ? undefined : price;
}
