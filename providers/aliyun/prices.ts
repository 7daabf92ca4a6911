/** What Alibaba Cloud asks of this account by the hour. Source: ECS API 2014-05-26, DescribePrice. */
import { MigrationError } from "#domain/errors.ts";
import { hoursOfMonth } from "#domain/prices.ts";
import type { Parameters } from "../numbered-parameters.ts";
import type { Prices } from "../provider.ts";
import type { Account } from "./account.ts";
import { levelOf } from "./disk-sizes.ts";
import { codeOf } from "./errors.ts";
import { findGatewayImage } from "./images.ts";
import { choose } from "./stock.ts";

interface Price {
  /** CNY for accounts of the Chinese site, USD for those of the international one. */
  readonly Currency?: string;
  /** With the account's discounts. */
  readonly TradePrice?: number;
}

/** Every category and level has this size. */
const askedGiB = 2000;

/** Pay-as-you-go. @returns undefined where there is none now */
async function ask({ client }: Account, parameters: Parameters): Promise<Price | undefined> {
  try {
    const { PriceInfo } = await client.call<{ PriceInfo?: { Price?: Price } }>(
      "ecs",
      "DescribePrice",
      { ...parameters, PriceUnit: "Hour" },
    );
    return PriceInfo?.Price;
  } catch (error) {
    // "The price of your queried resource is not available now, please try other resources."
    if (codeOf(error) === "PriceNotFound") return undefined;
    throw error;
  }
}

/** @throws as `choose` and `findGatewayImage` */
export async function pricesOf(account: Account, given: string | undefined): Promise<Prices> {
  const gateway = await priceOfGateway(account, given);
  const volume = await priceOfVolume(account);
  const currency = gateway?.Currency ?? volume?.Currency;
  if (currency === undefined) {
    throw new MigrationError("cloud.refused", {
      platform: "aliyun",
      what: "prices",
      problem: "neither the gateway nor its volumes have one now",
    });
  }
  return {
    currency,
    gatewayHour: gateway?.TradePrice,
    volumeGibMonth: volume?.TradePrice && (volume.TradePrice / askedGiB) * hoursOfMonth,
  };
}

/**
 * With its system disk. An elastic address costs nothing but traffic while it is bound to an instance.
 * Source: EIP user guide, "Pay-as-you-go", configuration fee.
 */
async function priceOfGateway(
  account: Account,
  given: string | undefined,
): Promise<Price | undefined> {
  const { gateway, volume } = account.config;
  const image = await findGatewayImage(account);
  const { gatewayType, gatewayDisk } = await choose(account, given);
  return ask(account, {
    ResourceType: "instance",
    InstanceType: gatewayType,
    // A system disk has a price only with an image.
    ImageId: image.ImageId,
    IoOptimized: "optimized",
    SystemDisk: {
      Category: gatewayDisk,
      PerformanceLevel: levelOf(gatewayDisk, volume),
      Size: Math.max(gateway.diskGiB, image.Size),
    },
  });
}

async function priceOfVolume(account: Account): Promise<Price | undefined> {
  const { volumes } = await account.choice();
  return ask(account, {
    ResourceType: "disk",
    DataDisk: [
      {
        Category: volumes,
        PerformanceLevel: levelOf(volumes, account.config.volume),
        Size: askedGiB,
      },
    ],
  });
}
