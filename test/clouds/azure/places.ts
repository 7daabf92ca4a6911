/**
 * Where things can be. Sources: Resources REST API, "Subscriptions - List", "- List Locations" and "Resource
 * Groups - List", their answers.
 */
import { type Handler, shownList } from "./answers.ts";
import { type Location, locationsOf } from "./locations.ts";
import type { Subscription } from "./state.ts";

function locationBody({ id }: Subscription, one: Location) {
  const { name, displayName, geographyGroup, zones } = one;
  return {
    id: `/subscriptions/${id}/locations/${name}`,
    name,
    type: "Region",
    displayName,
    regionalDisplayName: `(${geographyGroup}) ${displayName}`,
    metadata: { regionType: "Physical", regionCategory: "Recommended", geographyGroup },
    ...(zones.length === 0
      ? {}
      : {
          availabilityZoneMappings: zones.map((zone, index) => ({
            logicalZone: String(index + 1),
            physicalZone: `${name}-${zone}`,
          })),
        }),
  };
}

/** In one page, with one that stands for several. */
const listLocations: Handler = (subscription) => {
  const logical = {
    id: `/subscriptions/${subscription.id}/locations/global`,
    name: "global",
    type: "Region",
    displayName: "Global",
    regionalDisplayName: "Global",
    metadata: { regionType: "Logical", regionCategory: "Other" },
  };
  const physical = locationsOf(subscription.location).map((one) => locationBody(subscription, one));
  return { status: 200, body: { value: [...physical, logical] } };
};

const listSubscriptions: Handler = (subscription, request) => {
  const all = [
    {
      subscriptionId: "5f6d1b62-0c0b-4f3c-9d2f-3f1f6f0a7c11",
      displayName: "Ended",
      state: "Disabled",
    },
    {
      subscriptionId: "c2b1e0a4-7d55-4b0e-8a53-0a9f4f1f2d22",
      displayName: "Testing",
      state: "Enabled",
    },
    { subscriptionId: subscription.id, displayName: "Production", state: "Enabled" },
  ];
  return shownList(subscription, request, all, (_of, one) => ({
    id: `/subscriptions/${one.subscriptionId}`,
    ...one,
    authorizationSource: "RoleBased",
  }));
};

/** More than a page; the others are such as Azure makes by itself. */
const listGroups: Handler = (subscription, request) => {
  const { resourceGroup, networkGroup, location: own } = subscription;
  const all = ["NetworkWatcherRG", `cloud-shell-storage-${own}`, networkGroup, resourceGroup];
  return shownList(subscription, request, all, ({ id }, name) => ({
    id: `/subscriptions/${id}/resourceGroups/${name}`,
    name,
    type: "Microsoft.Resources/resourceGroups",
    location: own,
    properties: { provisioningState: "Succeeded" },
  }));
};

export const placeHandlers: Record<string, Handler> = {
  "LIST subscriptions": listSubscriptions,
  "LIST locations": listLocations,
  "LIST resourceGroups": listGroups,
};
