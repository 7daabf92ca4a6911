/** ECS: servers, flavors and zones. Sources: ECS API reference, "ECS Statuses", "Error Codes". */
import { gatewayBootstrap } from "#domain/protocol/gateway.ts";
import { checkTags, type JsonObject, Refusal } from "./request.ts";
import {
  get,
  hyperDoorImageId,
  type Image,
  type Project,
  type Server,
  type Volume,
} from "./state.ts";
import { type Handler, makeVolume, removeVolume, takeOff, volumesOf } from "./volumes.ts";

/** Source: ECS product description, "A Summary List of x86 ECS Specifications"; the last ones to be left out. */
export const flavors = [
  { id: "s6.medium.2", vcpus: 1, gib: 2, type: "normal" },
  { id: "s6.large.2", vcpus: 2, gib: 4, type: "normal" },
  { id: "c3.large.2", vcpus: 2, gib: 4, type: "computingv3" },
  { id: "c3.xlarge.2", vcpus: 4, gib: 8, type: "computingv3" },
  { id: "c7.2xlarge.2", vcpus: 8, gib: 16, type: "computingv3" },
  { id: "kc1.large.2", vcpus: 2, gib: 4, type: "kunpeng_computing", architecture: "arm64" },
  { id: "p2s.2xlarge.8", vcpus: 8, gib: 64, type: "gpu" },
] as const;

function flavorJson(project: Project, flavor: (typeof flavors)[number]): JsonObject {
  const sold = project.soldOut.has(flavor.id) ? "sellout" : "normal";
  return {
    id: flavor.id,
    name: flavor.id,
    vcpus: String(flavor.vcpus),
    ram: flavor.gib * 1024,
    disk: "0",
    os_extra_specs: {
      "ecs:performancetype": flavor.type,
      "ecs:virtualization_env_types": "CloudCompute",
      "cond:operation:status": "abandon",
      "cond:operation:az": `${project.zone}(${sold}), cn-north-4b(obt)`,
      ...("architecture" in flavor ? { "ecs:instance_architecture": flavor.architecture } : {}),
    },
    attachableQuantity: { free_scsi: 23, free_blk: 23, free_disk: 23, free_nic: 11 },
  };
}

function systemDiskOf(project: Project, server: Server): Volume | undefined {
  return volumesOf(project, server.id).find(({ attachment }) => attachment?.device === "/dev/vda");
}

function serverJson(project: Project, server: Server): JsonObject {
  const address = [...project.addresses.values()].find(({ portId }) => portId === server.portId);
  const hanging = volumesOf(project, server.id).filter(({ status }) => status !== "attaching");
  const port = { "OS-EXT-IPS:port_id": server.portId, version: "4" };
  return {
    id: server.id,
    name: server.name,
    status: server.status,
    "OS-EXT-STS:task_state": server.task === "" ? null : server.task,
    "OS-EXT-AZ:availability_zone": project.zone,
    image: { id: server.imageId },
    flavor: { id: server.flavor },
    tags: [...server.tags].map(([key, value]) => `${key}=${value}`),
    security_groups: server.groupIds.map((id) => ({ id })),
    // Before it is made it has no interface.
    addresses:
      server.status === "BUILD"
        ? {}
        : {
            [project.vpcOf(server.subnetId)]: [
              { addr: server.privateAddress, "OS-EXT-IPS:type": "fixed", ...port },
              ...(address === undefined
                ? []
                : [{ addr: address.publicIp, "OS-EXT-IPS:type": "floating", ...port }]),
            ],
          },
    "os-extended-volumes:volumes_attached": hanging.map(({ id, attachment }) => ({
      id,
      device: attachment?.device,
      bootIndex: attachment?.device === "/dev/vda" ? "0" : "-1",
      delete_on_termination: String(
        attachment?.device === "/dev/vda" || attachment?.deleteOnTermination === true,
      ),
    })),
  };
}

