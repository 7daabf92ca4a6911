/** ECS: servers, flavors, images and pools. Sources: the models named in api.ts, with their comments. */
import { gatewayBootstrap } from "#domain/protocol/gateway.ts";
import { addDisk, dataDisksOf, removeDisk, takeOff } from "./disks.ts";
import { type Handler, once, orderJson } from "./orders.ts";
import { pageOf, Refusal, refuse } from "./request.ts";
import { type Disk, get, getImage, type Image, type Pool, type Server } from "./state.ts";

/** Source: www.ctyun.cn/document/10026730/10118193 (names and sizes); the last ones to be left out. */
export const flavors = [
  { flavorName: "s7.large.2", flavorSeries: "S", flavorCPU: 2, flavorRAM: 4 },
  { flavorName: "s7.small.1", flavorSeries: "S", flavorCPU: 1, flavorRAM: 1 },
  { flavorName: "s7.xlarge.2", flavorSeries: "S", flavorCPU: 4, flavorRAM: 8 },
  { flavorName: "c7.xlarge.2", flavorSeries: "C", flavorCPU: 4, flavorRAM: 8 },
  { flavorName: "m7.xlarge.8", flavorSeries: "M", flavorCPU: 4, flavorRAM: 32 },
  { flavorName: "hs1.large.2", flavorSeries: "HS", flavorCPU: 2, flavorRAM: 4 },
  { flavorName: "p2v.2xlarge.4", flavorSeries: "P", flavorCPU: 8, flavorRAM: 32, gpuCount: 1 },
].map((flavor) => ({ flavorID: `id-of-${flavor.flavorName}`, flavorType: "CPU", ...flavor }));

function serverJson(pool: Pool, server: Server) {
  const eip = [...pool.eips.values()].find(({ serverId }) => serverId === server.id);
  const disks = [server.systemDiskId, ...dataDisksOf(pool, server.id).map(({ id }) => id)];
  const flavor = flavors.find(({ flavorID }) => flavorID === server.flavorId);
  // What is being made has no network yet.
  const isMade = server.status !== "creating";
  return {
    instanceID: server.id,
    instanceName: server.name,
    displayName: server.displayName,
    instanceStatus: server.status,
    onDemand: server.onDemand,
    azName: pool.zone,
    attachedVolume: disks,
    privateIP: isMade ? server.privateAddress : "",
    fixedIPList: isMade ? [server.privateAddress] : [],
    floatingIP: eip?.address ?? "",
    secGroupList: server.groupIds.map((securityGroupID) => ({ securityGroupID })),
    image: { imageID: server.imageId },
    flavor: { flavorID: server.flavorId, flavorName: flavor?.flavorName },
    subnetIDList: [server.subnetId],
    vpcID: pool.subnets.get(server.subnetId)?.vpcId,
  };
}

const fence = "HYPERMOTION_BOOTSTRAP";

/** What user data of ours makes of a machine: a gateway where it holds a gateway's configuration. */
function bootstrapIn(userData: string): ReturnType<typeof gatewayBootstrap.parse> | undefined {
  const text = new RegExp(`<<'${fence}'\\n(.*)\\n${fence}\\n`).exec(userData)?.[1];
  return text === undefined ? undefined : gatewayBootstrap.parse(JSON.parse(text));
}

/** What has come about by itself since the last call. */
export async function letServersHappen(pool: Pool): Promise<void> {
  for (const server of pool.servers.values()) {
    if (pool.now() < server.changesAt) continue;
    switch (server.status) {
      case "creating":
        server.status = "running";
        openDoor(pool, server);
        break;
      case "restarting":
        server.status = "running";
        break;
      case "stopping":
        await halt(pool, server);
        server.status = "stopped";
        break;
      case "unsubscribing":
        await end(pool, server);
        break;
      default:
        break;
    }
  }
}

/** HyperDoor runs in its memory, until it restarts into what it copied. */
function openDoor(pool: Pool, { id, runs, userData, systemDiskId, privateAddress }: Server): void {
  if (runs !== "hyperDoor") return;
  const attached = () => dataDisksOf(pool, id).flatMap((disk) => (isHanging(disk) ? disk.id : []));
  pool.doors?.start({
    id,
    userData,
    systemVolumeId: systemDiskId,
    attached,
    async boot() {
      await pool.machines?.startServer(id, [systemDiskId, ...attached()]);
      await pool.guests.open(id, privateAddress);
    },
  });
}

const isHanging = ({ status }: Disk) => status === "attached" || status === "detaching";

async function halt(pool: Pool, server: Server): Promise<void> {
  await pool.doors?.end(server.id);
  await pool.guests.close(server.id);
  await pool.machines?.remove(server.id);
}

