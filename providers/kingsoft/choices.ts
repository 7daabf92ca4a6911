/** What can be chosen for a target's settings. */
import { asker, type Choices } from "../choices.ts";
import { openClient } from "./client.ts";
import { type KingsoftSecrets, kingsoftConfig } from "./config.ts";
import { inCloudTerms } from "./errors.ts";
import { listOwnImages } from "./machine-images.ts";
import { listSubnets } from "./subnets.ts";

/** Each region knows all the others; some region is signed for in every call. */
const standIns = { region: "cn-beijing-6", subnetId: "00000000-0000-4000-8000-000000000000" };

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
    ask(asking, ["region"], ({ client, config: { zone } }) => listSubnets({ client }, { zone })),

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
