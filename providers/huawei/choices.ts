/** What can be chosen for a target's settings. */
import { asker, type Choices, labelOf } from "../choices.ts";
import { openClient } from "./client.ts";
import { type HuaweiConfig, type HuaweiSecrets, huaweiConfig } from "./config.ts";
import { inCloudTerms } from "./errors.ts";
import { firmwareOf, listMachineImages } from "./machine-images.ts";
import { listZones } from "./place.ts";
import { listSubnets } from "./subnets.ts";

const standIns = {
  region: "cn-north-4",
  zone: "cn-north-4a",
  subnetId: "00000000-0000-0000-0000-000000000000",
};

const way = { schema: huaweiConfig, standIns, inCloudTerms };
const ask = asker({ ...way, open: openClient });
const askAnywhere = asker({
  ...way,
  open: (settings, secrets: HuaweiSecrets) => openClient(anywhere(settings), secrets),
});

export const huaweiChoices: Choices<
  HuaweiSecrets,
  "region" | "zone" | "subnetId" | "hyperDoor.image"
> = {
  /** Where the key's user has the region's own project: what a target takes unless it is told a sub-project. */
  region: (asking) =>
    askAnywhere(asking, [], async (client) => {
      const { projects } = await client.call<{ projects: { name: string; enabled: boolean }[] }>(
        "KeystoneListAuthProjects",
      );
      // Beside them are sub-projects, such as cn-north-4_dev, and the object storage's MOS.
      const own = projects.filter(
        ({ name, enabled }) => enabled && huaweiConfig.shape.region.safeParse(name).success,
      );
      const { regions = [] } = await client.call<{
        regions?: { id: string; locales?: Readonly<Record<string, string>> }[];
      }>("KeystoneListRegions");
      const names = new Map(regions.map(({ id, locales }) => [id, locales]));
      return own.map(({ name }) => ({
        value: name,
        label: labelOf(names.get(name)?.["en-us"], names.get(name)?.["zh-cn"]),
      }));
    }),

  zone: (asking) =>
    ask(asking, ["region"], async (client) =>
      (await listZones(client)).map((value) => ({ value, label: "" })),
    ),

  subnetId: (asking) => ask(asking, ["region"], (client) => listSubnets({ client })),

  "hyperDoor.image": (asking) =>
    ask(asking, ["region"], async (client) => {
      const images = await listMachineImages({ client }, { __imagetype: "private" });
      return images.map((image) => ({
        value: image.id,
        label: labelOf(image.name, firmwareOf(image), image.created_at),
      }));
    }),
};

/** Before there is a region, IAM is asked at its global host. Source: IAM API reference, KeystoneListRegions. */
function anywhere({ endpoints, ...settings }: HuaweiConfig): HuaweiConfig {
  const iam = endpoints.iam ?? `https://iam.${settings.domain}`;
  return { ...settings, endpoints: { ...endpoints, iam } };
}
