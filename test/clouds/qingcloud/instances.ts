/** Instances. Source for states and refusals: QingCloud API, RunInstances and TerminateInstances. */
import { gatewayBootstrap } from "#domain/protocol/gateway.ts";
import type { Parameters } from "../parameters.ts";
import { listed, paged } from "./listing.ts";
import { type Answer, Refusal } from "./request.ts";
import {
  type Account,
  defaultGroupId,
  get,
  hyperDoorImageId,
  type Image,
  type Instance,
  isGone,
  refuseBusy,
} from "./state.ts";
import { hangOn, refuseHost, setFree, volumesOf } from "./volumes.ts";

type Action = (account: Account, parameters: Parameters) => Promise<Answer> | Answer;

const GiB = 1024 ** 3;

/** Source: QingCloud API, "Instance Types". */
const types = [
  { name: "c1m1", cpu: 1, gib: 1 },
  { name: "c2m4", cpu: 2, gib: 4 },
  { name: "c4m8", cpu: 4, gib: 8 },
  { name: "s1.small.r2", cpu: 1, gib: 2 },
  { name: "s1.large.r2", cpu: 2, gib: 4 },
  { name: "s1.xlarge.r2", cpu: 4, gib: 8 },
  { name: "e1.xlarge.r2", cpu: 4, gib: 8 },
  { name: "e2.xlarge.r2", cpu: 4, gib: 8 },
  { name: "bmc16m64t40g0", cpu: 16, gib: 64 },
] as const;

const classOfSeries: Readonly<Record<string, number>> = { s1: 101, e1: 201, e2: 202 };

const fence = "HYPERMOTION_BOOTSTRAP";

/** What user data of ours makes of a machine: a gateway where it holds a gateway's configuration. */
function bootstrapIn(userData: string): ReturnType<typeof gatewayBootstrap.parse> | undefined {
  const text = new RegExp(`<<'${fence}'\\n(.*)\\n${fence}\\n`).exec(userData)?.[1];
  return text === undefined ? undefined : gatewayBootstrap.parse(JSON.parse(text));
}

const systemDiskOf = (instance: Instance) => `${instance.id}-os`;

/** What has come about by itself since the last call. */
export async function letInstancesHappen(account: Account): Promise<void> {
  for (const instance of account.instances.values()) {
    letFirewallHappen(account, instance);
    if (instance.next === undefined || account.now() < instance.changesAt) continue;
    const was = instance.transition;
    Object.assign(instance, { status: instance.next, transition: "" });
    delete instance.next;
    if (was === "creating" && instance.runs === "hyperdoor") openDoor(account, instance);
    if (was === "stopping") await stop(account, instance);
    if (isGone(instance)) await end(account, instance);
  }
}

function letFirewallHappen(account: Account, instance: Instance): void {
  const { applying } = instance;
  if (applying === undefined || account.now() < applying.at) return;
  delete instance.applying;
  instance.groupId = applying.groupId;
  instance.rules = [...(account.allGroups.get(applying.groupId)?.rules.values() ?? [])];
}

async function stop(account: Account, { id }: Instance): Promise<void> {
  await account.doors?.end(id);
  if ((await account.machines?.find(id)) !== undefined) await account.machines?.stop(id);
}

/** HyperDoor begins; when it restarts, what it has copied does. */
function openDoor(account: Account, instance: Instance): void {
  const { id } = instance;
  const attached = () =>
    volumesOf(account, id)
      .filter(({ transition }) => transition !== "detaching")
      .map((volume) => volume.id);
  account.doors?.start({
    ...{ id, attached, userData: instance.userData?.text ?? "" },
    systemVolumeId: systemDiskOf(instance),
    boot: () => boot(account, instance, attached()),
  });
}

async function end(account: Account, instance: Instance): Promise<void> {
  await account.doors?.end(instance.id);
  for (const volume of volumesOf(account, instance.id)) await setFree(account, volume);
  await account.guests.close(instance.id);
  await account.machines?.remove(instance.id);
  if (instance.runs === "server" || instance.runs === "hyperdoor") {
    await account.machines?.deleteVolume(systemDiskOf(instance));
  }
  for (const eip of account.eips.values()) {
    if (eip.instanceId !== instance.id) continue;
    delete eip.instanceId;
    Object.assign(eip, { status: "available", transition: "" });
  }
}

/** Source: RunInstances, `login_mode`. */
function loginOf(parameters: Parameters, image: Image): Instance["login"] {
  const mode = parameters.get("login_mode");
  if (mode === "keypair" && image.platform === "linux" && parameters.get("login_keypair") !== "") {
    return "keypair";
  }
  const password = parameters.get("login_passwd");
  const isStrong = [/[a-z]/, /[A-Z]/, /\d/, /^.{8,}$/].every((one) => one.test(password));
  if (mode === "passwd" && isStrong) return "passwd";
  throw new Refusal(1100, "InvalidRequestFormat, login_mode or what it needs is not valid");
}

