/**
 * List prices in US dollars, without any free tier or discount, read in November 2026 for us-east-1; other
 * regions differ by up to a half. The price list has an API of its own, in other regions and with permissions
 * that nothing else here needs. Source: aws.amazon.com/ec2/pricing, aws.amazon.com/ebs/pricing.
 */
import { hoursOfMonth } from "#domain/prices.ts";
import type { Prices } from "../provider.ts";
import type { AwsConfig } from "./config.ts";

/** The document's, Linux on demand. */
const instanceHour: Readonly<Record<string, number>> = { "t3.xlarge": 0.1664 };

/** Types whose operations are billed apart are left out. */
const gibMonth: Readonly<Partial<Record<AwsConfig["volume"]["type"], number>>> = {
  gp2: 0.1,
  gp3: 0.08,
  standard: 0.05,
};

const addressHour = 0.005;

export function pricesOf({ gateway, volume }: AwsConfig, gatewayType: string): Prices {
  const instance = instanceHour[gatewayType];
  const disk = (gateway.diskGiB * (gibMonth.gp2 ?? 0)) / hoursOfMonth;
  const address = gateway.publicAddress === "elastic" ? addressHour : 0;
  return {
    currency: "USD",
    gatewayHour: instance && instance + disk + address,
    volumeGibMonth: gibMonth[volume.type],
  };
}
