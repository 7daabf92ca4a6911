/** Nova. Sources: Compute API; nova/exception.py, nova/compute/api.py; what a running Zed answered. */
import { gatewayBootstrap } from "#domain/protocol/gateway.ts";
import { type JsonObject, linksOf, pageOf, Refusal } from "./request.ts";
import {
  type Flavor,
  get,
  type Image,
  type Port,
  type Project,
  type Server,
  type Volume,
} from "./state.ts";
import { type Handler, makeVolume, removeVolume, takeOff, volumesOf } from "./volumes.ts";

const GiB = 1024 ** 3;

const bad = (message: string) => new Refusal(400, "badRequest", message);
const conflict = (message: string) => new Refusal(409, "conflictingRequest", message);

function addressesOf(project: Project, server: Server): JsonObject {
  const all = project.portsOf(server.id).flatMap((port) => {
    const common = { version: 4, "OS-EXT-IPS-MAC:mac_addr": "fa:16:3e:00:00:01" };
    const fixed = { addr: port.address, "OS-EXT-IPS:type": "fixed", ...common };
    const floating = [...project.floatingIps.values()]
      .filter(({ portId }) => portId === port.id)
      .map(({ address }) => ({ addr: address, "OS-EXT-IPS:type": "floating", ...common }));
    return [fixed, ...floating];
  });
  // Before it is made it has no interface.
  return server.status === "BUILD" || all.length === 0 ? {} : { private: all };
}

function serverJson(project: Project, server: Server): JsonObject {
  return {
    id: server.id,
    name: server.name,
    status: server.status,
    created: server.createdAt,
    locked: server.locked,
    metadata: server.metadata,
    image: server.imageId === undefined ? "" : { id: server.imageId },
    flavor: { original_name: project.flavors.find(({ id }) => id === server.flavorId)?.name },
    "OS-EXT-STS:task_state": server.task === "" ? null : server.task,
    "OS-EXT-AZ:availability_zone": server.zone,
    addresses: addressesOf(project, server),
    "os-extended-volumes:volumes_attached": volumesOf(project, server.id).map(
      ({ id, attachment }) => ({ id, delete_on_termination: attachment?.deleteOnTermination }),
    ),
    ...(server.fault === undefined ? {} : { fault: { code: 500, message: server.fault } }),
  };
}

/** A disk of the flavor's own: no volume of Cinder's. */
const ownDisk = (server: Server) => `${server.id}-disk`;

async function halt(project: Project, server: Server): Promise<void> {
  await project.doors?.end(server.id);
  await project.machines?.remove(server.id);
}

/** What has come about by itself since the last call. */
export async function letServersHappen(project: Project): Promise<void> {
  const now = project.now();
  for (const server of project.servers.values()) {
    if (now < server.changesAt) continue;
    if (server.task === "deleting") {
      if (project.keepsDeleted && server.status !== "SOFT_DELETED") {
        await halt(project, server);
        server.status = "SOFT_DELETED";
        server.task = "";
      } else await end(project, server);
    } else if (server.task === "powering-off") {
      await halt(project, server);
      server.status = "SHUTOFF";
      server.task = "";
    } else if (server.status === "BUILD") {
      server.status = server.fault === undefined ? "ACTIVE" : "ERROR";
      if (server.status === "ACTIVE" && server.runs === "door") openDoor(project, server);
    }
  }
}

/** HyperDoor copies what hangs beside its own disk over that, and then restarts into it. */
function openDoor(project: Project, server: Server): void {
  const { id, userData } = server;
  const [system] = volumesOf(project, id);
  if (system === undefined) throw new Error(`${id} has no system disk`);
  const attached = () =>
    volumesOf(project, id)
      .filter((volume) => volume !== system && volume.status === "in-use")
      .map((volume) => volume.id);
  const boot = async () => {
    await project.machines?.startServer(id, [system.id, ...attached()]);
  };
  project.doors?.start({ id, userData, systemVolumeId: system.id, attached, boot });
}