/** What was bought with it goes with it, all else is taken off. Source: unsubscribe-instance. */
async function end(pool: Pool, server: Server): Promise<void> {
  for (const disk of dataDisksOf(pool, server.id)) await takeOff(pool, disk);
  await halt(pool, server);
  const system = pool.disks.get(server.systemDiskId);
  if (system !== undefined) await removeDisk(pool, system);
  for (const eip of pool.eips.values()) if (eip.serverId === server.id) delete eip.serverId;
  pool.servers.delete(server.id);
}

// biome-ignore lint/suspicious/noExplicitAny: checked against the table of calls
function examine(pool: Pool, asked: any): Image {
  const image = getImage(pool, asked.imageID);
  if (image.status !== "active") refuse("ecs", `image ${image.imageID} is ${image.status}`);
  if (asked.imageType !== (image.visibility === "public" ? 1 : 0)) {
    refuse("ecs", `imageType ${asked.imageType} does not fit the image`);
  }
  if (!flavors.some(({ flavorID }) => flavorID === asked.flavorID)) {
    refuse("ecs", `flavorID ${asked.flavorID}`);
  }
  if (asked.azName !== pool.zone) refuse("ecs", `azName ${asked.azName}`);
  if (!asked.onDemand) refuse("ecs", "cycleCount is missing");
  if (asked.extIP !== "0") refuse("ecs", "this fake binds no address here");
  const [card, ...others] = asked.networkCardList;
  if (
    card === undefined ||
    others.length > 0 ||
    pool.subnets.get(card.subnetID)?.type !== 0 ||
    !card.isMaster
  ) {
    refuse("ecs", "networkCardList is not valid");
  }
  examinePlace(pool, asked);
  const size = asked.bootDiskSize;
  if (size < Math.max(40, image.diskSize) || size > 32_768) refuse("ecs", `bootDiskSize ${size}`);
  const servers = [...pool.servers.values()];
  if (servers.some(({ name }) => name === asked.instanceName)) {
    throw new Refusal("Ecs.Instance.NameExists", `${asked.instanceName} already exists`);
  }
  if (servers.some(({ privateAddress }) => privateAddress === card.fixedIP)) {
    refuse("ecs", `fixedIP ${card.fixedIP} is taken`);
  }
  return image;
}

/**
 * Subnet and groups are of the VPC that is named. A group belongs to one (new-query-security-groups, vpcID), and the
 * vendor's provider refuses others (security_group_service.go, MustExistInVpc); what the cloud answers is guessed.
 */
// biome-ignore lint/suspicious/noExplicitAny: checked against the table of calls
function examinePlace(pool: Pool, { vpcID, networkCardList, secGroupList = [] }: any): void {
  const { subnetID } = networkCardList[0];
  const { vpcId, zones = [] } = pool.subnets.get(subnetID) ?? {};
  if (vpcId !== vpcID) refuse("ecs", `subnetID ${subnetID} is not in ${vpcID}`);
  if (pool.zones.length > 0 && zones.length > 0 && !zones.includes(pool.zone)) {
    refuse("ecs", `subnetID ${subnetID} is not in ${pool.zone}`);
  }
  for (const id of secGroupList) {
    const group = get(pool, pool.groups, "group", id);
    if (group.vpcId !== vpcID) refuse("ecs", `secGroupList: ${id} is not in ${vpcID}`);
  }
}

const createInstance: Handler = async (pool, request) => {
  const { asked } = request;
  const order = await once(pool, request, async () => {
    const image = examine(pool, asked);
    const failsAs = pool.failing.get(asked.flavorID);
    if (failsAs !== undefined) return pool.newOrder([], failsAs);
    const userData = Buffer.from(asked.userData ?? "", "base64").toString("utf8");
    const bootstrap = bootstrapIn(userData);
    const isDoor = image.imageID === pool.hyperDoorImageId;
    const thing = pool.newThing();
    const system = await addDisk(pool, {
      name: `${asked.instanceName}-root`,
      sizeGiB: asked.bootDiskSize,
      type: asked.bootDiskType,
      isSystem: true,
      isHollow: !isDoor,
      serverId: thing.id,
    });
    const server: Server = {
      ...thing,
      name: asked.instanceName,
      displayName: asked.displayName,
      flavorId: asked.flavorID,
      imageId: image.imageID,
      subnetId: asked.networkCardList[0].subnetID,
      groupIds: asked.secGroupList ?? [],
      privateAddress: asked.networkCardList[0].fixedIP ?? pool.newPrivateAddress(),
      userData,
      onDemand: asked.onDemand,
      systemDiskId: system.id,
      runs: runsOf(bootstrap !== undefined, isDoor),
      login: {
        ...(asked.keyPairID === undefined ? {} : { keyPairId: asked.keyPairID }),
        ...(asked.userPassword === undefined ? {} : { password: asked.userPassword }),
      },
      status: "creating",
      changesAt: pool.now() + pool.delays.bootMs,
    };
    pool.servers.set(server.id, server);
    if (bootstrap !== undefined) await pool.machines?.startGateway(server.id, bootstrap);
    return pool.newOrder([server.id]);
  });
  return orderJson(pool, order);
};

