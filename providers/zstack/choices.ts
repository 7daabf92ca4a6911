/** What can be chosen for a target's settings. Answers come by their uuids; a person reads them by their names. */
import { type Asking, asker, type Choice, type Choices, labelOf } from "../choices.ts";
import { systemClock } from "../clock.ts";
import type { Thing } from "./account.ts";
import { openClient, type ZstackClient } from "./client.ts";
import { type ZstackConfig, type ZstackSecrets, zstackConfig } from "./config.ts";
import { inCloudTerms } from "./errors.ts";
import { type ImageServer, isUsable, missingServices, type Network, type Place } from "./place.ts";

const nobody = "0".repeat(32);
/** None for the endpoint: where the cloud is has to be known. */
const standIns = { zoneId: nobody, clusterId: nobody, networkId: nobody };

/** Sources: zstack 5.2.1, ClusterInventory.java, HostInventory.java, ImageInventory.java. */
interface Cluster extends Place {
  readonly hypervisorType?: string;
}

interface Host extends Place {
  readonly managementIp?: string;
}

interface Image extends Thing {
  readonly platform?: string | null;
  readonly architecture?: string | null;
  readonly system?: boolean | null;
}

const askOf = asker({
  ...{ schema: zstackConfig, standIns, inCloudTerms },
  open: (settings, secrets: ZstackSecrets) => openClient(settings, secrets, systemClock),
});

/** By their names: uuids are in no order. */
async function ask(
  asking: Asking<ZstackSecrets>,
  needed: readonly string[],
  list: (client: ZstackClient, settings: ZstackConfig) => Promise<Choice[]>,
): Promise<readonly Choice[]> {
  const choices = await askOf(asking, needed, list);
  return choices.sort((a, b) => a.label.localeCompare(b.label));
}

type Path =
  | "zoneId"
  | "clusterId"
  | "networkId"
  | "imageServerId"
  | "hostId"
  | "gateway.publicNetworkId"
  | "hyperDoor.image";

export const zstackChoices: Choices<ZstackSecrets, Path> = {
  zoneId: (asking) =>
    ask(asking, [], async (client) => {
      const zones = await client.list<Place>("QueryZone");
      return zones.filter(isUsable).map((zone) => choice(zone));
    }),

  clusterId: (asking) =>
    ask(asking, ["zoneId"], async (client, { zoneId }) => {
      const clusters = await client.list<Cluster>("QueryCluster", [`zoneUuid=${zoneId}`]);
      return clusters.filter(isUsable).map((cluster) => choice(cluster, cluster.hypervisorType));
    }),

  networkId: (asking) =>
    ask(asking, ["zoneId"], async (client, { zoneId }) => {
      const networks = await listNetworks(client, zoneId);
      return networks
        .filter((network) => missingServices(network).length === 0)
        .map((network) => choice(network, network.category, ...blocksOf(network)));
    }),

  imageServerId: (asking) =>
    ask(asking, ["zoneId"], async (client, { zoneId }) => {
      const servers = await client.list<ImageServer>("QueryBackupStorage");
      return servers
        .filter((server) => isUsable(server) && server.attachedZoneUuids?.includes(zoneId))
        .map((server) => choice(server, server.type, free(server.availableCapacity)));
    }),

  hostId: (asking) =>
    ask(asking, ["clusterId"], async (client, { clusterId }) => {
      const hosts = await client.list<Host>("QueryHost", [`clusterUuid=${clusterId}`]);
      return hosts.filter(isUsable).map((host) => choice(host, host.managementIp));
    }),

  "gateway.publicNetworkId": (asking) =>
    ask(asking, ["zoneId"], async (client, { zoneId }) => {
      const networks = await listNetworks(client, zoneId);
      return networks
        .filter(({ category }) => category === "Public")
        .map((network) => choice(network, ...blocksOf(network)));
    }),

  "hyperDoor.image": (asking) =>
    ask(asking, [], async (client) => {
      const images = await client.list<Image>("QueryImage", [
        "mediaType=RootVolumeTemplate",
        "status=Ready",
        "state=Enabled",
      ]);
      return images
        .filter(({ system }) => system !== true)
        .map((image) => choice(image, image.platform, image.architecture));
    }),
};

async function listNetworks(client: ZstackClient, zoneId: string): Promise<Network[]> {
  const networks = await client.list<Network>("QueryL3Network", [`zoneUuid=${zoneId}`]);
  return networks.filter(isUsable);
}

const blocksOf = ({ ipRanges = [] }: Network) => ipRanges.map(({ networkCidr }) => networkCidr);

const free = (bytes: number | undefined) =>
  bytes === undefined ? undefined : `${Math.floor(bytes / 1024 ** 3)} GiB`;

const choice = (
  { uuid, name }: Thing,
  ...more: readonly (string | null | undefined)[]
): Choice => ({
  value: uuid,
  label: labelOf(name, ...new Set(more)),
});