/** Source: RunInstances, `userdata_type` and `userdata_value`. */
function userDataOf(parameters: Parameters): Instance["userData"] {
  if (parameters.get("need_userdata") !== "1") return undefined;
  const type = parameters.get("userdata_type");
  const value = parameters.get("userdata_value");
  if (type !== "exec" && type !== "plain") {
    throw new Refusal(1100, `InvalidRequestFormat, userdata_type [${type}] is not valid`);
  }
  if (value.length > 4096) {
    throw new Refusal(1100, "InvalidRequestFormat, userdata_value is longer than 4K");
  }
  const file = type === "exec" ? (parameters.find("userdata_file") ?? "/etc/rc.local") : "";
  return { type, file, text: Buffer.from(value, "base64").toString("utf8") };
}

/** All that is looked at before anything is made. */
function order(account: Account, parameters: Parameters) {
  const image = get(account.images, parameters.get("image_id"));
  if (image.status !== "available") {
    throw new Refusal(1400, `PermissionDenied, image [${image.id}] is not available`);
  }
  const wished = parameters.get("instance_type");
  const type = types.find(({ name }) => name === wished);
  if (type === undefined) throw new Refusal(1100, `InvalidRequestFormat, type [${wished}]`);
  const hostClass = parameters.number("instance_class") ?? 0;
  const ofSeries = classOfSeries[type.name.split(".")[0] ?? ""] ?? hostClass;
  if (ofSeries !== hostClass) {
    throw new Refusal(1100, `InvalidRequestFormat, ${type.name} is not of class [${hostClass}]`);
  }
  if (account.soldOut.has(type.name)) {
    throw new Refusal(5200, "InsufficientResource, hosts have no room for it, please try later");
  }
  if (account.isUnpaid) throw new Refusal(2400, "InsufficientBalance, your balance is not enough");
  const there = [...account.instances.values()].filter((one) => !isGone(one));
  if (there.length >= account.quotas.instances) {
    throw new Refusal(2500, "QuotasExceeded, you don't have enough quota of resource [instance]");
  }
  const osDiskGiB = parameters.number("os_disk_size") ?? 20;
  if (osDiskGiB < image.sizeGiB || osDiskGiB > account.mostSystemGiB) {
    throw new Refusal(1100, `InvalidRequestFormat, os_disk_size [${osDiskGiB}] is not valid`);
  }
  const [vxnetId = "", wishedAddress] = (parameters.list("vxnets")[0] ?? "").split("|");
  if (vxnetId !== "vxnet-0") get(account.vxnets, vxnetId);
  if (vxnetId === "vxnet-0" && wishedAddress !== undefined) {
    throw new Refusal(1100, "InvalidRequestFormat, the base network gives its own addresses");
  }
  if (there.some(({ privateAddress }) => privateAddress === wishedAddress)) {
    throw new Refusal(1400, `PermissionDenied, private ip [${wishedAddress}] is already in use`);
  }
  const groupId = parameters.find("security_group");
  if (groupId !== undefined) get(account.allGroups, groupId);
  const volumes = parameters.list("volumes").map((id) => get(account.volumes, id));
  for (const volume of volumes) {
    refuseBusy(volume);
    if (volume.status !== "available") {
      throw new Refusal(1400, `PermissionDenied, volume [${volume.id}] is [${volume.status}]`);
    }
    refuseHost(volume, hostClass);
  }
  return { image, type, hostClass, osDiskGiB, vxnetId, wishedAddress, groupId, volumes };
}

const runInstances: Action = async (account, parameters) => {
  const wish = order(account, parameters);
  const userData = userDataOf(parameters);
  const bootstrap = userData?.type === "exec" ? bootstrapIn(userData.text) : undefined;
  const ofImage = wish.image.snapshotId === undefined ? "nothing" : "server";
  const system = wish.image.id === hyperDoorImageId ? "hyperdoor" : ofImage;
  // Only in the base network the order's firewall counts. Source: RunInstances, `security_group`.
  const groupId = wish.vxnetId === "vxnet-0" ? (wish.groupId ?? defaultGroupId) : defaultGroupId;
  const instance: Instance = {
    ...account.newThing("i", parameters.get("instance_name")),
    ...{ imageId: wish.image.id, type: wish.type.name, hostClass: wish.hostClass },
    ...{ osDiskGiB: wish.osDiskGiB, vxnetId: wish.vxnetId, userData, groupId },
    privateAddress: wish.wishedAddress ?? account.newPrivateAddress(),
    login: loginOf(parameters, wish.image),
    runs: bootstrap === undefined ? system : "gateway",
    rules: [...(account.allGroups.get(groupId)?.rules.values() ?? [])],
    ...{ status: "pending", transition: "creating", changesAt: 0 },
  };
  account.instances.set(instance.id, instance);
  const job_id = account.newJob("RunInstances", [instance.id], account.delays.bootMs);
  if (account.fails(job_id)) return { instances: [instance.id], job_id };
  account.change(instance, "creating", "running", account.delays.bootMs);
  if (bootstrap !== undefined) await account.machines?.startGateway(instance.id, bootstrap);
  for (const volume of wish.volumes) await hangOn(account, volume, instance);
  if (instance.runs === "server" || instance.runs === "hyperdoor") {
    const bytes = instance.osDiskGiB * GiB;
    const { snapshotId } = wish.image;
    await account.machines?.createVolume(systemDiskOf(instance), bytes, snapshotId);
  }
  const volumeIds = volumesOf(account, instance.id).map(({ id }) => id);
  if (instance.runs === "server") await boot(account, instance, volumeIds);
  return { instances: [instance.id], job_id };
};

