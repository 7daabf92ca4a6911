/** Instances, their types and their roots. */
import { gatewayBootstrap } from "#domain/protocol/gateway.ts";
import type { Parameters } from "../parameters.ts";
import { filtered, listed, paged, tagSet } from "./listing.ts";
import { Refusal, tagsFor, type Xml } from "./query.ts";
import { type Account, get, type Image, type Instance, type Task, type Volume } from "./state.ts";
import { makeVolume, remember, removeVolume, repeated, stateOf, takeOff } from "./volumes.ts";

type Action = (account: Account, parameters: Parameters) => Promise<Xml> | Xml;

/** Source: aws.amazon.com/ec2/instance-types, T3; t2 for a hypervisor that is not Nitro. */
const types = [
  { name: "t3.micro", vcpus: 2, gib: 1, nitro: true },
  { name: "t3.small", vcpus: 2, gib: 2, nitro: true },
  { name: "t3.medium", vcpus: 2, gib: 4, nitro: true },
  { name: "t3.large", vcpus: 2, gib: 8, nitro: true },
  { name: "t3.xlarge", vcpus: 4, gib: 16, nitro: true },
  { name: "t3.2xlarge", vcpus: 8, gib: 32, nitro: true },
  { name: "t2.micro", vcpus: 1, gib: 1, nitro: false },
] as const;

const volumesOf = (account: Account, instanceId: string): Volume[] =>
  [...account.volumes.values()].filter(({ attachment }) => attachment?.instanceId === instanceId);

const rootOf = (account: Account, instance: Instance): Volume | undefined =>
  volumesOf(account, instance.id).find(
    ({ attachment }) => attachment?.device === instance.rootDevice,
  );

const stateCodes: Record<Instance["state"], number> = {
  pending: 0,
  running: 16,
  "shutting-down": 32,
  terminated: 48,
  stopping: 64,
  stopped: 80,
};

function stateXml(state: Instance["state"]): Xml {
  return { code: stateCodes[state], name: state };
}

function instanceXml(account: Account, instance: Instance): { [name: string]: Xml } {
  const publicIp = [...account.addresses.values()].find(
    ({ instanceId }) => instanceId === instance.id,
  )?.publicIp;
  return {
    instanceId: instance.id,
    imageId: instance.imageId,
    instanceState: stateXml(instance.state),
    instanceType: instance.type,
    privateIpAddress: instance.state === "terminated" ? undefined : instance.privateAddress,
    ipAddress: publicIp,
    subnetId: instance.subnetId,
    vpcId: account.vpcId,
    placement: { availabilityZone: instance.zone },
    rootDeviceType: "ebs",
    rootDeviceName: instance.rootDevice,
    blockDeviceMapping: volumesOf(account, instance.id).map(({ id, attachment }) => ({
      deviceName: attachment?.device,
      ebs: {
        volumeId: id,
        status: "attached",
        deleteOnTermination: attachment?.deleteOnTermination,
      },
    })),
    groupSet: instance.groupIds.map((groupId) => ({ groupId })),
    tagSet: tagSet(instance.tags),
  };
}

/** Starts what boots from the root: our disk, with all that hangs on it. A shell just runs. */
async function boot(account: Account, instance: Instance): Promise<void> {
  const root = rootOf(account, instance);
  if (root === undefined || root.isPublicRoot) return;
  instance.runs = "server";
  const others = volumesOf(account, instance.id)
    .filter((volume) => volume !== root)
    .sort((a, b) => (a.attachment?.device ?? "").localeCompare(b.attachment?.device ?? ""));
  await account.machines?.startServer(
    instance.id,
    [root, ...others].map(({ id }) => id),
  );
}