/** Starts what boots from the system disk: ours, with all that hangs on it. A shell just runs. */
async function boot(project: Project, server: Server): Promise<void> {
  const system = systemDiskOf(project, server);
  if (server.runs === "gateway" || server.runs === "hyperdoor") return;
  if (system === undefined || system.isPublicRoot) return;
  await startGuest(project, server, system);
}

async function startGuest(project: Project, server: Server, system: Volume): Promise<void> {
  server.runs = "guest";
  const others = dataDisksOf(project, server);
  await project.machines?.startServer(
    server.id,
    [system, ...others].map(({ id }) => id),
  );
  await project.guests.open(server.id, server.privateAddress);
}

const dataDisksOf = (project: Project, server: Server): Volume[] =>
  volumesOf(project, server.id)
    .filter(({ attachment }) => attachment?.device !== "/dev/vda")
    .sort((a, b) => (a.attachment?.device ?? "").localeCompare(b.attachment?.device ?? ""));

/** HyperDoor begins; when it restarts, what it has copied does. */
function openDoor(project: Project, server: Server): void {
  const { id, userData } = server;
  const system = systemDiskOf(project, server);
  if (system === undefined) return;
  project.doors?.start({
    ...{ id, userData, systemVolumeId: system.id },
    attached: () =>
      dataDisksOf(project, server)
        .filter(({ status }) => status === "in-use")
        .map((volume) => volume.id),
    boot: () => startGuest(project, server, system),
  });
}

async function halt(project: Project, server: Server): Promise<void> {
  await project.doors?.end(server.id);
  await project.guests.close(server.id);
  await project.machines?.remove(server.id);
}

/** What has come about by itself since the last call. */
export async function letServersHappen(project: Project): Promise<void> {
  const now = project.now();
  for (const server of project.servers.values()) {
    if (now < server.changesAt) continue;
    if (server.task === "deleting") {
      await end(project, server);
    } else if (server.task === "powering-off") {
      await halt(project, server);
      server.status = "SHUTOFF";
      server.task = "";
    } else if (server.status === "BUILD" || server.task === "powering-on") {
      server.status = "ACTIVE";
      server.task = "";
      if (server.runs === "hyperdoor") openDoor(project, server);
    }
  }
}

async function end(project: Project, server: Server): Promise<void> {
  await project.doors?.end(server.id);
  const doomed: Volume[] = [];
  for (const volume of volumesOf(project, server.id)) {
    const { attachment } = volume;
    const goes =
      attachment?.device === "/dev/vda" ||
      attachment?.deleteOnTermination === true ||
      server.deletesVolumes;
    if (goes) doomed.push(volume);
    await takeOff(project, volume);
  }
  await halt(project, server);
  project.servers.delete(server.id);
  for (const id of server.groupIds) {
    project.held.set(id, project.now() + project.delays.interfaceMs);
  }
  for (const address of project.addresses.values()) {
    if (address.portId === server.portId) delete address.portId;
  }
  for (const volume of doomed) await removeVolume(project, volume);
}

const fence = "HYPERMOTION_BOOTSTRAP";

/** What user data of ours makes of a machine: a gateway where it holds a gateway's configuration. */
function bootstrapIn(userData: string): ReturnType<typeof gatewayBootstrap.parse> | undefined {
  const text = new RegExp(`<<'${fence}'\\n(.*)\\n${fence}\\n`).exec(userData)?.[1];
  return text === undefined ? undefined : gatewayBootstrap.parse(JSON.parse(text));
}

const refuse = (problem: string): never => {
  throw new Refusal(400, "Ecs.0005", problem);
};

