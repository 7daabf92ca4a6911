/** Where things are put: zone, cluster, network, storage and the image server that the target's settings name. */
import { MigrationError } from "#domain/errors.ts";
import { type Account, findOne, notFound, refused, type Thing } from "./account.ts";

export interface Place extends Thing {
  readonly state: string;
  readonly status?: string;
}

interface Storage extends Place {
  readonly type: string;
  readonly availableCapacity?: number;
  readonly attachedClusterUuids?: readonly string[];
}

export interface ImageServer extends Place {
  readonly type: string;
  readonly availableCapacity?: number;
  readonly attachedZoneUuids?: readonly string[];
}

/** Source: zstack 5.2.1, L3NetworkInventory.java. */
export interface Network extends Place {
  readonly category?: string | null;
  readonly system?: boolean;
  readonly ipRanges?: readonly { readonly networkCidr?: string | null }[];
  readonly networkServices?: readonly { readonly networkServiceType: string }[];
}

export const isUsable = ({ state, status }: Place) =>
  state === "Enabled" && (status === undefined || status === "Connected");

/** Each of what the settings name. @throws `cloud.not-found`, `cloud.refused`, naming it */
export async function checkPlace(account: Account): Promise<void> {
  const { config } = account;
  const zone = await findOne<Place>(account, "QueryZone", config.zoneId);
  if (zone === undefined) throw notFound("zone", config.zoneId);
  if (!isUsable(zone)) throw refused(`zone ${zone.name}`, `it is ${zone.state}`);
  const cluster = await findOne<Place & { zoneUuid: string }>(
    account,
    "QueryCluster",
    config.clusterId,
  );
  if (cluster === undefined) throw notFound("cluster", config.clusterId);
  if (!isUsable(cluster)) throw refused(`cluster ${cluster.name}`, `it is ${cluster.state}`);
  if (cluster.zoneUuid !== zone.uuid) {
    throw refused(`cluster ${cluster.name}`, `it is not in zone ${zone.name}`);
  }
  await checkNetwork(account, config.networkId, cluster);
  await getImageServer(account);
  await choosePool(account, undefined);
}

/**
 * Conditions of a query for networks: no user's VM may be in a system's, nor in one that its cluster does not have.
 * Sources: zstack 5.2.1, VmInstanceApiInterceptor.java, AttachedL2NetworkAllocatorFlow.java.
 */
export const ofUsers = "system=false";
export const ofCluster = (clusterId: string) => `l2Network.cluster.uuid=${clusterId}`;

async function checkNetwork(account: Account, id: string, cluster: Thing): Promise<void> {
  const network = await findOne<Network>(account, "QueryL3Network", id);
  if (network === undefined) throw notFound("L3 network", id);
  if (!isUsable(network)) throw refused(`L3 network ${network.name}`, `it is ${network.state}`);
  if (network.system === true) {
    const problem = "it is a system network, which no gateway may be in; choose a private one";
    throw refused(`L3 network ${network.name}`, problem);
  }
  const inCluster = [`uuid=${id}`, ofCluster(cluster.uuid)];
  if ((await account.client.list<Network>("QueryL3Network", inCluster)).length === 0) {
    const problem = `it is not attached to cluster ${cluster.name}; attach its L2 network there, or choose another`;
    throw refused(`L3 network ${network.name}`, problem);
  }
  const [missing] = missingServices(network, gatewayServices);
  if (missing === undefined) return;
  throw refused(`L3 network ${network.name}`, `its network service ${missing} is not enabled`);
}

/** Of a network. Sources: zstack 5.2.1, UserdataConstant.java, SecurityGroupConstant.java. */
export type Service = "Userdata" | "SecurityGroup";

/** Gateways want user data, and a security group around them. */
export const gatewayServices: readonly Service[] = ["Userdata", "SecurityGroup"];

export function missingServices(
  { networkServices = [] }: Network,
  needed: readonly Service[],
): Service[] {
  const there = new Set(networkServices.map((one) => one.networkServiceType));
  return needed.filter((service) => !there.has(service));
}

/**
 * That of the settings, which must be one of the zone, else the zone's only one (R-220, R-221, S-18, X-26).
 * @throws `cloud.not-found`, `cloud.refused`
 */
export async function getImageServer(account: Account): Promise<string> {
  const { client, config } = account;
  const { imageServerId, zoneId } = config;
  const all = await client.list<ImageServer>("QueryBackupStorage");
  if (imageServerId !== undefined && !all.some(({ uuid }) => uuid === imageServerId)) {
    throw notFound("image server", imageServerId);
  }
  const here = all.filter(
    (server) => isUsable(server) && server.attachedZoneUuids?.includes(zoneId),
  );
  if (imageServerId === undefined) {
    const [only, ...others] = here;
    if (only !== undefined && others.length === 0) return only.uuid;
    const problem =
      only === undefined
        ? "the zone has none that is enabled and connected"
        : `imageServerId must say which one: ${here.map(({ name, uuid }) => `${name} (${uuid})`).join(", ")}`;
    throw refused("an image server", problem);
  }
  if (here.some(({ uuid }) => uuid === imageServerId)) return imageServerId;
  const problem = "it is not enabled and connected, or not attached to the zone";
  throw refused(`image server ${imageServerId}`, problem);
}

async function listStorage(account: Account): Promise<Storage[]> {
  const { client, config } = account;
  const all = await client.list<Storage>("QueryPrimaryStorage");
  const seen = all.filter(
    (storage) => isUsable(storage) && storage.attachedClusterUuids?.includes(config.clusterId),
  );
  // Each host has its own: which one, the settings must say.
  const usable = seen.filter(({ type }) => type !== "LocalStorage" || config.hostId !== undefined);
  return usable.filter(({ uuid }) => config.pools?.includes(uuid) ?? true);
}

/** Primary storages. */
export async function listPools(account: Account): Promise<{ id: string; freeBytes: number }[]> {
  const all = await listStorage(account);
  return all.map(({ uuid, availableCapacity = 0 }) => ({ id: uuid, freeBytes: availableCapacity }));
}

/** That one, or the roomiest. @throws `cloud.not-found`, `cloud.refused` */
export async function choosePool(account: Account, wanted: string | undefined): Promise<string> {
  const pools = await listPools(account);
  if (wanted !== undefined) {
    if (pools.some(({ id }) => id === wanted)) return wanted;
    throw notFound("primary storage", wanted);
  }
  const [roomiest] = pools.sort((a, b) => b.freeBytes - a.freeBytes);
  if (roomiest !== undefined) return roomiest.id;
  throw new MigrationError("cloud.refused", {
    platform: "zstack",
    what: "a volume",
    problem:
      "the cluster sees no primary storage that is enabled, connected and shared by its hosts; for the hosts' own, set hostId",
  });
}