async function end(project: Project, server: Server): Promise<void> {
  const doomed: Volume[] = [];
  for (const volume of volumesOf(project, server.id)) {
    if (volume.attachment?.deleteOnTermination === true) doomed.push(volume);
    await takeOff(project, volume);
  }
  await halt(project, server);
  project.servers.delete(server.id);
  // Ports that Nova was given outlive their server (seen on Zed).
  for (const port of project.portsOf(server.id)) port.serverId = "";
  for (const volume of doomed) await removeVolume(project, volume);
  if (server.imageId !== undefined && project.images.get(server.imageId)?.isOurs === true) {
    await project.machines?.deleteVolume(ownDisk(server));
  }
}

const fence = "HYPERMOTION_BOOTSTRAP";

/** What user data of ours makes of a machine: a gateway where it holds a gateway's configuration. */
function bootstrapIn(userData: string): ReturnType<typeof gatewayBootstrap.parse> | undefined {
  const text = new RegExp(`<<'${fence}'\\n(.*)\\n${fence}\\n`).exec(userData)?.[1];
  return text === undefined ? undefined : gatewayBootstrap.parse(JSON.parse(text));
}

interface Device {
  readonly boot_index: number;
  readonly uuid: string;
  readonly source_type: "image" | "volume";
  readonly destination_type: "local" | "volume";
  readonly delete_on_termination: boolean;
  readonly volume_size?: number;
  readonly volume_type?: string;
}

function imageOf(project: Project, id: string): Image {
  const image = project.images.get(id);
  if (image === undefined) throw bad(`Can not find requested image`);
  if (image.status !== "active") throw bad(`Image ${id} is not active.`);
  return image;
}

/** Source: nova/compute/api.py, _validate_bdm; nova/exception.py, InvalidBDM and its kin. */
function checkRoot(project: Project, root: Device, imageRef: string | undefined, flavor: Flavor) {
  if (root.source_type === "volume") {
    if (imageRef !== undefined) throw bad("an image and a volume to boot from exclude each other");
    const volume = project.volumes.get(root.uuid);
    if (volume !== undefined && !volume.bootable) {
      throw bad(`Block Device ${root.uuid} is not bootable.`);
    }
    return undefined;
  }
  const image = imageOf(project, root.uuid);
  const needed = Math.max(1, image.minDisk, image.isOurs ? image.sizeGiB : 0);
  if (root.destination_type === "volume") {
    if ((root.volume_size ?? 0) < needed) {
      throw bad("Volume is smaller than the minimum size specified in image metadata.");
    }
    return image;
  }
  if (imageRef !== root.uuid) throw bad("Boot device and imageRef are not the same image");
  if (flavor.disk === 0) {
    const message = "Only volume-backed servers are allowed for flavors with zero disk.";
    throw new Refusal(403, "forbidden", message);
  }
  if (flavor.disk < needed) {
    throw bad("Flavor's disk is smaller than the minimum size specified in image metadata.");
  }
  return image;
}

function checkVolumes(project: Project, devices: readonly Device[]): void {
  for (const { uuid, source_type, destination_type } of devices) {
    if (source_type !== "volume") continue;
    if (destination_type !== "volume") throw bad("Block Device Mapping is Invalid.");
    const volume = project.volumes.get(uuid);
    if (volume === undefined) {
      throw bad(`Block Device Mapping is Invalid: failed to get volume ${uuid}.`);
    }
    if (volume.status !== "available") {
      throw bad(`Invalid volume: volume ${uuid} status must be 'available', is ${volume.status}`);
    }
  }
}

