/** What can be chosen for a target's settings. */
import { asker, type Choices, labelOf } from "../choices.ts";
import { openClient } from "./client.ts";
import { type CtyunSecrets, ctyunConfig, oneZone } from "./config.ts";
import { inCloudTerms } from "./errors.ts";
import { listMachineImages } from "./machine-images.ts";
import { listRegions, regionOf } from "./place.ts";
import { listSubnets } from "./subnets.ts";

const standIns = { region: "not-known-yet", subnetId: "not-known-yet" };

/** Zones as the console shows them, by the names that calls take. */
interface NamedZones {
  readonly zoneList?: readonly { readonly name: string; readonly azDisplayName?: string }[] | null;
}

const ask = asker({
  schema: ctyunConfig,
  standIns,
  open: (settings, secrets: CtyunSecrets) => ({
    client: openClient(settings, secrets),
    config: settings,
  }),
  inCloudTerms,
});

export const ctyunChoices: Choices<
  CtyunSecrets,
  "region" | "zone" | "subnetId" | "hyperDoor.image"
> = {
  region: (asking) =>
    ask(asking, [], async ({ client }) => {
      const regions = await listRegions(client);
      return regions
        .filter(({ openapiAvailable }) => openapiAvailable !== false)
        .map(({ regionID, regionName, regionParent }) => ({
          value: regionID,
          label: labelOf(regionName, regionParent),
        }));
    }),

  zone: (asking) =>
    ask(asking, ["region"], async ({ client, config }) => {
      // Adding the target goes by the same list.
      const { zoneList } = await regionOf(client, config.region);
      const zones = zoneList ?? [];
      if (zones.length === 0) return [{ value: oneZone, label: "" }];
      const named = await client.call<NamedZones>("QueryZonesInRegion");
      const shownAs = new Map(named.zoneList?.map((zone) => [zone.name, zone.azDisplayName]));
      return zones.map((zone) => ({ value: zone, label: labelOf(shownAs.get(zone)) }));
    }),

  subnetId: (asking) => ask(asking, ["region"], listSubnets),

  "hyperDoor.image": (asking) =>
    ask(asking, ["region"], async (account) => {
      const images = await listMachineImages(account, "private");
      // Its firmware decides which servers can be launched from it.
      return images.map(({ id, name, firmware, diskGiB }) => ({
        value: id,
        label: labelOf(name, firmware, `${diskGiB} GiB`),
      }));
    }),
};