/** @throws Refusal for what ECS would not make, whether it is asked in earnest or not */
// biome-ignore lint/suspicious/noExplicitAny: checked against the table of calls
function examine(project: Project, wish: any): { image: Image; userData: string } {
  const image = get(project.images, "image", wish.imageRef);
  if (image.status !== "active") refuse(`image ${image.id} is not active`);
  const flavor = flavors.find(({ id }) => id === wish.flavorRef);
  if (flavor === undefined) return refuse(`flavor ${wish.flavorRef} is invalid`);
  if (!project.subnets.some(({ vpcId }) => vpcId === wish.vpcid)) {
    refuse(`VPC ${wish.vpcid} could not be found`);
  }
  if (wish.availability_zone !== project.zone) refuse("the availability zone is invalid");
  const subnet = project.subnets.find(({ id }) => id === wish.nics[0]?.subnet_id);
  if (wish.nics.length !== 1 || subnet?.vpcId !== wish.vpcid) {
    refuse("the subnet is not in the VPC");
  }
  if ((subnet?.onlyZone ?? project.zone) !== project.zone) {
    refuse("the subnet is not in the availability zone");
  }
  if (!/^[\p{Script=Han}\w.-]{1,64}$/u.test(wish.name)) refuse(`the name ${wish.name} is invalid`);
  if ((wish.server_tags ?? []).length > 10) refuse("a server has at most 10 tags when it is made");
  const { size = image.minDisk } = wish.root_volume;
  if (size < image.minDisk || size > 1024) refuse(`a system disk of ${size} GB is invalid`);
  for (const { id } of wish.security_groups ?? []) get(project.groups, "group", id);
  const userData = Buffer.from(wish.user_data ?? "", "base64").toString("utf8");
  if (Buffer.byteLength(userData) > 32_768) refuse("user data is limited to 32 KB");
  const address = wish.nics[0].ip_address;
  if ([...project.servers.values()].some((one) => one.privateAddress === address)) {
    throw new Refusal(400, "Ecs.0010", "The private IP address is already being used.");
  }
  const used = [...project.servers.values()].reduce(
    (sum, one) => sum + (flavors.find(({ id }) => id === one.flavor)?.vcpus ?? 0),
    0,
  );
  if (used + flavor.vcpus > project.quotas.vcpus) {
    throw new Refusal(403, "Ecs.0001", "Insufficient ECS quota: the number of vCPUs is exceeded");
  }
  return { image, userData };
}

const createServers: Handler = async (project, { body }) => {
  const wish = body.server;
  const { image, userData } = examine(project, wish);
  if (body.dry_run === true) return {};
  const tags = (wish.server_tags ?? []).map((tag: { key: string; value: string }) => [
    tag.key,
    tag.value,
  ]);
  const bootstrap = bootstrapIn(userData);
  const isHyperDoor = image.id === hyperDoorImageId;
  const server: Server = {
    ...project.newThing(wish.name, checkTags(tags, "Ecs.0005")),
    imageId: image.id,
    flavor: wish.flavorRef,
    subnetId: wish.nics[0].subnet_id,
    groupIds: (wish.security_groups ?? []).map(({ id }: { id: string }) => id),
    privateAddress: wish.nics[0].ip_address ?? project.newPrivateAddress(),
    portId: project.newThing("port").id,
    chargingMode: wish.extendparam?.chargingMode ?? 0,
    ...(wish.key_name === undefined ? {} : { keyName: wish.key_name }),
    status: "BUILD",
    task: "",
    changesAt: project.now() + project.delays.bootMs,
    deletesVolumes: false,
    userData,
    runs: isHyperDoor ? "hyperdoor" : bootstrap === undefined ? "shell" : "gateway",
  };
  if (project.soldOut.has(wish.flavorRef)) {
    // The order is taken, and what it began is taken back. Source: ECS error codes, Ecs.0319.
    const failure = { code: "Ecs.0319", reason: `Insufficient flavor capacity: ${wish.flavorRef}` };
    const doneAt = project.now() + project.delays.bootMs;
    const entities = { server_id: server.id };
    const job = project.newJob({ service: "ecs", type: "createServer", doneAt, entities, failure });
    return { job_id: job.id, serverIds: [server.id] };
  }
  project.servers.set(server.id, server);
  const system = await makeVolume(
    project,
    {
      name: `${wish.name}-volume-0000`,
      sizeGiB: wish.root_volume.size ?? image.minDisk,
      type: wish.root_volume.volumetype,
      bootable: true,
      isPublicRoot: !image.isOurs && !isHyperDoor,
      metadata: {},
      tags: new Map(),
    },
    image.isOurs ? image.id : undefined,
  );
  system.attachment = { serverId: server.id, device: "/dev/vda", deleteOnTermination: true };
  const job = project.newJob({
    service: "ecs",
    type: "createServer",
    doneAt: server.changesAt,
    entities: { server_id: server.id },
  });
  if (bootstrap !== undefined) await project.machines?.startGateway(server.id, bootstrap);
  else await boot(project, server);
  return { job_id: job.id, serverIds: [server.id] };
};

