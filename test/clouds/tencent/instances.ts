/** Instances and their types. Source for states and refusals: CVM API, data types and error codes. */
import type { Client as Cvm } from "tencentcloud-sdk-nodejs/tencentcloud/services/cvm/v20170312/cvm_client.js";
import type {
  Instance as CvmInstance,
  RunInstancesRequest,
} from "tencentcloud-sdk-nodejs/tencentcloud/services/cvm/v20170312/cvm_models.js";
import { gatewayBootstrap } from "#domain/protocol/gateway.ts";
import { disksOn, makeDisk, removeDisk, takeOff } from "./disks.ts";
import { type Actions, filtered, listed } from "./listing.ts";
import { Refusal } from "./request.ts";
import {
  type Account,
  get,
  hyperDoorImage,
  type Image,
  type Instance,
  notFound,
  remember,
  repeated,
} from "./state.ts";

/** Source: CVM user guide, "Instance types"; SR1 is ARM, GN7 has a graphics card. */
const types = [
  { name: "S5.SMALL2", family: "S5", cpu: 1, gib: 2, gpu: 0 },
  { name: "S5.MEDIUM4", family: "S5", cpu: 2, gib: 4, gpu: 0 },
  { name: "C3.LARGE8", family: "C3", cpu: 4, gib: 8, gpu: 0 },
  { name: "S5.LARGE8", family: "S5", cpu: 4, gib: 8, gpu: 0 },
  { name: "S5.2XLARGE16", family: "S5", cpu: 8, gib: 16, gpu: 0 },
  { name: "SR1.SMALL2", family: "SR1", cpu: 1, gib: 2, gpu: 0 },
  { name: "GN7.LARGE20", family: "GN7", cpu: 4, gib: 20, gpu: 1 },
] as const;

function instanceSeen(account: Account, instance: Instance): CvmInstance {
  const bound = [...account.addresses.values()].find(
    ({ instanceId, state }) => instanceId === instance.id && state === "BIND",
  )?.ip;
  const isUp = instance.state !== "PENDING" && instance.state !== "LAUNCH_FAILED";
  const publicAddress = bound ?? instance.assignedAddress;
  return {
    InstanceId: instance.id,
    InstanceName: instance.name,
    InstanceType: instance.type,
    InstanceState: instance.state,
    InstanceChargeType: "POSTPAID_BY_HOUR",
    ImageId: instance.imageId,
    Placement: { Zone: account.zone },
    PrivateIpAddresses: [instance.privateAddress],
    ...(isUp && publicAddress !== undefined ? { PublicIpAddresses: [publicAddress] } : {}),
    SystemDisk: { DiskId: instance.systemDiskId },
    SecurityGroupIds: [...instance.groupIds],
    VirtualPrivateCloud: {
      VpcId: account.subnets.find(({ id }) => id === instance.subnetId)?.vpcId ?? "",
      SubnetId: instance.subnetId,
    },
    LatestOperation: instance.state === "LAUNCH_FAILED" ? "RunInstances" : "",
    LatestOperationState: instance.state === "LAUNCH_FAILED" ? "FAILED" : "SUCCESS",
    ...(instance.state === "LAUNCH_FAILED"
      ? { LatestOperationErrorMsg: "The resources ran out while the instance was made." }
      : {}),
    Tags: [...instance.tags],
  };
}

/** Starts the guest: its system disk, with all that hangs on the instance. */
async function boot(account: Account, instance: Instance): Promise<void> {
  if (instance.runs !== "server" && instance.runs !== "hyperdoor") return;
  const volumes = disksOn(account, instance.id)
    .filter(({ id }) => id !== instance.systemDiskId)
    .map(({ id }) => id);
  await account.machines?.startServer(instance.id, [instance.systemDiskId, ...volumes]);
}