function checkQuota(project: Project, flavor: Flavor): void {
  const used = [...project.servers.values()].reduce(
    (sum, one) => sum + (project.flavors.find(({ id }) => id === one.flavorId)?.vcpus ?? 0),
    0,
  );
  if (used + flavor.vcpus <= project.quotas.cores) return;
  const message = `Quota exceeded for cores: Requested ${flavor.vcpus}, but already used ${used} of ${project.quotas.cores} cores`;
  throw new Refusal(403, "forbidden", message);
}

const createServer: Handler = async (project, { body, minor }) => {
  const wish = body.server;
  const devices: readonly Device[] = wish.block_device_mapping_v2 ?? [];
  const flavor = project.flavors.find(({ id }) => id === wish.flavorRef);
  if (flavor === undefined) throw bad("Invalid flavorRef provided.");
  if (wish.availability_zone !== undefined && wish.availability_zone !== project.zone) {
    throw bad("The requested availability zone is not available");
  }
  if (wish.name.trim() !== wish.name || wish.name === "" || wish.name.length > 255) {
    throw bad(`Invalid input for field/attribute name. Value: ${wish.name}.`);
  }
  const userData = Buffer.from(wish.user_data ?? "", "base64").toString("utf8");
  if ((wish.user_data ?? "").length > 65_535) {
    throw bad(`Invalid input for field/attribute user_data. Value: ${wish.user_data}. too long`);
  }
  const ports: Port[] = wish.networks.map(({ port: id }: { port: string }) => {
    const port = project.ports.get(id);
    if (port === undefined) throw bad(`Port id ${id} could not be found.`);
    if (port.serverId !== "") throw conflict(`Port ${id} is still in use.`);
    return port;
  });
  if (devices.some(({ volume_type }) => volume_type !== undefined) && minor < 67) {
    throw bad("Additional properties are not allowed ('volume_type' was unexpected)");
  }
  const [root, ...others] = devices;
  if (root === undefined || devices.filter((one) => one.boot_index === 0).length !== 1) {
    throw bad("Block Device Mapping is Invalid: Boot sequence for the instance is not valid.");
  }
  checkVolumes(project, devices);
  const image = checkRoot(project, root, wish.imageRef, flavor);
  checkQuota(project, flavor);
  const bootstrap = bootstrapIn(userData);
  const server: Server = {
    ...project.newThing(wish.name),
    flavorId: flavor.id,
    ...(wish.imageRef === undefined ? {} : { imageId: wish.imageRef }),
    ...{ metadata: wish.metadata ?? {}, zone: project.zone, userData },
    configDrive: wish.config_drive ?? false,
    ...(wish.key_name === undefined ? {} : { keyName: wish.key_name }),
    ...{ status: "BUILD", task: "", locked: false, runs: programOf(image, bootstrap) },
    changesAt: project.now() + project.delays.bootMs,
    ...(project.isFull
      ? { fault: "No valid host was found. There are not enough hosts available." }
      : {}),
  };
  project.servers.set(server.id, server);
  for (const port of ports) port.serverId = server.id;
  if (server.fault === undefined) await build(project, server, { root, image, others, bootstrap });
  return { server: { id: server.id, "OS-DCF:diskConfig": "MANUAL", adminPass: "not-used" } };
};

function programOf(image: Image | undefined, bootstrap: object | undefined): Server["runs"] {
  if (bootstrap !== undefined) return "gateway";
  if (image?.name === "HyperDoor") return "door";
  return image === undefined || image.isOurs ? "guest" : "nothing";
}

async function build(
  project: Project,
  server: Server,
  made: {
    readonly root: Device;
    readonly image: Image | undefined;
    readonly others: readonly Device[];
    readonly bootstrap: ReturnType<typeof bootstrapIn>;
  },
): Promise<void> {
  const { root, image, others, bootstrap } = made;
  const system = await systemOf(project, server, root, image);
  for (const [at, { uuid, delete_on_termination: deleteOnTermination }] of others.entries()) {
    const volume = get(project.volumes, "volume", uuid);
    volume.attachment = project.newAttachment({
      ...{ serverId: server.id, deleteOnTermination, bootIndex: -1 - at },
    });
    volume.status = "attaching";
    volume.changesAt = server.changesAt;
  }
  if (bootstrap !== undefined) await project.machines?.startGateway(server.id, bootstrap);
  else if (server.runs === "guest") {
    await project.machines?.startServer(server.id, [system, ...others.map(({ uuid }) => uuid)]);
  }
}

