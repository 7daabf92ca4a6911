/** What the zone has to sell: instance types, and which disks each of them takes. */

import { MigrationError } from "#domain/errors.ts";
import { checkGatewayType, chooseGatewayType } from "#domain/gateway-defaults.ts";
import type { Parameters } from "../numbered-parameters.ts";
import type { InstanceType } from "../provider.ts";
import type { Account, Choice } from "./account.ts";
import { type DiskCategory, diskCategories } from "./config.ts";
import { shown } from "./instance-types.ts";

interface AvailableResources {
  AvailableZones?: {
    AvailableZone?: {
      ZoneId: string;
      AvailableResources?: {
        AvailableResource?: {
          Type: string;
          SupportedResources?: { SupportedResource?: { Value: string; Status: string }[] };
        }[];
      };
    }[];
  };
}

/** Of the kind asked for, in our zone, pay-as-you-go. What is sold out is not there. */
async function listAvailable(
  { client, place }: Account,
  kind: "InstanceType" | "SystemDisk",
  parameters: Parameters = {},
): Promise<string[]> {
  const { zone } = await place();
  const answer = await client.call<AvailableResources>("ecs", "DescribeAvailableResource", {
    ZoneId: zone,
    ResourceType: "instance",
    DestinationResource: kind,
    InstanceChargeType: "PostPaid",
    IoOptimized: "optimized",
    ...parameters,
  });
  return (answer.AvailableZones?.AvailableZone ?? [])
    .filter(({ ZoneId }) => ZoneId === zone)
    .flatMap(({ AvailableResources }) => AvailableResources?.AvailableResource ?? [])
    .filter(({ Type }) => Type === kind)
    .flatMap(({ SupportedResources }) => SupportedResources?.SupportedResource ?? [])
    .filter(({ Status }) => Status === "Available")
    .map(({ Value }) => Value);
}

/** Of the disks we make, those that instances of this type take, the platform's order. */
export async function listDiskCategories(
  account: Account,
  instanceType: string,
): Promise<DiskCategory[]> {
  const offered = await listAvailable(account, "SystemDisk", { InstanceType: instanceType });
  return diskCategories.filter((category) => offered.includes(category));
}

/** In stock in our zone, smallest first. */
export async function listStock(
  account: Account,
  families?: readonly string[],
): Promise<InstanceType[]> {
  const stocked = new Set(await listAvailable(account, "InstanceType"));
  const types = await account.types();
  return types
    .filter(({ InstanceTypeId }) => stocked.has(InstanceTypeId))
    .filter(({ InstanceTypeFamily }) => families?.includes(InstanceTypeFamily) ?? true)
    .map(shown)
    .sort(
      (a, b) => a.memoryBytes - b.memoryBytes || a.vcpus - b.vcpus || (a.name < b.name ? -1 : 1),
    );
}

/**
 * The gateway's type, and disks that it takes.
 * @param wanted type, instead of the target's own setting
 * @throws `cloud.capacity`, `gateway.too-small`, `gateway.no-type`
 */
export async function choose(account: Account, wanted?: string): Promise<Choice> {
  const { config } = account;
  const stock = await listStock(account);
  const named = wanted ?? config.gateway.instanceType;
  const type =
    named === undefined
      ? chooseGatewayType("aliyun", stock)
      : stock.find(({ name }) => name === named);
  const { zone } = await account.place();
  if (type === undefined) {
    throw new MigrationError("cloud.capacity", {
      platform: "aliyun",
      what: `${named} in zone ${zone}`,
    });
  }
  checkGatewayType("aliyun", type);
  const categories = await listDiskCategories(account, type.name);
  const volumes = config.volume.categories.find((category) => categories.includes(category));
  if (volumes === undefined) {
    const wishes = config.volume.categories.join(", ");
    throw new MigrationError("cloud.capacity", {
      platform: "aliyun",
      what: `disks of ${wishes} for ${type.name} in zone ${zone}`,
    });
  }
  const { diskCategory } = config.gateway;
  return {
    gatewayType: type.name,
    gatewayVolumes: type.maxVolumes,
    gatewayDisk: categories.includes(diskCategory) ? diskCategory : volumes,
    volumes,
  };
}