/** HyperDoor begins; when it restarts, what it has copied does. */
function openDoor(account: Account, instance: Instance): void {
  const { id, userData, systemDiskId } = instance;
  account.doors?.start({
    ...{ id, userData, systemVolumeId: systemDiskId },
    attached: () =>
      disksOn(account, id)
        .filter((disk) => disk.id !== systemDiskId && disk.state !== "DETACHING")
        .map((disk) => disk.id),
    boot: () => boot(account, instance),
  });
}

/** What has come about by itself since the last call. */
export async function letInstancesSettle(account: Account): Promise<void> {
  for (const instance of account.instances.values()) {
    if (account.now() < instance.changesAt) continue;
    instance.changesAt = Number.POSITIVE_INFINITY;
    switch (instance.state) {
      case "PENDING":
        instance.state = "RUNNING";
        if (instance.runs === "hyperdoor") openDoor(account, instance);
        break;
      case "STARTING":
      case "REBOOTING":
        instance.state = "RUNNING";
        break;
      case "STOPPING":
        await account.doors?.end(instance.id);
        if (instance.runs === "server" || instance.runs === "hyperdoor")
          await account.machines?.remove(instance.id);
        else await account.machines?.stop(instance.id);
        instance.state = "STOPPED";
        break;
      case "TERMINATING":
        await end(account, instance);
        break;
      default:
        break;
    }
  }
}

async function end(account: Account, instance: Instance): Promise<void> {
  await account.doors?.end(instance.id);
  const disks = disksOn(account, instance.id);
  for (const disk of disks) await takeOff(account, disk);
  await account.guests.close(instance.id);
  await account.machines?.remove(instance.id);
  account.instances.delete(instance.id);
  for (const disk of disks) {
    if (disk.deleteWithInstance) await removeDisk(account, disk);
  }
  for (const address of account.addresses.values()) {
    if (address.instanceId !== instance.id) continue;
    address.state = "UNBINDING";
    address.changesAt = account.now() + account.delays.addressMs;
  }
  for (const id of instance.groupIds) {
    const group = account.groups.get(id);
    if (group !== undefined) group.heldUntil = account.now() + account.delays.interfaceMs;
  }
}

const fence = "HYPERMOTION_BOOTSTRAP";

/** What user data of ours makes of a machine: a gateway where it holds a gateway's configuration. */
function bootstrapIn(userData: string): ReturnType<typeof gatewayBootstrap.parse> | undefined {
  const text = new RegExp(`<<'${fence}'\\n(.*)\\n${fence}\\n`).exec(userData)?.[1];
  return text === undefined ? undefined : gatewayBootstrap.parse(JSON.parse(text));
}

/** @throws Refusal for a login that does not go with the image. Source: CVM API, LoginSettings. */
function loginOf(request: RunInstancesRequest, image: Image): Instance["login"] {
  const { Password, KeyIds, KeepImageLogin } = request.LoginSettings ?? {};
  if ([Password, KeyIds, KeepImageLogin].filter((one) => one !== undefined).length > 1) {
    throw new Refusal("InvalidParameter.ParameterConflict", "There is more than one login.");
  }
  if (KeepImageLogin !== undefined) {
    if (image.isPublic) {
      throw new Refusal("InvalidParameterValue", "A public image has no login to keep.");
    }
    return "image";
  }
  const classes = [/[a-z]/, /[A-Z]/, /\d/, /[^a-zA-Z0-9]/].filter((one) =>
    one.test(Password ?? ""),
  );
  if (Password !== undefined && !(/^.{8,30}$/.test(Password) && classes.length > 1)) {
    throw new Refusal("InvalidParameterValue.InvalidPassword", "The password is too simple.");
  }
  return KeyIds === undefined ? "password" : "key";
}