const showServer: Handler = (project, { path }) => {
  const server = get(project.servers, "server", path.server_id ?? "");
  const there = project.isShown(server)
    ? server
    : get(new Map<string, Server>(), "server", server.id);
  return { server: serverJson(project, there) };
};

/** Pages are numbered from 1; `tags` looks for a part of the text. Source: ListServersDetails. */
const listServers: Handler = (project, { query }) => {
  const wanted = query.get("tags") ?? "";
  const found = [...project.servers.values()].filter(
    (server) =>
      project.isShown(server) &&
      [...server.tags].some(([key, value]) => `${key}=${value}`.includes(wanted)),
  );
  const limit = Number(query.get("limit") ?? 25);
  const page = Math.max(1, Number(query.get("offset") ?? 1));
  const servers = found.slice((page - 1) * limit, page * limit);
  return { count: found.length, servers: servers.map((server) => serverJson(project, server)) };
};

const action: Handler = async (project, { body }) => {
  const [[name = "", order] = []] = Object.entries<{ servers: { id: string }[]; type?: string }>(
    body,
  );
  if (order === undefined || Object.keys(body).length !== 1) return refuse("one action at a time");
  let doneAt = project.now();
  for (const { id } of order.servers) {
    const server = get(project.servers, "server", id);
    const wanted = name === "os-start" ? "SHUTOFF" : "ACTIVE";
    if (server.status !== wanted || server.task !== "") {
      throw new Refusal(400, "Ecs.0100", `The ECS [${id}] is ${server.status}, at ${server.task}`);
    }
    if (name === "os-start") await start(project, server);
    else {
      server.task = "powering-off";
      server.changesAt = project.now() + project.delays.stopMs;
    }
    doneAt = server.changesAt;
  }
  const job = project.newJob({ service: "ecs", type: name, doneAt, entities: {} });
  return { job_id: job.id };
};

async function start(project: Project, server: Server): Promise<void> {
  if (systemDiskOf(project, server) === undefined) {
    throw new Refusal(400, "Ecs.0105", "Failed to query the system disk of the ECS.");
  }
  server.task = "powering-on";
  server.changesAt = project.now() + project.delays.bootMs;
  await boot(project, server);
}

const deleteServers: Handler = (project, { body }) => {
  let doneAt = project.now();
  for (const { id } of body.servers) {
    const server = get(project.servers, "server", id);
    server.task = "deleting";
    server.deletesVolumes = body.delete_volume ?? false;
    server.changesAt = project.now() + project.delays.stopMs;
    doneAt = server.changesAt;
  }
  const job = project.newJob({ service: "ecs", type: "deleteServer", doneAt, entities: {} });
  return { job_id: job.id };
};

const listFlavors: Handler = (project, { query }) => {
  const from = flavors.findIndex(({ id }) => id === query.get("marker")) + 1;
  const limit = Number(query.get("limit") ?? 1000);
  const page = flavors.slice(from, from + limit);
  return { flavors: page.map((flavor) => flavorJson(project, flavor)) };
};

const listZones: Handler = (project) => ({
  availabilityZoneInfo: [project.zone, "cn-north-4b"].map((zoneName) => ({
    zoneName,
    zoneState: { available: true },
    hosts: [],
  })),
});

export const serverHandlers: Record<string, Handler> = {
  CreatePostPaidServers: createServers,
  ShowServer: showServer,
  ListServersDetails: listServers,
  ServersAction: action,
  DeleteServers: deleteServers,
  ListFlavors: listFlavors,
  NovaListAvailabilityZones: listZones,
};
