/** What can be chosen for a target's settings. Lists of Azure Resource Manager hold what the application may see. */
import { asker, type Choices } from "../choices.ts";
import { type AzureClients, openClients } from "./client.ts";
import { type AzureConfig, type AzureSecrets, azureConfig } from "./config.ts";
import { inCloudTerms } from "./errors.ts";
import { listSubnets } from "./subnets.ts";

/** Source: Resources REST API, "Subscriptions - List" and "- List Locations". */
const subscriptionsVersion = "2022-12-01";
/** Source: Resources REST API, "Resource Groups - List". */
const groupsVersion = "2021-04-01";

interface NamedSubscription {
  readonly subscriptionId: string;
  readonly displayName?: string;
  readonly state?: string;
}

interface Location {
  readonly name: string;
  readonly regionalDisplayName?: string;
  readonly metadata?: { readonly regionType?: string };
  readonly availabilityZoneMappings?: readonly {
    readonly logicalZone: string;
    readonly physicalZone?: string;
  }[];
}

interface ResourceGroup {
  readonly name: string;
  readonly location: string;
}

const ask = asker({
  schema: azureConfig,
  standIns: ({ cloud }) => standInsIn(cloud),
  open: openClients,
  inCloudTerms,
});

export const azureChoices: Choices<
  AzureSecrets,
  "subscriptionId" | "resourceGroup" | "location" | "subnetId" | "zone"
> = {
  subscriptionId: (asking) =>
    ask(asking, [], async ({ list }) => {
      const path = `/subscriptions?api-version=${subscriptionsVersion}`;
      const found = (await list(path)) as readonly NamedSubscription[];
      return found
        .filter(({ state }) => state !== "Disabled" && state !== "Deleted")
        .map(({ subscriptionId, displayName = "" }) => ({
          value: subscriptionId,
          label: displayName,
        }));
    }),

  resourceGroup: (asking) =>
    ask(asking, ["subscriptionId"], async ({ list }, { subscriptionId }) => {
      const path = `/subscriptions/${subscriptionId}/resourcegroups?api-version=${groupsVersion}`;
      const groups = (await list(path)) as readonly ResourceGroup[];
      return groups.map(({ name, location }) => ({ value: name, label: location }));
    }),

  location: (asking) =>
    ask(asking, ["subscriptionId"], async (clients, config) => {
      const locations = await listLocations(clients, config);
      return (
        locations
          // `europe` and the like stand for several, and nothing can be made there.
          .filter(({ metadata }) => metadata?.regionType !== "Logical")
          .map(({ name, regionalDisplayName = "" }) => ({
            value: name,
            label: regionalDisplayName,
          }))
      );
    }),

  subnetId: (asking) =>
    ask(asking, ["subscriptionId", "location"], (clients, { location }) =>
      listSubnets(clients, location),
    ),

  zone: (asking) =>
    ask(asking, ["subscriptionId", "location"], async (clients, config) => {
      const locations = await listLocations(clients, config);
      const here = locations.find(({ name }) => name === config.location);
      return (here?.availabilityZoneMappings ?? []).map(({ logicalZone, physicalZone = "" }) => ({
        value: logicalZone,
        label: physicalZone,
      }));
    }),
};

async function listLocations(
  { list }: AzureClients,
  { subscriptionId }: AzureConfig,
): Promise<readonly Location[]> {
  const path = `/subscriptions/${subscriptionId}/locations?api-version=${subscriptionsVersion}`;
  return (await list(path)) as readonly Location[];
}

/** A location has to be one of the cloud's (`azureConfig`). */
function standInsIn(cloud: unknown) {
  const subscriptionId = "00000000-0000-0000-0000-000000000000";
  return {
    subscriptionId,
    resourceGroup: "any",
    location: cloud === "china" ? "chinanorth3" : "westeurope",
    subnetId: `/subscriptions/${subscriptionId}/resourceGroups/any/providers/Microsoft.Network/virtualNetworks/any/subnets/any`,
  };
}