/** All that is looked at before anything is made, and whenever a call is only tried. */
function order(account: Account, request: RunInstancesRequest) {
  const image = get(account.images, "image", request.ImageId ?? "");
  if (account.now() < image.readyAt) {
    throw new Refusal("InvalidParameterValue.InvalidImageState", "The image is not ready.");
  }
  if (request.Placement?.Zone !== account.zone) {
    throw new Refusal("InvalidZone.MismatchRegion", "The zone is not in this region.");
  }
  if (request.InstanceChargeType !== "POSTPAID_BY_HOUR" || (request.InstanceCount ?? 1) !== 1) {
    throw new Refusal("InvalidParameterValue", "This account launches one, by the hour.");
  }
  const wished = request.InstanceType ?? "S5.SMALL2";
  const type = types.find(({ name }) => name === wished);
  if (type === undefined) {
    throw new Refusal("InvalidParameterValue.InstanceTypeNotFound", "There is no such type.");
  }
  if (account.soldOut.has(type.name)) {
    throw new Refusal(
      "ResourceInsufficient.SpecifiedInstanceType",
      `\`${type.name}\` is sold out in ${account.zone}.`,
    );
  }
  const { VpcId, SubnetId, PrivateIpAddresses = [] } = request.VirtualPrivateCloud ?? {};
  const subnet = account.subnets.find(({ id }) => id === SubnetId);
  if (subnet === undefined) {
    throw new Refusal("InvalidParameterValue.SubnetNotExist", "There is no such subnet.");
  }
  // Source for both codes: tencentcloud-sdk-go, errors of RunInstances.
  if (subnet.vpcId !== VpcId) {
    throw new Refusal("InvalidParameterValue.VpcIdSubnetIdNotMatch", "It is in another VPC.");
  }
  if (subnet.zone !== request.Placement.Zone) {
    throw new Refusal("InvalidParameterValue.VpcIdZoneIdNotMatch", "It is in another zone.");
  }
  const [wishedAddress] = PrivateIpAddresses;
  const taken = [...account.instances.values()].some(
    ({ privateAddress }) => privateAddress === wishedAddress,
  );
  if (taken) throw new Refusal("ResourceInUse.Address", `\`${wishedAddress}\` is in use.`);
  const groupIds = request.SecurityGroupIds ?? [];
  for (const id of groupIds) {
    if (account.groups.has(id)) continue;
    throw new Refusal("InvalidSecurityGroupId.NotFound", `\`${id}\` does not exist.`);
  }
  // Source: CVM API, RunInstances, UserData: 16 KB, base64.
  if ((request.UserData ?? "").length > 16 * 1024) {
    throw new Refusal("InvalidParameterValue.TooLong", "User data has at most 16 KB.");
  }
  const sizeGiB = request.SystemDisk?.DiskSize ?? 50;
  if (sizeGiB < image.sizeGiB || sizeGiB < 20 || sizeGiB > 2048) {
    throw new Refusal("InvalidParameterValue.Range", `\`${sizeGiB}\` is no size of a system disk.`);
  }
  const { InternetMaxBandwidthOut: mbps = 0, PublicIpAssigned = mbps > 0 } =
    request.InternetAccessible ?? {};
  if (PublicIpAssigned && mbps === 0) {
    throw new Refusal("InvalidParameterCombination", "Without bandwidth there is no address.");
  }
  const login = loginOf(request, image);
  return {
    image,
    type,
    subnet,
    groupIds,
    sizeGiB,
    mbps,
    login,
    wishedAddress,
    hasAddress: PublicIpAssigned,
  };
}

function act(
  account: Account,
  ids: readonly string[],
  allowed: Instance["state"],
  become: Instance["state"],
  afterMs: number,
): Instance[] {
  const instances = ids.map((id) => get(account.instances, "instance", id));
  for (const instance of instances) requireState(instance, [allowed]);
  for (const instance of instances) {
    instance.state = become;
    instance.changesAt = account.now() + afterMs;
  }
  return instances;
}

