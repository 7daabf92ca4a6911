/** VMs. Sources: zstack 5.2.1, VmInstanceApiInterceptor.java, AbstractVmInstance.java, VmDeleteVolumeFlow.java, VmSystemTags.java. */
import { gatewayBootstrap } from "#domain/protocol/gateway.ts";
import { Failure, invalid, type Request } from "./request.ts";
import {
  absent,
  type Cloud,
  chosenUuid,
  get,
  newUuid,
  operationError,
  type Vm,
  type Volume,
} from "./state.ts";
import {
  type Handler,
  makeVolume,
  notInState,
  removeVolume,
  takeOff,
  volumeJson,
} from "./volumes.ts";

export function vmJson(cloud: Cloud, vm: Vm): Record<string, unknown> {
  const { uuid, name, description, platform, imageUuid, state, nic, rootVolumeUuid } = vm;
  const { instanceOfferingUuid, clusterUuid } = vm;
  const volumes = [rootVolumeUuid, ...vm.dataVolumeUuids].flatMap((id, deviceId) => {
    const volume = cloud.volumes.get(id);
    return volume === undefined ? [] : [{ ...volumeJson(volume), deviceId }];
  });
  return {
    ...{ uuid, name, description, platform, imageUuid, state, rootVolumeUuid },
    ...{ instanceOfferingUuid, clusterUuid, zoneUuid: cloud.zone.uuid, type: "UserVm" },
    defaultL3NetworkUuid: nic.l3NetworkUuid,
    vmNics: [{ ...nic, vmInstanceUuid: uuid }],
    allVolumes: volumes,
  };
}

const fence = "HYPERMOTION_BOOTSTRAP";

/** What user data of ours makes of a machine: a gateway where it holds a gateway's configuration. */
function bootstrapIn(userData: string): ReturnType<typeof gatewayBootstrap.parse> | undefined {
  const text = new RegExp(`<<'${fence}'\\n(.*)\\n${fence}\\n`).exec(userData)?.[1];
  return text === undefined ? undefined : gatewayBootstrap.parse(JSON.parse(text));
}

/** Decoded, as the guest sees it. Source: zstack 5.2.1, UserdataBuilder.java. */
function userDataIn(systemTags: readonly string[]): string {
  const tags = systemTags.filter((tag) => tag.startsWith("userdata::"));
  if (tags.length > 1) throw invalid("Shouldn't be more than one userdata systemTag for one vm.");
  const [text = ""] = tags.map((tag) => tag.slice("userdata::".length));
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw invalid("userdata is no base64");
  // Source: zstack 5.2.1, V2.2.3__schema.sql: the tag is a TEXT.
  if (text.length > 65_535 - 10) throw new Failure("SYS.1000", "Data too long for column 'tag'");
  return Buffer.from(text, "base64").toString("utf8");
}

const known = [
  /^userdata::/,
  /^bootMode::(UEFI|Legacy|UEFI_WITH_CSM)$/,
  /^staticIp::[0-9a-f]{32}::[0-9.]+$/,
  /^l3::[0-9a-f]{32}::SecurityGroupUuids::[0-9a-f,]+$/,
  /^affinityGroupUuid::[0-9a-f]{32}$/,
];

/** Source: zstack 5.2.1, SecurityGroupNetworkServiceExtension.java; the groups must be for the network. */
function groupsIn(cloud: Cloud, systemTags: readonly string[]): string[] {
  for (const tag of systemTags) {
    if (!known.some((pattern) => pattern.test(tag))) throw invalid(`no system tag matches[${tag}]`);
  }
  return systemTags.flatMap((tag) => {
    const [, network = "", uuids] = /^l3::(.+)::SecurityGroupUuids::(.+)$/.exec(tag) ?? [];
    return (uuids?.split(",") ?? []).map((uuid) => {
      const group = get(cloud.groups, "group", uuid);
      if (group.networks.has(network)) return uuid;
      throw invalid(`the security group[uuid:${uuid}] is not attached to L3 network[${network}]`);
    });
  });
}

/** Sources: zstack 5.2.1, VmInstanceApiInterceptor.java, AttachedL2NetworkAllocatorFlow.java. */
function checkNetwork(cloud: Cloud, uuid: string): void {
  const network = cloud.networks.find((one) => one.uuid === uuid);
  if (network === undefined) throw absent("l3NetworkUuids", uuid, "L3NetworkVO");
  if (network.state !== "Enabled") {
    throw operationError(`l3Network[uuid:${uuid}] is Disabled, can not create vm on it`);
  }
  if (network.system) {
    throw operationError(`l3Network[uuid:${uuid}] is system network, can not create user vm on it`);
  }
  if (cloud.clustersOf(network).includes(cloud.cluster.uuid)) return;
  const why = new Failure("HOST_ALLOCATION.1000", "no host has the network's L2 network");
  throw new Failure("SYS.1006", "[Host allocation] unable to create the VM", why);
}

