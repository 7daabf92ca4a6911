/** What can be chosen for a target's settings. Answers come by their uuids; a person reads them by their names. */
import { type Asking, asker, type Choice, type Choices } from "../choices.ts";
import { systemClock } from "../clock.ts";
import type { Thing } from "./account.ts";
import { blocksOf, choice, listNetworks, networkChoice, sorted } from "./choosing.ts";
import { openClient, type ZstackClient } from "./client.ts";
import { type ZstackConfig, type ZstackSecrets, zstackConfig } from "./config.ts";
import { inCloudTerms } from "./errors.ts";
import {
  gatewayServices,
  type ImageServer,
  isUsable,
  ofCluster,
  ofUsers,
  type Place,
} from "./place.ts";

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

async function ask(
  asking: Asking<ZstackSecrets>,
  needed: readonly string[],
  list: (client: ZstackClient, settings: ZstackConfig) => Promise<Choice[]>,
): Promise<readonly Choice[]> {
  return sorted(await askOf(asking, needed, list));
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
    ask(asking, ["zoneId"], async (client, { zoneId, clusterId }) => {
      const inCluster = clusterId === nobody ? [] : [ofCluster(clusterId)];
      const conditions = [`zoneUuid=${zoneId}`, ...inCluster, ofUsers];
      const networks = await listNetworks(client, conditions, gatewayServices);
      return networks.map(networkChoice);
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
      const networks = await listNetworks(client, [`zoneUuid=${zoneId}`], []);
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

const free = (bytes: number | undefined) =>
  bytes === undefined ? undefined : `${Math.floor(bytes / 1024 ** 3)} GiB`;