/** @returns the machine volume it starts from */
async function systemOf(
  project: Project,
  server: Server,
  root: Device,
  image: Image | undefined,
): Promise<string> {
  const { delete_on_termination: deleteOnTermination } = root;
  const attachment = project.newAttachment({
    ...{ serverId: server.id, deleteOnTermination, bootIndex: 0 },
  });
  if (root.source_type === "volume") {
    const volume = get(project.volumes, "volume", root.uuid);
    volume.attachment = attachment;
    volume.status = "attaching";
    volume.changesAt = server.changesAt;
    return volume.id;
  }
  // HyperDoor's disk is written to, whatever was on it.
  const isForeign = image?.isOurs !== true && server.runs !== "door";
  if (root.destination_type === "local") {
    const size = (image?.sizeGiB ?? 1) * GiB;
    if (!isForeign) await project.machines?.createVolume(ownDisk(server), size, image?.id);
    return ownDisk(server);
  }
  const volume = await makeVolume(
    project,
    {
      ...{ name: "", sizeGiB: root.volume_size ?? 1, type: root.volume_type ?? "ceph" },
      ...{ zone: project.zone, metadata: new Map(), imageMetadata: new Map() },
      ...{ bootable: true, isForeignRoot: isForeign, isChained: false },
    },
    image?.isOurs === true ? image.id : undefined,
  );
  volume.attachment = attachment;
  return volume.id;
}

const showServer: Handler = (project, { path }) => ({
  server: serverJson(project, get(project.servers, "server", path.id ?? "")),
});

const listServers: Handler = (project, { query }) => {
  const { page, more } = pageOf([...project.servers.values()], query, project.mostPerPage);
  return {
    servers: page.map((server) => serverJson(project, server)),
    ...linksOf("servers", more),
  };
};

const deleteServer: Handler = (project, { path }) => {
  const server = get(project.servers, "server", path.id ?? "");
  if (server.locked) throw conflict(`Instance ${server.id} is locked`);
  server.task = "deleting";
  server.changesAt = project.now() + project.delays.stopMs;
  return undefined;
};

const forceDelete: Handler = (project, { path }) => {
  const server = get(project.servers, "server", path.id ?? "");
  server.task = "deleting";
  server.changesAt = project.now() + project.delays.stopMs;
  return undefined;
};

/** One that was just ordered is shown, and takes no orders yet (seen on Zed). */
const stopServer: Handler = (project, { path }) => {
  const server = get(project.servers, "server", path.id ?? "");
  if (server.status === "BUILD") {
    if (project.now() - server.madeAt < project.delays.bootMs / 2) {
      throw new Refusal(404, "itemNotFound", `Instance ${server.id} could not be found.`);
    }
    throw conflict(`Cannot 'stop' instance ${server.id} while it is in vm_state building`);
  }
  if (server.task !== "") {
    throw conflict(`Cannot 'stop' instance ${server.id} while it is in task_state ${server.task}`);
  }
  if (server.status !== "ACTIVE") {
    throw conflict(`Cannot 'stop' instance ${server.id} while it is in vm_state stopped`);
  }
  server.task = "powering-off";
  server.changesAt = project.now() + project.delays.stopMs;
  return undefined;
};

const consoleOutput: Handler = async (project, { path }) => {
  const server = get(project.servers, "server", path.id ?? "");
  if (server.status === "BUILD") throw conflict(`Instance ${server.id} is not ready`);
  const door = project.doors?.console(server.id) ?? "";
  return { output: `${door}${(await project.machines?.console(server.id)) ?? ""}` };
};

