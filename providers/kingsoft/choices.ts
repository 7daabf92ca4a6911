/** What can be chosen for a target's settings. */
import { asker, type Choices, labelOf } from "../choices.ts";
import { openClient } from "./client.ts";
import { type KingsoftSecrets, kingsoftConfig } from "./config.ts";
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

const ask = asker({
  schema: kingsoftConfig,
  standIns,
  open: (settings, secrets: KingsoftSecrets) => ({
    client: openClient(settings, secrets),
    config: settings,
  }),
  inCloudTerms,
});

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
        .map(({ SubnetId, AvailableIpNumber, AvailbleIPNumber, ...subnet }) => ({
          value: SubnetId,
          label: labelOf(
            subnet.SubnetName,
            subnet.CidrBlock,
            subnet.AvailabilityZoneName,
            subnet.VpcId,
          ),
          freeAddresses: countOf(AvailableIpNumber ?? AvailbleIPNumber),
        }));
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

const countOf = (text: string | undefined) => (text === undefined ? undefined : Number(text));
