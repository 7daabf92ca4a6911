/** Instances. Source for states and refusals: ECS API reference 2014-05-26. */
import { gatewayBootstrap } from "#domain/protocol/gateway.ts";
import type { Parameters } from "../parameters.ts";
import { disksOf, makeSystemDisk, refuseSize, removeDisk, takeOff } from "./disks.ts";
import { listed, pagedByToken, shownTags } from "./listing.ts";
import { type Answer, Refusal, tagsOf } from "./rpc.ts";
import { type Account, type Group, get, hyperDoorImageId, type Instance } from "./state.ts";
import { typeOf } from "./types.ts";

type Action = (account: Account, parameters: Parameters) => Promise<Answer> | Answer;

const fence = "HYPERMOTION_BOOTSTRAP";

/** What user data of ours makes of a machine: a gateway where it holds a gateway's configuration. */
function bootstrapIn(userData: string): ReturnType<typeof gatewayBootstrap.parse> | undefined {
  const text = new RegExp(`<<'${fence}'\\n(.*)\\n${fence}\\n`).exec(userData)?.[1];
  return text === undefined ? undefined : gatewayBootstrap.parse(JSON.parse(text));
}

/** What has come about by itself since the last call. */
export async function letInstancesHappen(account: Account): Promise<void> {
  for (const instance of account.instances.values()) {
    if (account.now() < instance.changesAt) continue;
    switch (instance.state) {
      case "Pending":
        instance.state = instance.startsItself ? "Starting" : "Stopped";
        instance.changesAt = account.now() + account.delays.bootMs;
        break;
      case "Starting":
        instance.state = "Running";
        openDoor(account, instance);
        break;
      case "Stopping":
        await account.doors?.end(instance.id);
        await account.machines?.remove(instance.id);
        instance.state = "Stopped";
        break;
      case "Releasing":
        await end(account, instance);
        break;
      default:
        break;
    }
  }
}

async function end(account: Account, instance: Instance): Promise<void> {
  await account.doors?.end(instance.id);
  const doomed = disksOf(account, instance.id).filter(({ endsWithInstance }) => endsWithInstance);
  for (const disk of disksOf(account, instance.id)) await takeOff(account, disk);
  await account.machines?.remove(instance.id);
  account.instances.delete(instance.id);
  for (const eip of account.eips.values()) {
    if (eip.instanceId !== instance.id) continue;
    delete eip.instanceId;
    eip.state = "Available";
  }
  for (const disk of doomed) await removeDisk(account, disk);
}

/** HyperDoor begins; when it restarts, what it has copied does. */
function openDoor(account: Account, instance: Instance): void {
  const { id, runs, userData } = instance;
  const [system] = disksOf(account, id).filter(({ type }) => type === "system");
  if (runs !== "hyperdoor" || system === undefined) return;
  const attached = () =>
    disksOf(account, id)
      .filter(({ type, state }) => type === "data" && state !== "Detaching")
      .map((disk) => disk.id);
  account.doors?.start({
    ...{ id, userData, attached, systemVolumeId: system.id },
    boot: async () => account.machines?.startServer(id, [system.id, ...attached()]),
  });
}

/** Starts what boots from its system disk: our image, with all that hangs on it. */
async function boot(account: Account, instance: Instance): Promise<void> {
  const disks = disksOf(account, instance.id);
  const system = disks.find(({ type }) => type === "system");
  if (system === undefined || system.isPublic || instance.runs === "hyperdoor") return;
  instance.runs = "server";
  const others = disks.filter((disk) => disk !== system);
  await account.machines?.startServer(
    instance.id,
    [system, ...others].map(({ id }) => id),
  );
}

const vpcOf = ({ vSwitches }: Account, { vSwitchId }: Instance): string | undefined =>
  vSwitches.find(({ id }) => id === vSwitchId)?.vpcId;

/** Source: RunInstances and JoinSecurityGroup, error codes. */
function refuseManaged({ id, isManaged }: Group): void {
  if (!isManaged) return;
  throw new Refusal(
    403,
    "InvalidOperation.ResourceManagedByCloudProduct",
    `The specified SecurityGroup "${id}" has been managed by a cloud product.`,
  );
}