/** What has come about by itself since the last call. */
export async function letThingsHappen(account: Account): Promise<void> {
  const now = account.now();
  for (const task of account.tasks.values()) {
    if (!task.carriedOut && now >= task.doneAt) await replaceRoot(account, task);
  }
  for (const instance of account.instances.values()) {
    if (now < instance.changesAt) continue;
    switch (instance.state) {
      case "pending":
        instance.state = "running";
        break;
      case "stopping":
        await account.machines?.remove(instance.id);
        instance.state = "stopped";
        break;
      case "shutting-down":
        await end(account, instance);
        break;
      default:
        break;
    }
  }
}

async function end(account: Account, instance: Instance): Promise<void> {
  const doomed: Volume[] = [];
  for (const volume of volumesOf(account, instance.id)) {
    if (volume.attachment?.deleteOnTermination) doomed.push(volume);
    await takeOff(account, volume);
  }
  await account.machines?.remove(instance.id);
  instance.state = "terminated";
  instance.terminatedAt = account.now();
  for (const address of account.addresses.values()) {
    if (address.instanceId !== instance.id) continue;
    delete address.instanceId;
    delete address.associationId;
  }
  for (const volume of doomed) await removeVolume(account, volume);
}

async function replaceRoot(account: Account, task: Task): Promise<void> {
  task.carriedOut = true;
  const instance = account.instances.get(task.instanceId);
  const volume = account.volumes.get(task.volumeId);
  if (instance === undefined || instance.state !== "running" || volume === undefined) return;
  const old = rootOf(account, instance);
  if (old !== undefined) {
    await takeOff(account, old);
    if (task.deleteReplaced) await removeVolume(account, old);
  }
  volume.attachment = {
    instanceId: instance.id,
    device: instance.rootDevice,
    attachedAt: account.now(),
    deleteOnTermination: false,
  };
  await boot(account, instance);
}

const fence = "HYPERMOTION_BOOTSTRAP";

/** What user data of ours makes of a machine: a gateway where it holds a gateway's configuration. */
function bootstrapIn(userData: string): ReturnType<typeof gatewayBootstrap.parse> | undefined {
  const text = new RegExp(`<<'${fence}'\\n(.*)\\n${fence}\\n`).exec(userData)?.[1];
  return text === undefined ? undefined : gatewayBootstrap.parse(JSON.parse(text));
}

/** What a public AMI says on the line; cloud-init's bootcmd runs before the login is offered. */
function shellConsole(userData: string): string {
  const boots = "[    0.000000] Linux version 6.1.0-26-cloud-amd64\r\n";
  const masked = userData.includes("mask --runtime --now serial-getty@ttyS0.service");
  const said = /echo '([^']+)' > \/dev\/ttyS0/.exec(userData)?.[1];
  const words = said === undefined ? "" : `${said}\r\n`;
  return `${boots}${words}${masked ? "" : "Debian GNU/Linux 12 ip-10-0-0-10 ttyS0\r\n\r\nip-10-0-0-10 login: "}`;
}

