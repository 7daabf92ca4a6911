/** What can be chosen for a target's settings. */
import { type Asking, type Choices, settingsSoFar } from "../choices.ts";
import { type KingsoftClient, openClient } from "./client.ts";
import { type KingsoftConfig, type KingsoftSecrets, kingsoftConfig } from "./config.ts";
import { inCloudTerms } from "./errors.ts";
import { listOwnImages } from "./machine-images.ts";
import { listByToken } from "./paging.ts";

/** Each region knows all the others; some region is signed for in every call. */
const standIns = { region: "cn-beijing-6", subnetId: "00000000-0000-4000-8000-000000000000" };

interface Subnet {
  readonly SubnetId: string;
  readonly SubnetName?: string;
  readonly SubnetType?: string;
  readonly CidrBlock?: string;
  readonly AvailabilityZoneName?: string;
  readonly VpcId?: string;
  readonly AvailableIpNumber?: string;
  /** Sic. Source: sdk-go and terraform-provider-ksyun know both spellings. */
  readonly AvailbleIPNumber?: string;
}

export const kingsoftChoices: Choices<
  KingsoftSecrets,
  "region" | "subnetId" | "zone" | "hyperDoor.image"
> = {
  region: (asking) =>
    ask(asking, [], async ({ client }) => {
      const { RegionSet = [] } = await client.call<{
        RegionSet?: readonly { readonly Region: string; readonly RegionName?: string }[];
      }>("kec", "DescribeRegions");
      return RegionSet.map(({ Region, RegionName = "" }) => ({ value: Region, label: RegionName }));
    }),

  /** Those that instances can be put into, of the zone where one is given. */
  subnetId: (asking) =>
    ask(asking, ["region"], async ({ client, config: { zone } }) => {
      const subnets = await listByToken<{ NextToken?: string; SubnetSet?: Subnet[] }, Subnet>(
        { client },
        "vpc",
        "DescribeSubnets",
        {},
        ({ SubnetSet }) => SubnetSet,
      );
      return subnets
        .filter(({ SubnetType = "Normal" }) => SubnetType === "Normal")
        .filter(({ AvailabilityZoneName }) => zone === undefined || AvailabilityZoneName === zone)
        .map((subnet) => ({ value: subnet.SubnetId, label: labelOf(subnet) }));
    }),

  /** As VPC names them, since a target's zone is compared with its subnet's. */
  zone: (asking) =>
    ask(asking, ["region"], async ({ client }) => {
      const { AvailabilityZoneInfo = [] } = await client.call<{
        AvailabilityZoneInfo?: readonly { readonly AvailabilityZoneName: string }[];
      }>("vpc", "DescribeAvailabilityZones");
      return AvailabilityZoneInfo.map((zone) => ({ value: zone.AvailabilityZoneName, label: "" }));
    }),

  "hyperDoor.image": (asking) =>
    ask(asking, ["region"], async (account) => {
      const images = await listOwnImages(account);
      return images.map(({ id, name, firmware, diskGiB }) => ({
        value: id,
        label: `${name}, ${firmware === "uefi" ? "UEFI" : "BIOS"}, ${diskGiB} GB`,
      }));
    }),
};

function labelOf(subnet: Subnet): string {
  const free = subnet.AvailableIpNumber ?? subnet.AvailbleIPNumber;
  return [
    ...[subnet.SubnetName, subnet.CidrBlock, subnet.AvailabilityZoneName, subnet.VpcId],
    free !== undefined && `${free} addresses free`,
  ]
    .filter(Boolean)
    .join(", ");
}

interface Asked {
  readonly client: KingsoftClient;
  readonly config: KingsoftConfig;
}

async function ask<T>(
  { config, secrets }: Asking<KingsoftSecrets>,
  needed: readonly string[],
  list: (asked: Asked) => Promise<T>,
): Promise<T> {
  const settings = settingsSoFar(kingsoftConfig, config, standIns, needed);
  try {
    return await list({ client: openClient(settings, secrets), config: settings });
  } catch (error) {
    throw inCloudTerms(error, "choices");
  }
}
