/** What can be chosen for a target's settings. */
import { asker, type Choices, labelOf } from "../choices.ts";
import { openClient, type UCloudClient } from "./client.ts";
import { type UCloudSecrets, ucloudConfig } from "./config.ts";
import { inCloudTerms } from "./errors.ts";
import { listImages } from "./machine-images.ts";
import { listSubnets } from "./subnets.ts";

const standIns = {
  ...{ region: "cn-bj2", zone: "cn-bj2-05" },
  ...{ projectId: "org-unknown", subnetId: "subnet-unknown" },
};

/** Of the account: no region or project goes with the call, as either may not be known yet. */
const ofAccount = { Region: undefined, ProjectId: undefined };

interface RegionRow {
  readonly Region?: string;
  readonly Zone?: string;
  readonly RegionName?: string;
}

interface Project {
  readonly ProjectId?: string;
  readonly ProjectName?: string;
}

const ask = asker({
  schema: ucloudConfig,
  standIns,
  open: (settings, secrets: UCloudSecrets) => ({
    client: openClient(settings, secrets),
    config: settings,
  }),
  inCloudTerms,
});

export const ucloudChoices: Choices<
  UCloudSecrets,
  "region" | "zone" | "projectId" | "subnetId" | "hyperDoor.image"
> = {
  region: (asking) =>
    ask(asking, [], async ({ client }) => {
      const namesOf = new Map<string, Set<string>>();
      for (const { Region = "", RegionName = "" } of await listZones(client)) {
        namesOf.set(Region, (namesOf.get(Region) ?? new Set()).add(RegionName));
      }
      return [...namesOf].map(([value, names]) => ({ value, label: labelOf(...names) }));
    }),

  zone: (asking) =>
    ask(asking, ["region"], async ({ client, config }) => {
      const zones = await listZones(client);
      return zones
        .filter(({ Region }) => Region === config.region)
        .map(({ Zone = "", RegionName = "" }) => ({ value: Zone, label: RegionName }));
    }),

  projectId: (asking) =>
    ask(asking, [], async ({ client }) => {
      const { ProjectSet = [] } = await client.call<{ ProjectSet?: readonly Project[] }>(
        "GetProjectList",
        ofAccount,
      );
      return ProjectSet.map(({ ProjectId = "", ProjectName = "" }) => ({
        value: ProjectId,
        label: ProjectName,
      }));
    }),

  subnetId: (asking) => ask(asking, ["region", "projectId"], (account) => listSubnets(account)),

  "hyperDoor.image": (asking) =>
    ask(asking, ["region", "zone", "projectId"], async (account) => {
      const images = await listImages(account, { ImageType: "Custom" });
      return images
        .filter(({ State }) => State === "Available")
        .map(({ ImageId, ImageName, OsName, ImageSize }) => ({
          value: ImageId,
          label: labelOf(ImageName, OsName, ImageSize !== undefined && `${ImageSize} GB`),
        }));
    }),
};

/** One row for each zone, with the region it is in. */
async function listZones(client: UCloudClient): Promise<readonly RegionRow[]> {
  const answer = await client.call<{ Regions?: readonly RegionRow[] }>("GetRegion", ofAccount);
  return answer.Regions ?? [];
}