const runInstances: Action = async (account, parameters) => {
  const earlier = repeated(account, "RunInstances", parameters);
  if (earlier !== undefined) {
    return reservation(account, get(account.instances, "instance", earlier));
  }
  if (parameters.number("MinCount") !== 1 || parameters.number("MaxCount") !== 1) {
    throw new Refusal("InvalidParameterValue", "this account launches one at a time");
  }
  const image = get(account.images, "image", parameters.get("ImageId"));
  if (account.now() < image.readyAt) {
    throw new Refusal("InvalidAMIID.Unavailable", `The image ID '${image.id}' is not available`);
  }
  const type = types.find(({ name }) => name === parameters.find("InstanceType"));
  if (type === undefined) {
    throw new Refusal("InvalidParameterValue", `Invalid value for InstanceType`);
  }
  if (account.soldOut.has(type.name)) {
    throw new Refusal(
      "InsufficientInstanceCapacity",
      `We currently do not have sufficient ${type.name} capacity in the Availability Zone`,
      500,
    );
  }
  const used = [...account.instances.values()]
    .filter(({ state }) => state !== "terminated")
    .reduce((sum, one) => sum + (types.find(({ name }) => name === one.type)?.vcpus ?? 0), 0);
  if (used + type.vcpus > account.quotas.vcpus) {
    throw new Refusal("VcpuLimitExceeded", "You have requested more vCPU capacity than your limit");
  }
  const userData = Buffer.from(parameters.get("UserData"), "base64").toString("utf8");
  // Source: EC2 user guide, "User data is limited to 16 KB, in raw form, before it is base64-encoded".
  if (Buffer.byteLength(userData) > 16_384) {
    throw new Refusal("InvalidParameterValue", "User data is limited to 16384 bytes");
  }
  const [networkInterface] = parameters.structures("NetworkInterface");
  const subnetId = networkInterface?.get("SubnetId") ?? account.subnetId;
  const subnet = account.subnets.find(({ id }) => id === subnetId);
  if (subnet === undefined) {
    throw new Refusal("InvalidSubnetID.NotFound", `The subnet ID '${subnetId}' does not exist`);
  }
  const groupIds = networkInterface?.list("SecurityGroupId") ?? [];
  for (const groupId of groupIds) {
    if (get(account.groups, "group", groupId).vpcId === subnet.vpcId) continue;
    const problem = `Security group ${groupId} and subnet ${subnetId} belong to different networks.`;
    throw new Refusal("InvalidParameter", problem);
  }
  const privateAddress = networkInterface?.find("PrivateIpAddress") ?? account.newPrivateAddress();
  const taken = [...account.instances.values()].some(
    (one) => one.state !== "terminated" && one.privateAddress === privateAddress,
  );
  if (taken) throw new Refusal("InvalidIPAddress.InUse", `Address ${privateAddress} is in use.`);
  const bootstrap = bootstrapIn(userData);
  const instance: Instance = {
    ...account.newThing("i", tagsFor(parameters, "instance")),
    imageId: image.id,
    type: type.name,
    zone: subnet.zone,
    subnetId,
    groupIds,
    privateAddress,
    rootDevice: image.rootDevice,
    userData,
    state: "pending",
    changesAt: account.now() + account.delays.bootMs,
    shellConsole: image.snapshotId === undefined ? shellConsole(userData) : "",
    runs: bootstrap === undefined ? "shell" : "gateway",
  };
  account.instances.set(instance.id, instance);
  await makeRoot(account, instance, image, parameters);
  remember(account, "RunInstances", parameters, instance.id);
  if (bootstrap !== undefined) await account.machines?.startGateway(instance.id, bootstrap);
  else await boot(account, instance);
  return reservation(account, instance);
};

async function makeRoot(
  account: Account,
  instance: Instance,
  image: Image,
  parameters: Parameters,
): Promise<void> {
  const mapping = parameters
    .structures("BlockDeviceMapping")
    .find((one) => one.get("DeviceName") === image.rootDevice);
  const root = await makeVolume(account, {
    sizeGiB: mapping?.number("Ebs.VolumeSize") ?? image.rootGiB,
    type: mapping?.find("Ebs.VolumeType") ?? "gp2",
    encrypted: mapping?.flag("Ebs.Encrypted") ?? false,
    isPublicRoot: image.snapshotId === undefined,
    tags: tagsFor(parameters, "volume"),
    ...(image.snapshotId === undefined ? {} : { snapshotId: image.snapshotId }),
  });
  root.attachment = {
    instanceId: instance.id,
    device: image.rootDevice,
    attachedAt: account.now(),
    // Source: EC2 user guide, "Preserve data when an instance is terminated": the root goes by default.
    deleteOnTermination: mapping?.flag("Ebs.DeleteOnTermination") ?? true,
  };
}

function reservation(account: Account, instance: Instance): Xml {
  return {
    reservationId: "r-0a1b2c3d4e5f60718",
    ownerId: account.accountId,
    instancesSet: [instanceXml(account, instance)],
  };
}