function runsOf(isGateway: boolean, isDoor: boolean): Server["runs"] {
  if (isGateway) return "gateway";
  return isDoor ? "hyperDoor" : "nothing";
}

/** The keyword is a part of these: "instanceName、displayName、instanceID、privateIP". */
const listInstances: Handler = (pool, { asked }) => {
  const { keyword = "", instanceName } = asked;
  const found = [...pool.servers.values()].filter((server) => {
    const texts = [server.name, server.displayName, server.id, server.privateAddress];
    return (
      pool.isShown(server) &&
      texts.some((text) => text.includes(keyword)) &&
      (instanceName === undefined || server.name === instanceName)
    );
  });
  const { items, counts } = pageOf(asked, found, 50);
  return { results: items.map((server) => serverJson(pool, server)), ...counts };
};

const stopInstance: Handler = (pool, { asked }) => {
  const server = get(pool, pool.servers, "instance", asked.instanceID);
  if (server.status !== "running") {
    throw new Refusal("Ecs.Instance.StatusNotRunning", `instance is ${server.status}`);
  }
  server.status = "stopping";
  server.changesAt = pool.now() + pool.delays.stopMs;
  return { jobID: server.id };
};

const rebootInstance: Handler = async (pool, { asked }) => {
  const server = get(pool, pool.servers, "instance", asked.instanceID);
  if (server.status !== "running") {
    throw new Refusal("Ecs.Instance.StatusNotRunning", `instance is ${server.status}`);
  }
  await pool.doors?.reset(server.id);
  server.status = "restarting";
  server.changesAt = pool.now() + pool.delays.bootMs;
  return { jobID: server.id };
};

const unsubscribe: Handler = async (pool, request) => {
  const order = await once(pool, request, () => {
    const server = get(pool, pool.servers, "instance", request.asked.instanceID);
    server.status = "unsubscribing";
    server.changesAt = pool.now() + pool.delays.stopMs;
    return pool.newOrder([server.id]);
  });
  return orderJson(pool, order);
};

const listFlavors: Handler = (pool, { asked }) => ({
  flavorList:
    asked.azName === pool.zone
      ? flavors.map((flavor) => ({
          ...flavor,
          available: !pool.soldOut.has(flavor.flavorID),
          azList: [pool.zone],
        }))
      : [],
});

const imageJson = (image: Image) => ({ ...image, size: 1, minimumRAM: 0, maximumRAM: 0 });

/** 0 are the account's own, 1 is everybody's and what is listed unless told. Source: image_list.go, visibility. */
const listImages: Handler = (pool, { asked }) => {
  if (asked.azName !== undefined && !pool.zones.includes(asked.azName)) {
    refuse("image", `azName ${asked.azName}`);
  }
  const wanted = (["private", "public"] as const)[asked.visibility ?? 1];
  const all = [...pool.images.values()].filter(({ visibility }) => visibility === wanted);
  const { items, counts } = pageOf(asked, all, 50);
  return { images: items.map(imageJson), ...counts };
};

const listRegions: Handler = (pool) => ({
  regionList: [
    {
      regionID: "200000001852",
      regionName: "内蒙演示",
      regionParent: "内蒙古",
      isMultiZones: false,
      zoneList: [],
    },
    {
      regionID: "200000000001",
      regionName: "专属",
      regionParent: "",
      isMultiZones: false,
      zoneList: [],
      openapiAvailable: false,
    },
    {
      regionID: pool.regionId,
      regionName: "华东1",
      regionParent: "江苏",
      isMultiZones: pool.zones.length > 0,
      zoneList: pool.zones,
      openapiAvailable: true,
    },
  ],
});

const listZones: Handler = (pool) => ({
  zoneList: pool.zones.map((name, at) => ({ name, azDisplayName: `可用区${at + 1}` })),
});

export const instanceHandlers: Record<string, Handler> = {
  ListRegions: listRegions,
  QueryZonesInRegion: listZones,
  ListFlavor: listFlavors,
  CreateInstance: createInstance,
  DetailsInstance: (pool, { asked }) =>
    serverJson(pool, get(pool, pool.servers, "instance", asked.instanceID)),
  ListInstance: listInstances,
  StopInstance: stopInstance,
  RebootInstance: rebootInstance,
  UnsubscribeInstance: unsubscribe,
  ListImage: listImages,
  DetailImage: (pool, { asked }) => ({ images: [imageJson(getImage(pool, asked.imageID))] }),
};