function examine(cloud: Cloud, { params, systemTags }: Request) {
  if (params.clusterUuid !== cloud.cluster.uuid) {
    throw absent("clusterUuid", params.clusterUuid, "ClusterVO");
  }
  checkNetwork(cloud, params.l3NetworkUuids[0]);
  const offering = cloud.offerings.find(({ uuid }) => uuid === params.instanceOfferingUuid);
  if (offering === undefined) {
    throw absent("instanceOfferingUuid", params.instanceOfferingUuid, "InstanceOfferingVO");
  }
  if (cloud.full.has(offering.name)) {
    const why = new Failure("HOST_ALLOCATION.1000", "no host has enough CPU and memory");
    throw new Failure("SYS.1006", "[Host allocation] unable to create the VM", why);
  }
  const [, staticIp] = /^staticIp::.+::(.+)$/m.exec(systemTags.join("\n")) ?? [];
  if ([...cloud.vms.values()].some(({ nic }) => nic.ip === staticIp)) {
    throw operationError(`IP[${staticIp}] is occupied`);
  }
  return { offering, ip: staticIp ?? cloud.newAddress(), groups: groupsIn(cloud, systemTags) };
}

async function place(
  cloud: Cloud,
  request: Request,
  given: { uuid: string; root: Volume; platform: string; imageUuid: string | undefined },
): Promise<Vm> {
  const { params, systemTags } = request;
  const { offering, ip, groups } = examine(cloud, request);
  const starts = params.strategy !== "CreateStopped";
  const vm: Vm = {
    ...{ uuid: given.uuid, name: params.name, description: params.description },
    ...{ platform: given.platform, imageUuid: given.imageUuid },
    instanceOfferingUuid: offering.uuid,
    clusterUuid: params.clusterUuid,
    nic: { uuid: newUuid(), ip, l3NetworkUuid: params.l3NetworkUuids[0] },
    groups: new Set(groups),
    rootVolumeUuid: given.root.uuid,
    systemTags,
    userData: userDataIn(systemTags),
    dataVolumeUuids: [],
    state: starts ? "Starting" : "Created",
    becomes: starts ? "Running" : "Stopped",
    changesAt: cloud.now() + cloud.delays.bootMs,
    runs: "nothing",
  };
  cloud.vms.set(vm.uuid, vm);
  given.root.vmInstanceUuid = vm.uuid;
  if (starts) await boot(cloud, vm);
  return vm;
}

/** Starts what boots from the root volume: a gateway by its user data, or a guest of ours with all that hangs on it. */
async function boot(cloud: Cloud, vm: Vm): Promise<void> {
  const bootstrap = bootstrapIn(vm.userData);
  if (bootstrap !== undefined) {
    vm.runs = "gateway";
    await cloud.machines?.startGateway(vm.uuid, bootstrap);
    return;
  }
  if (cloud.volumes.get(vm.rootVolumeUuid)?.isForeign !== false) return;
  if (vm.imageUuid !== cloud.hyperDoorImage.uuid) {
    await startGuest(cloud, vm);
    return;
  }
  vm.runs = "door";
  cloud.doors?.start({
    id: vm.uuid,
    userData: vm.userData,
    systemVolumeId: vm.rootVolumeUuid,
    attached: () => vm.dataVolumeUuids,
    boot: () => startGuest(cloud, vm),
  });
}

async function startGuest(cloud: Cloud, vm: Vm): Promise<void> {
  vm.runs = "guest";
  await cloud.machines?.startServer(vm.uuid, [vm.rootVolumeUuid, ...vm.dataVolumeUuids]);
  await cloud.guests.open(vm.uuid, vm.nic.ip);
}

async function halt(cloud: Cloud, vm: Vm): Promise<void> {
  await cloud.doors?.end(vm.uuid);
  vm.runs = "nothing";
  await cloud.guests.close(vm.uuid);
  await cloud.machines?.remove(vm.uuid);
}

/** What has come about by itself since the last call. */
export async function letVmsHappen(cloud: Cloud): Promise<void> {
  for (const vm of cloud.vms.values()) {
    if (vm.becomes === undefined || cloud.now() < vm.changesAt) continue;
    vm.state = vm.becomes;
    vm.becomes = undefined;
  }
}

function turn(cloud: Cloud, vm: Vm, state: string, becomes: string, ms: number) {
  vm.state = state;
  vm.becomes = becomes;
  vm.changesAt = cloud.now() + ms;
  return { ms, inventory: () => vmJson(cloud, vm) };
}