const describeInstances: Action = (account, parameters) => {
  const ids = parameters.list("InstanceId");
  const found = listed(account, account.instances, ids, "InvalidInstanceID.NotFound", parameters, {
    "instance-state-name": ({ state }) => state,
    "instance-id": ({ id }) => id,
  });
  const { items, nextToken } = paged(found, parameters, ids);
  return {
    reservationSet: items.map((instance) => reservation(account, instance)),
    nextToken,
  };
};

function changeAll(
  account: Account,
  parameters: Parameters,
  change: (instance: Instance) => void,
): Xml {
  const instances = parameters
    .list("InstanceId")
    .map((id) => get(account.instances, "instance", id));
  return {
    instancesSet: instances.map((instance) => {
      const previousState = stateXml(instance.state);
      change(instance);
      return { instanceId: instance.id, currentState: stateXml(instance.state), previousState };
    }),
  };
}

const stopInstances: Action = (account, parameters) =>
  changeAll(account, parameters, (instance) => {
    if (instance.state === "stopped" || instance.state === "stopping") return;
    if (instance.state !== "running" && instance.state !== "pending") {
      throw new Refusal("IncorrectInstanceState", `The instance '${instance.id}' is not running`);
    }
    instance.state = "stopping";
    instance.changesAt = account.now() + account.delays.stopMs;
  });

const startInstances: Action = async (account, parameters) => {
  const started: Instance[] = [];
  const answer = changeAll(account, parameters, (instance) => {
    if (instance.state === "running" || instance.state === "pending") return;
    if (instance.state !== "stopped") {
      throw new Refusal(
        "IncorrectInstanceState",
        `The instance '${instance.id}' is not in a state from which it can be started.`,
      );
    }
    if (rootOf(account, instance) === undefined) {
      throw new Refusal(
        "IncorrectState",
        `Instance '${instance.id}' has no volume attached at root`,
      );
    }
    instance.state = "pending";
    instance.changesAt = account.now() + account.delays.bootMs;
    started.push(instance);
  });
  for (const instance of started) await boot(account, instance);
  return answer;
};

const terminateInstances: Action = (account, parameters) =>
  changeAll(account, parameters, (instance) => {
    if (instance.state === "terminated") return;
    instance.state = "shutting-down";
    instance.changesAt = account.now() + account.delays.stopMs;
  });

const modifyAttribute: Action = (account, parameters) => {
  const instance = get(account.instances, "instance", parameters.get("InstanceId"));
  for (const mapping of parameters.structures("BlockDeviceMapping")) {
    const device = mapping.get("DeviceName");
    const volume = volumesOf(account, instance.id).find(
      ({ attachment }) => attachment?.device === device,
    );
    if (volume?.attachment === undefined) {
      throw new Refusal("InvalidInstanceAttributeValue", `No device is mapped at ${device}`);
    }
    volume.attachment.deleteOnTermination = mapping.flag("Ebs.DeleteOnTermination") ?? false;
  }
  return { return: true };
};

const consoleOutput: Action = async (account, parameters) => {
  const instance = get(account.instances, "instance", parameters.get("InstanceId"));
  const nitro = types.find(({ name }) => name === instance.type)?.nitro;
  if (parameters.flag("Latest") && !nitro) {
    throw new Refusal("UnsupportedOperation", "Latest is for instances on Nitro only");
  }
  const own = instance.runs === "server" ? await account.machines?.console(instance.id) : "";
  const output = Buffer.from(`${instance.shellConsole}${own ?? ""}`).toString("base64");
  return { instanceId: instance.id, timestamp: "2026-11-23T00:00:00.000Z", output };
};