function refuseOrder(account: Account, parameters: Parameters): void {
  const type = typeOf(parameters.get("InstanceType"));
  const used = [...account.instances.values()].reduce(
    (sum, { type }) => sum + typeOf(type).vcpus,
    0,
  );
  if (used + type.vcpus > account.quotas.vcpus) {
    throw new Refusal(
      403,
      "QuotaExceed.ElasticQuota",
      "The number of vCPUs exceeds the quota assigned to your account.",
    );
  }
  if (type.nvme === "required") {
    throw new Refusal(
      400,
      "InvalidParameter.ImageNotSupportNVMe",
      "The image has no NVMe driver, and the type needs one.",
    );
  }
  if (!type.categories.includes(parameters.get("SystemDisk.Category"))) {
    throw new Refusal(
      400,
      "InvalidSystemDiskCategory.ValueNotSupported",
      "The specified parameter 'SystemDisk.Category' is not support IoOptimized Instance.",
    );
  }
  const vSwitchId = parameters.get("VSwitchId");
  const vSwitch = account.vSwitches.find(({ id }) => id === vSwitchId);
  if (vSwitch === undefined) {
    throw new Refusal(404, "InvalidVSwitchId.NotFound", "The specified vSwitch does not exist.");
  }
  // Its zone is the instance's, and the others sell nothing here.
  if (account.soldOut.has(type.name) || vSwitch.zone !== account.zone) {
    throw new Refusal(
      403,
      "OperationDenied.NoStock",
      "The requested resource is sold out in the specified zone; try other types of resources.",
    );
  }
  const groupId = parameters.find("SecurityGroupId");
  if (groupId === undefined) {
    throw new Refusal(400, "MissingParameter", "SecurityGroupId is not supplied.");
  }
  const group = get(account.groups, "SecurityGroupId", groupId);
  if (group.vpcId !== vSwitch.vpcId) {
    throw new Refusal(
      400,
      "InvalidParameter.Mismatch",
      "Specified security group and virtual switch are not in the same VPC.",
    );
  }
  refuseManaged(group);
  if (parameters.flag("PasswordInherit") && parameters.find("Password") !== undefined) {
    throw new Refusal(400, "InvalidParameter.Conflict", "PasswordInherit and Password");
  }
  const host = parameters.find("HostName");
  if (host !== undefined && !/^[A-Za-z0-9]([A-Za-z0-9.-]{0,62}[A-Za-z0-9])$/.test(host)) {
    throw new Refusal(400, "InvalidHostName.Malformed", "HostName is not valid.");
  }
  if (parameters.find("PrivateIpAddress") === undefined) return;
  const address = parameters.get("PrivateIpAddress");
  if ([...account.instances.values()].some((one) => one.privateAddress === address)) {
    throw new Refusal(403, "InvalidIPAddress.AlreadyUsed", "The IP address is already used.");
  }
}

async function make(
  account: Account,
  parameters: Parameters,
  startsItself: boolean,
): Promise<Instance> {
  const image = get(account.images, "ImageId", parameters.get("ImageId"));
  if (account.now() < image.readyAt) {
    throw new Refusal(403, "IncorrectImageStatus", "The image is not available.");
  }
  refuseOrder(account, parameters);
  const userData = Buffer.from(parameters.get("UserData"), "base64").toString("utf8");
  // Source: RunInstances, UserData.
  if (Buffer.byteLength(userData) > 32 * 1024) {
    throw new Refusal(400, "InvalidUserData.SizeExceeded", "UserData exceeds the limit.");
  }
  // Source: CreateInstance, SystemDisk.Size: by default the larger of 40 and the image's.
  const sizeGiB = parameters.number("SystemDisk.Size") ?? Math.max(40, image.sizeGiB);
  const category = parameters.get("SystemDisk.Category");
  if (sizeGiB < Math.max(20, image.sizeGiB) || sizeGiB > 2048) {
    throw new Refusal(400, "InvalidSystemDiskSize.ValueNotSupported", "SystemDisk.Size");
  }
  refuseSize(category, parameters.find("SystemDisk.PerformanceLevel"), sizeGiB);
  const bootstrap = bootstrapIn(userData);
  const instance: Instance = {
    ...account.newThing("i", parameters.get("InstanceName"), tagsOf(parameters)),
    imageId: image.id,
    type: parameters.get("InstanceType"),
    chargeType: parameters.find("InstanceChargeType") ?? "PostPaid",
    vSwitchId: parameters.get("VSwitchId"),
    hostName: parameters.get("HostName"),
    privateAddress: parameters.find("PrivateIpAddress") ?? account.newPrivateAddress(),
    password: parameters.get("Password"),
    userData,
    groupIds: [parameters.get("SecurityGroupId")],
    state: "Pending",
    changesAt: account.now() + account.delays.createMs,
    startsItself,
    runs:
      image.id === hyperDoorImageId ? "hyperdoor" : bootstrap === undefined ? "bare" : "gateway",
  };
  account.instances.set(instance.id, instance);
  await makeSystemDisk(account, instance, { sizeGiB, category, snapshotId: image.snapshotId });
  if (bootstrap !== undefined) await account.machines?.startGateway(instance.id, bootstrap);
  else if (startsItself) await boot(account, instance);
  return instance;
}

const runInstances: Action = async (account, parameters) => {
  const earlier = account.earlier("RunInstances", parameters);
  if (earlier !== undefined) return { InstanceIdSets: { InstanceIdSet: [earlier] } };
  if ((parameters.number("Amount") ?? 1) !== 1) throw new Error("one at a time here");
  const { id } = await make(account, parameters, true);
  account.remember("RunInstances", parameters, id);
  return { InstanceIdSets: { InstanceIdSet: [id] } };
};