const createVm: Handler = async (cloud, request) => {
  const { params } = request;
  const uuid = chosenUuid(cloud.vms, params.resourceUuid);
  const image = get(cloud.images, "image", params.imageUuid);
  if (image.status !== "Ready") throw operationError(`image[uuid:${image.uuid}] is not Ready`);
  examine(cloud, request);
  if (params.rootDiskSize !== undefined && params.rootDiskSize < image.size) {
    throw invalid("rootDiskSize is less than the image's");
  }
  const root = await makeVolume(
    cloud,
    {
      ...{ uuid: newUuid(), name: `ROOT-for-${params.name}` },
      ...{ description: `Root volume for VM[uuid:${uuid}]`, type: "Root" },
      size: params.rootDiskSize ?? image.size,
      primaryStorageUuid: cloud.getPool(params.primaryStorageUuidForRootVolume).uuid,
      // HyperDoor's is written over.
      isForeign: !image.isOurs && image !== cloud.hyperDoorImage,
    },
    image.isOurs ? image.uuid : undefined,
  );
  const { platform } = image;
  const vm = await place(cloud, request, { uuid, root, platform, imageUuid: image.uuid });
  return { ms: cloud.delays.bootMs, inventory: () => vmJson(cloud, vm) };
};

/** The volume becomes the VM's root volume. Source: zstack 5.2.1, VmInstanceApiInterceptor.java. */
const createFromVolume: Handler = async (cloud, request) => {
  const { params } = request;
  const uuid = chosenUuid(cloud.vms, params.resourceUuid);
  const root = get(cloud.volumes, "volume", params.volumeUuid);
  if (root.vmInstanceUuid !== undefined) {
    throw operationError("could not create vm instance from a attached volume.");
  }
  if (root.status !== "Ready") {
    throw operationError(
      `volume[uuid:${root.uuid}] could not satisfy conditions[state:Enabled status:Ready]`,
    );
  }
  examine(cloud, request);
  root.type = "Root";
  const { platform = "Linux" } = params;
  const vm = await place(cloud, request, { uuid, root, platform, imageUuid: undefined });
  return { ms: cloud.delays.bootMs, inventory: () => vmJson(cloud, vm) };
};

const start: Handler = async (cloud, { path }) => {
  const vm = get(cloud.vms, "vm", path.vm);
  if (vm.state !== "Stopped") throw notInState(vm, "APIStartVmInstanceMsg");
  await boot(cloud, vm);
  return turn(cloud, vm, "Starting", "Running", cloud.delays.bootMs);
};

const stop: Handler = async (cloud, { path }) => {
  const vm = get(cloud.vms, "vm", path.vm);
  if (vm.state === "Stopped") return { ms: 0 };
  if (vm.state !== "Running") throw notInState(vm, "APIStopVmInstanceMsg");
  await halt(cloud, vm);
  return turn(cloud, vm, "Stopping", "Stopped", cloud.delays.bootMs);
};

/** Data volumes come off, whatever becomes of them. Source: zstack 5.2.1, VmDeleteVolumeFlow.java. */
const destroy: Handler = async (cloud, { path }) => {
  const vm = cloud.vms.get(path.vm ?? "");
  if (vm === undefined) return { ms: 0 };
  if (!["Running", "Stopped", "Created", "Starting", "Unknown"].includes(vm.state)) {
    throw notInState(vm, "APIDestroyVmInstanceMsg");
  }
  for (const id of [...vm.dataVolumeUuids]) {
    const volume = get(cloud.volumes, "volume", id);
    await takeOff(cloud, volume, vm);
    if (cloud.deletesDataVolumesWithVms) volume.status = "Deleted";
  }
  await halt(cloud, vm);
  return turn(cloud, vm, "Destroying", "Destroyed", cloud.delays.deleteMs);
};

const expunge: Handler = async (cloud, { path }) => {
  const vm = get(cloud.vms, "vm", path.vm);
  if (vm.state !== "Destroyed") throw notInState(vm, "APIExpungeVmInstanceMsg");
  cloud.vms.delete(vm.uuid);
  const root = cloud.volumes.get(vm.rootVolumeUuid);
  if (root !== undefined) await removeVolume(cloud, root);
  for (const [id, eip] of cloud.eips) if (eip.vmNicUuid === vm.nic.uuid) cloud.eips.delete(id);
  return { ms: cloud.delays.deleteMs };
};

export const vmHandlers: Record<string, Handler> = {
  CreateVmInstance: createVm,
  CreateVmInstanceFromVolume: createFromVolume,
  StartVmInstance: start,
  StopVmInstance: stop,
  DestroyVmInstance: destroy,
  ExpungeVmInstance: expunge,
};
