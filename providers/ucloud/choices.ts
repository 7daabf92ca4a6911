/** What can be chosen for a target's settings. */
import { type Asking, type Choices, settingsSoFar } from "../choices.ts";
import { listAll, openClient, type UCloudClient } from "./client.ts";
import { type UCloudConfig, type UCloudSecrets, ucloudConfig } from "./config.ts";
import { inCloudTerms } from "./errors.ts";
import { listImages } from "./machine-images.ts";

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
  readonly IsDefault?: boolean;
}

interface Subnet {
  readonly SubnetId?: string;
  readonly SubnetName?: string;
  readonly Subnet?: string;
  readonly Netmask?: string;
  readonly Zone?: string;
  readonly VPCId?: string;
  readonly VPCName?: string;
  readonly AvailableIPs?: number;
}

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
      return [...namesOf].map(([value, names]) => ({ value, label: told(...names) }));
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
      return ProjectSet.map(({ ProjectId = "", ProjectName, IsDefault }) => ({
        value: ProjectId,
        label: told(ProjectName, IsDefault === true && "the default"),
      }));
    }),

  subnetId: (asking) =>
    ask(asking, ["region", "projectId"], async (account) => {
      const subnets = await listAll<{ DataSet?: Subnet[] }, Subnet>(
        account,
        "DescribeSubnet",
        { ShowAvailableIPs: true },
        ({ DataSet }) => DataSet,
      );
      return subnets.map(({ SubnetId = "", AvailableIPs: free, ...subnet }) => ({
        value: SubnetId,
        label: told(
          ...[subnet.SubnetName, subnet.Subnet && `${subnet.Subnet}/${subnet.Netmask}`],
          ...[subnet.Zone, subnet.VPCName, subnet.VPCId],
          free !== undefined && `${free} addresses free`,
        ),
      }));
    }),

  "hyperDoor.image": (asking) =>
    ask(asking, ["region", "zone", "projectId"], async (account) => {
      const images = await listImages(account, { ImageType: "Custom" });
      return images
        .filter(({ State }) => State === "Available")
        .map(({ ImageId, ImageName, OsName, ImageSize }) => ({
          value: ImageId,
          label: told(ImageName, OsName, ImageSize !== undefined && `${ImageSize} GB`),
        }));
    }),
};

/** One row for each zone, with the region it is in. */
async function listZones(client: UCloudClient): Promise<readonly RegionRow[]> {
  const answer = await client.call<{ Regions?: readonly RegionRow[] }>("GetRegion", ofAccount);
  return answer.Regions ?? [];
}

/** What the cloud left out is no part of the label. */
function told(...parts: readonly (string | false | undefined)[]): string {
  return parts.filter(Boolean).join(", ");
}

interface Asked {
  readonly client: UCloudClient;
  readonly config: UCloudConfig;
}

async function ask<T>(
  { config, secrets }: Asking<UCloudSecrets>,
  needed: readonly string[],
  list: (asked: Asked) => Promise<T>,
): Promise<T> {
  const settings = settingsSoFar(ucloudConfig, config, standIns, needed);
  try {
    return await list({ client: openClient(settings, secrets), config: settings });
  } catch (error) {
    throw inCloudTerms(error, "choices");
  }
}