const createReplaceTask: Action = (account, parameters) => {
  const earlier = repeated(account, "CreateReplaceRootVolumeTask", parameters);
  if (earlier !== undefined) {
    return { replaceRootVolumeTask: taskXml(account, get(account.tasks, "task", earlier)) };
  }
  const instance = get(account.instances, "instance", parameters.get("InstanceId"));
  const volume = get(account.volumes, "volume", parameters.get("VolumeId"));
  if (instance.state !== "running") {
    throw new Refusal("IncorrectInstanceState", `The instance '${instance.id}' is not 'running'`);
  }
  if (stateOf(account, volume) !== "available") {
    throw new Refusal("IncorrectState", `${volume.id} is not 'available'.`);
  }
  const root = rootOf(account, instance);
  // Source: EC2 user guide, "Replace a root volume": an encrypted root is replaced by an encrypted one.
  if (root?.encrypted && !volume.encrypted) {
    throw new Refusal("InvalidParameterCombination", "The replacement volume must be encrypted");
  }
  const task: Task = {
    ...account.newThing("replacevol", tagsFor(parameters, "replace-root-volume-task")),
    instanceId: instance.id,
    volumeId: volume.id,
    doneAt: account.now() + account.delays.bootMs,
    deleteReplaced: parameters.flag("DeleteReplacedRootVolume") ?? false,
    carriedOut: false,
  };
  account.tasks.set(task.id, task);
  remember(account, "CreateReplaceRootVolumeTask", parameters, task.id);
  return { replaceRootVolumeTask: taskXml(account, task) };
};

function taskXml(_account: Account, task: Task): { [name: string]: Xml } {
  return {
    replaceRootVolumeTaskId: task.id,
    instanceId: task.instanceId,
    taskState: task.carriedOut ? "succeeded" : "in-progress",
    startTime: "2026-11-23T00:00:00Z",
    deleteReplacedRootVolume: task.deleteReplaced,
    tagSet: tagSet(task.tags),
  };
}

const describeReplaceTasks: Action = (account, parameters) => {
  const found = filtered([...account.tasks.values()], parameters, {
    "instance-id": ({ instanceId }) => instanceId,
  });
  return { replaceRootVolumeTaskSet: found.map((task) => taskXml(account, task)) };
};

const tagged = types.map((type) => ({ ...type, tags: new Map<string, string>() }));

const describeTypes: Action = (_account, parameters) => {
  const found = filtered(tagged, parameters, { "instance-type": ({ name }) => name });
  return {
    instanceTypeSet: found.map(({ name, vcpus, gib, nitro }) => ({
      instanceType: name,
      currentGeneration: nitro,
      hypervisor: nitro ? "nitro" : "xen",
      processorInfo: { supportedArchitectures: ["x86_64"] },
      vCpuInfo: { defaultVCpus: vcpus },
      memoryInfo: { sizeInMiB: gib * 1024 },
      ebsInfo: {
        nvmeSupport: nitro ? "required" : "unsupported",
        ...(nitro ? { maximumEbsAttachments: 28, attachmentLimitType: "shared" } : {}),
      },
      networkInfo: { enaSupport: nitro ? "required" : "unsupported" },
      supportedBootModes: nitro ? ["legacy-bios", "uefi"] : ["legacy-bios"],
    })),
  };
};

const describeOfferings: Action = (account, parameters) => {
  const offered = tagged.map((type) => ({ ...type, location: account.zone }));
  const found = filtered(offered, parameters, {
    "instance-type": ({ name }) => name,
    location: ({ location }) => location,
  });
  return {
    instanceTypeOfferingSet: found.map(({ name, location }) => ({
      instanceType: name,
      locationType: parameters.get("LocationType"),
      location,
    })),
  };
};

export const instanceActions: Record<string, Action> = {
  RunInstances: runInstances,
  DescribeInstances: describeInstances,
  StopInstances: stopInstances,
  StartInstances: startInstances,
  TerminateInstances: terminateInstances,
  ModifyInstanceAttribute: modifyAttribute,
  GetConsoleOutput: consoleOutput,
  CreateReplaceRootVolumeTask: createReplaceTask,
  DescribeReplaceRootVolumeTasks: describeReplaceTasks,
  DescribeInstanceTypes: describeTypes,
  DescribeInstanceTypeOfferings: describeOfferings,
};
