/** What can be chosen for a target's settings. */
import { asker, type Choices, labelOf } from "../choices.ts";
import { openClient } from "./client.ts";
import { type AliyunSecrets, aliyunConfig } from "./config.ts";
import { inCloudTerms } from "./errors.ts";
import { listOwnImages } from "./images.ts";
import { listVSwitches } from "./vswitches.ts";

interface Regions {
  Regions?: { Region?: { RegionId: string; LocalName?: string }[] };
}

interface Zones {
  Zones?: { Zone?: { ZoneId: string; LocalName?: string }[] };
}

/** Each region knows all the others. */
const standIns = { region: "cn-hangzhou", vSwitchId: "vsw-00000000000000000" };

/** Names are Chinese unless told. */
const inEnglish = { AcceptLanguage: "en-US" };

const ask = asker({ schema: aliyunConfig, standIns, open: openClient, inCloudTerms });

type Path = "region" | "vSwitchId" | "zone" | "hyperDoor.image";

export const aliyunChoices: Choices<AliyunSecrets, Path> = {
  region: (asking) =>
    ask(asking, [], async (client) => {
      const { Regions } = await client.call<Regions>("ecs", "DescribeRegions", inEnglish);
      return (Regions?.Region ?? []).map(({ RegionId, LocalName }) => ({
        value: RegionId,
        label: labelOf(LocalName),
      }));
    }),

  /** In the zone, where one was chosen already. */
  vSwitchId: (asking) =>
    ask(asking, ["region"], (client, { zone }) => listVSwitches({ client }, { ZoneId: zone })),

  zone: (asking) =>
    ask(asking, ["region"], async (client) => {
      // In detail it would tell all that each zone sells.
      const brief = { ...inEnglish, Verbose: false };
      const { Zones } = await client.call<Zones>("ecs", "DescribeZones", brief);
      return (Zones?.Zone ?? []).map(({ ZoneId, LocalName }) => ({
        value: ZoneId,
        label: labelOf(LocalName),
      }));
    }),

  "hyperDoor.image": (asking) =>
    ask(asking, ["region"], async (client) => {
      const images = await listOwnImages({ client }, { Status: "Available" });
      return images.map(({ ImageId, ImageName, BootMode, CreationTime }) => ({
        value: ImageId,
        label: labelOf(ImageName, BootMode, CreationTime),
      }));
    }),
};