/** Such as `UnsupportedOperation.InstanceStatePending`. Source: tencentcloud-sdk-go, errors per action. */
function requireState({ id, state }: Instance, allowed: readonly Instance["state"][]): void {
  if (allowed.includes(state)) return;
  const name = state
    .toLowerCase()
    .split("_")
    .map((word) => `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`)
    .join("");
  throw new Refusal(`UnsupportedOperation.InstanceState${name}`, `\`${id}\` is ${state}.`);
}

export const instanceActions: Actions<
  Cvm,
  | "DescribeInstances"
  | "DescribeRegions"
  | "DescribeZoneInstanceConfigInfos"
  | "InquiryPriceRunInstances"
  | "RebootInstances"
  | "RunInstances"
  | "StartInstances"
  | "StopInstances"
  | "TerminateInstances"
> = {
  /** Source: CVM API, DescribeRegions. */
  DescribeRegions(account) {
    const regions = [
      { Region: account.region, RegionName: "South China (Guangzhou)", RegionState: "AVAILABLE" },
      { Region: "ap-shanghai", RegionName: "East China (Shanghai)", RegionState: "AVAILABLE" },
      { Region: "ap-elsewhere", RegionName: "Elsewhere", RegionState: "UNAVAILABLE" },
    ];
    return { TotalCount: regions.length, RegionSet: regions };
  },

  async RunInstances(account, request) {
    const earlier = repeated(account, "RunInstances", request);
    if (earlier !== undefined) return { InstanceIdSet: [earlier] };
    const wish = order(account, request);
    if (request.DryRun) return {};
    if (account.isUnpaid) {
      throw new Refusal("InvalidAccount.InsufficientBalance", "Your balance is not sufficient.");
    }
    if (account.instances.size >= account.quotas.instances) {
      throw new Refusal("LimitExceeded.InstanceQuota", "Your quota of instances is used up.");
    }
    const { image, type } = wish;
    const tags = request.TagSpecification?.find(({ ResourceType }) => ResourceType === "instance");
    const userData = Buffer.from(request.UserData ?? "", "base64").toString("utf8");
    const bootstrap = bootstrapIn(userData);
    // Tags of an instance go to its disks too. Source: CVM API, RunInstances, TagSpecification.
    const disk = await makeDisk(account, {
      sizeGiB: wish.sizeGiB,
      ...{ type: request.SystemDisk?.DiskType ?? "CLOUD_PREMIUM", usage: "SYSTEM_DISK" },
      ...{
        encrypted: false,
        name: "",
        isForeign: image.snapshotId === undefined && image.id !== hyperDoorImage,
        tags: tags?.Tags ?? [],
      },
      ...(image.snapshotId === undefined ? {} : { snapshotId: image.snapshotId }),
    });
    const ofImage = image.snapshotId === undefined ? "nothing" : "server";
    const system = image.id === hyperDoorImage ? "hyperdoor" : ofImage;
    const runs = bootstrap === undefined ? system : "gateway";
    const instance: Instance = {
      ...account.newThing("ins", tags?.Tags),
      ...{ imageId: image.id, type: type.name, name: request.InstanceName ?? "" },
      ...{ subnetId: wish.subnet.id, groupIds: wish.groupIds, login: wish.login, userData, runs },
      privateAddress: wish.wishedAddress ?? account.newPrivateAddress(),
      // All of 127/8 is this machine on Linux, so that gateways are reached by what Tencent calls public.
      ...(wish.hasAddress ? { assignedAddress: "127.0.0.1" } : {}),
      ...{ bandwidthMbps: wish.mbps, systemDiskId: disk.id, state: "PENDING" },
      changesAt: account.now() + account.delays.bootMs,
    };
    account.instances.set(instance.id, instance);
    Object.assign(disk, { state: "ATTACHED", instanceId: instance.id, deleteWithInstance: true });
    remember(account, "RunInstances", request, instance.id);
    if (account.failingLaunches > 0) {
      account.failingLaunches -= 1;
      instance.state = "LAUNCH_FAILED";
      return { InstanceIdSet: [instance.id] };
    }
    if (bootstrap !== undefined) await account.machines?.startGateway(instance.id, bootstrap);
    if (runs === "server") await boot(account, instance);
    const isGuest = runs === "server" || runs === "hyperdoor";
    if (isGuest && instance.privateAddress.startsWith("127.")) {
      await account.guests.open(instance.id, instance.privateAddress);
    }
    return { InstanceIdSet: [instance.id] };
  },

  DescribeInstances(account, request) {
    const { page, total } = listed(
      account,
      account.instances,
      request.InstanceIds,
      request,
      {
        "instance-id": ({ id }) => id,
        "instance-name": ({ name }) => name,
        "instance-state": ({ state }) => state,
      },
      { ifAbsent: notFound.instance },
    );
    return {
      TotalCount: total,
      InstanceSet: page.map((instance) => instanceSeen(account, instance)),
    };
  },

  DescribeZoneInstanceConfigInfos(account, request) {
    const things = types.map((type) => ({ ...type, tags: [] }));
    const found = filtered(things, request.Filters, {
      zone: () => account.zone,
      "instance-charge-type": () => "POSTPAID_BY_HOUR",
      "instance-family": ({ family }) => family,
      "instance-type": ({ name }) => name,
    });
    return {
      InstanceTypeQuotaSet: found.map(({ name, family, cpu, gib, gpu }) => ({
        Zone: account.zone,
        InstanceType: name,
        InstanceFamily: family,
        InstanceChargeType: "POSTPAID_BY_HOUR",
        Cpu: cpu,
        Memory: gib,
        Gpu: gpu,
        Status: account.soldOut.has(name) ? "SOLD_OUT" : "SELL",
        StatusCategory: account.soldOut.has(name) ? "WithoutStock" : "EnoughStock",
      })),
    };
  },

  /** An account with a discount of a tenth. */
  InquiryPriceRunInstances(account, { ImageId, InstanceType, SystemDisk = {} }) {
    const image = get(account.images, "image", ImageId);
    const type = types.find(({ name }) => name === InstanceType);
    if (type === undefined) {
      throw new Refusal("InvalidParameterValue.InstanceTypeNotFound", "There is no such type.");
    }
    const { vcpu, memoryGiB, diskGiB } = account.tariff;
    const { DiskType = "CLOUD_PREMIUM", DiskSize = image.sizeGiB } = SystemDisk;
    const hour = type.cpu * vcpu + type.gib * memoryGiB + DiskSize * (diskGiB[DiskType] ?? 0);
    return {
      Price: {
        InstancePrice: {
          ...{ UnitPrice: hour, UnitPriceDiscount: hour * 0.9, Discount: 90, ChargeUnit: "HOUR" },
        },
      },
    };
  },

  StopInstances(account, { InstanceIds }) {
    act(account, InstanceIds, "RUNNING", "STOPPING", account.delays.stopMs);
    return {};
  },

  async StartInstances(account, { InstanceIds }) {
    const started = act(account, InstanceIds, "STOPPED", "STARTING", account.delays.bootMs);
    for (const instance of started) await boot(account, instance);
    return {};
  },

  RebootInstances(account, { InstanceIds }) {
    act(account, InstanceIds, "RUNNING", "REBOOTING", account.delays.bootMs);
    return {};
  },

  TerminateInstances(account, { InstanceIds }) {
    const instances = InstanceIds.map((id) => get(account.instances, "instance", id));
    for (const instance of instances) {
      requireState(instance, ["RUNNING", "STOPPED", "SHUTDOWN", "LAUNCH_FAILED"]);
    }
    for (const instance of instances) {
      if (account.habits.recycles && instance.state !== "SHUTDOWN") {
        instance.state = "SHUTDOWN";
        instance.changesAt = Number.POSITIVE_INFINITY;
      } else {
        instance.state = "TERMINATING";
        instance.changesAt = account.now() + account.delays.stopMs;
      }
    }
    return {};
  },
};