/** A guest: its system disk, and what hangs on the instance. */
async function boot(
  account: Account,
  instance: Instance,
  volumeIds: readonly string[],
): Promise<void> {
  await account.machines?.startServer(instance.id, [systemDiskOf(instance), ...volumeIds]);
  if (instance.privateAddress.startsWith("127.")) {
    await account.guests.open(instance.id, instance.privateAddress);
  }
}

const describeInstances: Action = (account, parameters) => {
  const found = listed(account.instances, parameters, "instances", { absentIsEmpty: true });
  const isVerbose = parameters.get("verbose") === "1";
  return paged("instance_set", found, parameters, (instance) => {
    const eip = [...account.eips.values()].find((one) => one.instanceId === instance.id);
    const image = account.images.get(instance.imageId);
    const type = types.find(({ name }) => name === instance.type);
    const volumes = volumesOf(account, instance.id).map(({ id }) => id);
    return {
      instance_id: instance.id,
      instance_name: instance.name,
      instance_type: instance.type,
      instance_class: instance.hostClass,
      vcpus_current: type?.cpu,
      memory_current: (type?.gib ?? 0) * 1024,
      status: instance.status,
      transition_status: instance.transition,
      create_time: instance.createdAt,
      image: { image_id: image?.id, image_name: image?.name, platform: image?.platform },
      vxnets: [
        {
          vxnet_id: instance.vxnetId,
          vxnet_type: 1,
          private_ip: instance.status === "pending" ? "" : instance.privateAddress,
        },
      ],
      ...(eip?.status === "associated"
        ? { eip: { eip_id: eip.id, eip_addr: eip.address, bandwidth: String(eip.mbps) } }
        : {}),
      ...(isVerbose
        ? {
            volume_ids: volumes,
            security_group: {
              security_group_id: instance.groupId,
              is_default: instance.groupId === defaultGroupId ? 1 : 0,
            },
          }
        : {}),
    };
  });
};

function act(
  account: Account,
  parameters: Parameters,
  from: readonly string[],
  to: { readonly transition: string; readonly status: string; readonly ms: number },
): Instance[] {
  const instances = parameters.list("instances").map((id) => get(account.instances, id));
  for (const instance of instances) {
    refuseBusy(instance);
    if (from.includes(instance.status)) continue;
    throw new Refusal(
      1400,
      `PermissionDenied, instance [${instance.id}] is [${instance.status}], which allows it not`,
    );
  }
  for (const instance of instances) account.change(instance, to.transition, to.status, to.ms);
  return instances;
}

const stopInstances: Action = (account, parameters) => {
  const ms = account.delays.stopMs;
  const to = { transition: "stopping", status: "stopped", ms };
  const ids = act(account, parameters, ["running"], to).map(({ id }) => id);
  return { job_id: account.newJob("StopInstances", ids, ms) };
};

const startInstances: Action = (account, parameters) => {
  const ms = account.delays.bootMs;
  const to = { transition: "starting", status: "running", ms };
  const ids = act(account, parameters, ["stopped"], to).map(({ id }) => id);
  return { job_id: account.newJob("StartInstances", ids, ms) };
};

const terminateInstances: Action = (account, parameters) => {
  for (const id of parameters.list("instances")) {
    account.refuseWithoutLease(get(account.instances, id));
  }
  const ms = account.delays.deleteMs;
  const status = parameters.get("direct_cease") === "1" ? "ceased" : "terminated";
  const to = { transition: "terminating", status, ms };
  const ids = act(account, parameters, ["running", "stopped"], to).map(({ id }) => id);
  return { job_id: account.newJob("TerminateInstances", ids, ms) };
};

const describeTypes: Action = (account) => ({
  total_count: types.length,
  instance_type_set: types.map(({ name, cpu, gib }) => ({
    instance_type_id: name,
    instance_type_name: name,
    vcpus_current: cpu,
    memory_current: gib * 1024,
    status: "available",
    zone_id: account.zone,
  })),
});

const describeZones: Action = (account) => ({
  total_count: 3,
  zone_set: [
    { zone_id: account.zone, status: "active", region_id: "pek3" },
    { zone_id: "sh1a", status: "active", region_id: "sh1" },
    { zone_id: "gd1", status: "defunct", region_id: "gd1" },
  ],
});

export const instanceActions: Record<string, Action> = {
  DescribeInstanceTypes: describeTypes,
  DescribeInstances: describeInstances,
  DescribeZones: describeZones,
  RunInstances: runInstances,
  StartInstances: startInstances,
  StopInstances: stopInstances,
  TerminateInstances: terminateInstances,
};