/** Made, it stands still until it is started. Source: CreateInstance, description. */
const createInstance: Action = async (account, parameters) => {
  const earlier = account.earlier("CreateInstance", parameters);
  if (earlier !== undefined) return { InstanceId: earlier };
  const { id } = await make(account, parameters, false);
  account.remember("CreateInstance", parameters, id);
  return { InstanceId: id };
};

const describeInstances: Action = (account, parameters) => {
  const found = listed(account, account.instances, parameters, { ids: "InstanceIds" });
  const { items, next } = pagedByToken(found, parameters);
  return {
    ...next,
    Instances: {
      Instance: items.map((instance) => {
        const eip = [...account.eips.values()].find((one) => one.instanceId === instance.id);
        return {
          InstanceId: instance.id,
          InstanceName: instance.name,
          HostName: instance.hostName,
          ImageId: instance.imageId,
          InstanceType: instance.type,
          InstanceChargeType: instance.chargeType,
          // What is being released still stands there as stopping.
          Status: instance.state === "Releasing" ? "Stopping" : instance.state,
          ZoneId: account.zone,
          RegionId: account.region,
          SecurityGroupIds: { SecurityGroupId: instance.groupIds },
          VpcAttributes: {
            VpcId: vpcOf(account, instance),
            VSwitchId: instance.vSwitchId,
            PrivateIpAddress: { IpAddress: [instance.privateAddress] },
          },
          PublicIpAddress: { IpAddress: [] },
          EipAddress: { AllocationId: eip?.id ?? "", IpAddress: eip?.address ?? "" },
          Tags: shownTags(instance.tags),
        };
      }),
    },
  };
};

const wrongInstance = () =>
  new Refusal(
    403,
    "IncorrectInstanceStatus",
    "The current status of the resource does not support this operation.",
  );

const startInstance: Action = async (account, parameters) => {
  const instance = get(account.instances, "InstanceId", parameters.get("InstanceId"));
  if (instance.state !== "Stopped") throw wrongInstance();
  instance.state = "Starting";
  instance.changesAt = account.now() + account.delays.bootMs;
  await boot(account, instance);
  return {};
};

const stopInstance: Action = (account, parameters) => {
  const instance = get(account.instances, "InstanceId", parameters.get("InstanceId"));
  if (instance.state !== "Running") throw wrongInstance();
  instance.state = "Stopping";
  instance.stoppedMode = parameters.get("StoppedMode");
  instance.changesAt = account.now() + account.delays.stopMs;
  return {};
};

const deleteInstance: Action = (account, parameters) => {
  const instance = get(account.instances, "InstanceId", parameters.get("InstanceId"));
  if (instance.state === "Releasing") return {};
  if (instance.state === "Pending") {
    throw new Refusal(
      403,
      "IncorrectInstanceStatus.Initializing",
      "The specified instance status does not support this operation.",
    );
  }
  if (instance.state !== "Stopped" && !parameters.flag("Force")) throw wrongInstance();
  instance.state = "Releasing";
  instance.changesAt = account.now() + account.delays.stopMs;
  return {};
};

const modifyInstance: Action = (account, parameters) => {
  const instance = get(account.instances, "InstanceId", parameters.get("InstanceId"));
  const groupIds = parameters.list("SecurityGroupIds");
  for (const id of groupIds) {
    const group = get(account.groups, "SecurityGroupId", id);
    if (group.vpcId !== vpcOf(account, instance)) {
      // Source: JoinSecurityGroup, which this call stands for.
      throw new Refusal(
        400,
        "InvalidInstanceId.Mismatch",
        "Specified instance and security group are not in the same VPC.",
      );
    }
    refuseManaged(group);
  }
  if (groupIds.length > 0) instance.groupIds = groupIds;
  return {};
};

const consoleOutput: Action = async (account, parameters) => {
  const instance = get(account.instances, "InstanceId", parameters.get("InstanceId"));
  const { id, runs } = instance;
  const ofGuest = runs === "server" || runs === "hyperdoor";
  const said = ofGuest
    ? `${account.doors?.console(id) ?? ""}${(await account.machines?.console(id)) ?? ""}`
    : "";
  return {
    InstanceId: instance.id,
    LastUpdateTime: "2026-11-26T00:00:00Z",
    ConsoleOutput: Buffer.from(said).toString("base64"),
  };
};

export const instanceActions: Record<string, Action> = {
  RunInstances: runInstances,
  CreateInstance: createInstance,
  DescribeInstances: describeInstances,
  StartInstance: startInstance,
  StopInstance: stopInstance,
  DeleteInstance: deleteInstance,
  ModifyInstanceAttribute: modifyInstance,
  GetInstanceConsoleOutput: consoleOutput,
};