const listAttachments: Handler = (project, { path }) => {
  const server = get(project.servers, "server", path.id ?? "");
  const found = volumesOf(project, server.id);
  return {
    volumeAttachments: found.map(({ id }) => ({
      ...{ id, volumeId: id, serverId: server.id, device: "/dev/vdz" },
    })),
  };
};

const attachVolume: Handler = (project, { path, body, minor }) => {
  const server = get(project.servers, "server", path.id ?? "");
  const wish = body.volumeAttachment;
  if (wish.delete_on_termination !== undefined && minor < 79) {
    throw bad("Additional properties are not allowed ('delete_on_termination' was unexpected)");
  }
  const volume = get(project.volumes, "volume", wish.volumeId);
  if (volume.attachment?.serverId === server.id) {
    throw bad(`Invalid volume: volume ${volume.id} already attached`);
  }
  if (volume.status !== "available") {
    throw bad(
      `Invalid volume: volume '${volume.id}' status must be 'available'. Currently in '${volume.status}' status.`,
    );
  }
  if (server.status === "BUILD" || server.task !== "") {
    throw conflict(`Cannot 'attach_volume' instance ${server.id} while it is in vm_state building`);
  }
  const deleteOnTermination = wish.delete_on_termination ?? false;
  volume.attachment = project.newAttachment({
    ...{ serverId: server.id, deleteOnTermination, bootIndex: -1 },
  });
  volume.status = "attaching";
  volume.changesAt = project.now() + project.delays.attachMs;
  return { volumeAttachment: { id: volume.id, volumeId: volume.id, serverId: server.id } };
};

const detachVolume: Handler = (project, { path }) => {
  const server = get(project.servers, "server", path.id ?? "");
  const volume = project.volumes.get(path.volume ?? "");
  if (volume?.attachment?.serverId !== server.id) {
    const message = `Instance ${server.id} is not attached to volume ${path.volume}`;
    throw new Refusal(404, "itemNotFound", message);
  }
  if (volume.status !== "in-use") {
    throw bad(
      `Invalid volume: Invalid input received: Invalid volume: Volume status must be in-use, is ${volume.status}`,
    );
  }
  if (volume.attachment.bootIndex === 0 && server.status === "ACTIVE") {
    throw bad("Cannot detach a root device volume");
  }
  volume.status = "detaching";
  volume.changesAt = project.now() + project.delays.attachMs;
  return undefined;
};

const listFlavors: Handler = (project, { query }) => {
  const { page, more } = pageOf(project.flavors, query, project.mostPerPage);
  return {
    flavors: page.map(({ id, name, vcpus, gib, disk }) => ({
      ...{ id, name, vcpus, disk, ram: gib * 1024 },
      "OS-FLV-DISABLED:disabled": false,
    })),
    ...linksOf("flavors", more),
  };
};

const listZones: Handler = (project) => ({
  availabilityZoneInfo: [
    { zoneName: project.zone, zoneState: { available: true }, hosts: null },
    { zoneName: "edge", zoneState: { available: true }, hosts: null },
    { zoneName: "under-repair", zoneState: { available: false }, hosts: null },
  ],
});

const showLimits: Handler = (project) => ({
  limits: { rate: [], absolute: { maxTotalCores: project.quotas.cores } },
});

export const serverHandlers: Record<string, Handler> = {
  CreateServer: createServer,
  ShowServer: showServer,
  ListServers: listServers,
  DeleteServer: deleteServer,
  ForceDeleteServer: forceDelete,
  StopServer: stopServer,
  ShowConsoleOutput: consoleOutput,
  ListVolumeAttachments: listAttachments,
  AttachVolume: attachVolume,
  DetachVolume: detachVolume,
  ListFlavors: listFlavors,
  ListComputeZones: listZones,
  ShowLimits: showLimits,
};
