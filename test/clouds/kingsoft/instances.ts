/** KEC's instances. Sources: KEC API (docs.ksyun.com/documents/1528 to 1534, 816); terraform-provider-ksyun for states. */
import { randomUUID } from "node:crypto";
import { gatewayBootstrap } from "#domain/protocol/gateway.ts";
import type { Parameters } from "../parameters.ts";
import { named, pagedByMarker, shownThings } from "./listing.ts";
import { buyAddress, refuseAddress } from "./network.ts";
import { type Answer, Refusal, tagsOf } from "./request.ts";
import { type Account, get, hyperDoorImage, type Instance, uefiHyperDoorImage } from "./state.ts";
import { isSoldOut, typeOf } from "./types.ts";
import { makeVolume, removeVolume, takeOff, volumesOf } from "./volumes.ts";

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
    if (instance.state === "scheduling") {
      instance.state = "active";
      openDoor(account, instance);
    } else if (instance.state === "stopping") {
      await halt(account, instance);
      instance.state = "stopped";
    } else if (instance.state === "deleting") await end(account, instance);
  }
}

/** What was made of HyperDoor's image copies what is hung on it, and restarts into that. */
function openDoor(account: Account, instance: Instance): void {
  const { id, userData } = instance;
  const system = volumesOf(account, id).find(({ category }) => category === "system");
  if (instance.runs !== "hyperDoor" || system === undefined) return;
  const attached = () =>
    volumesOf(account, id)
      .filter(({ category, status }) => category === "data" && status === "in-use")
      .map((volume) => volume.id);
  const systemVolumeId = system.id;
  const boot = async () => {
    instance.runs = "server";
    await account.machines?.startServer(id, [systemVolumeId, ...attached()]);
    await account.guests.open(id, instance.privateAddress);
  };
  account.doors?.start({ id, userData, systemVolumeId, attached, boot });
}

async function halt(account: Account, instance: Instance): Promise<void> {
  await account.doors?.end(instance.id);
  await account.guests.close(instance.id);
  await account.machines?.remove(instance.id);
}

async function end(account: Account, instance: Instance): Promise<void> {
  const there = volumesOf(account, instance.id);
  const doomed = there.filter(({ deleteWithInstance }) => deleteWithInstance);
  for (const volume of there) await takeOff(account, volume);
  await halt(account, instance);
  account.instances.delete(instance.id);
  // Without AutoDeleteEip it stays, bought and bound to nothing.
  for (const address of account.addresses.values()) {
    if (address.instanceId !== instance.id) continue;
    delete address.instanceId;
    address.state = "disassociate";
  }
  for (const volume of doomed) await removeVolume(account, volume);
}

const subnetOf = ({ subnets }: Account, parameters: Parameters) =>
  subnets.find(({ id }) => id === parameters.get("SubnetId"));

function refuseOrder(account: Account, parameters: Parameters): void {
  const invalid = (name: string) =>
    new Refusal(400, "InvalidParameterValue", `Invalid \`${name}\` parameter value.`);
  if (parameters.number("MinCount") !== 1 || parameters.number("MaxCount") !== 1) {
    throw invalid("MinCount");
  }
  // "No default"; what is paid by the month can't be deleted.
  if (!["HourlyInstantSettlement", "Daily"].includes(parameters.get("ChargeType"))) {
    throw invalid("ChargeType");
  }
  const type = typeOf(parameters.get("InstanceType"));
  const disk = parameters.get("SystemDisk.DiskType");
  const sizeGiB = parameters.number("SystemDisk.DiskSize") ?? 20;
  if (!type.systemDisks.includes(disk)) throw invalid("SystemDisk.DiskType");
  // Source: RunInstances, SystemDisk.DiskSize.
  if (sizeGiB < 20 || sizeGiB > 500) throw invalid("SystemDisk.DiskSize");
  if (isSoldOut(account, type.name, disk)) {
    // Source: StartInstances (1529), "product already sell out".
    throw new Refusal(400, "ProductSellOutInvalid", "product already sell out.");
  }
  if (account.instances.size >= account.quotas.instances) {
    throw new Refusal(400, "InstanceQuotaExceeded", "The quota of instances is exceeded.");
  }
  const subnet = subnetOf(account, parameters);
  if (subnet?.type !== "Normal") throw invalid("SubnetId");
  const groups = parameters.list("SecurityGroupId");
  // "At present one security group only."
  if (groups.length !== 1) throw invalid("SecurityGroupId");
  const group = get(account.groups, "SecurityGroup", groups[0] ?? "");
  if (group.vpcId !== subnet.vpcId) throw invalid("SecurityGroupId");
  const address = parameters.find("PrivateIpAddress");
  const taken = [...account.instances.values()].some((one) => one.privateAddress === address);
  if (taken) throw new Refusal(400, "PrivateIpAddressInUse", "The address is in use.");
  refuseAddress(account, parameters);
}

function loginOf(account: Account, parameters: Parameters): Instance["login"] {
  const password = parameters.find("InstancePassword");
  const keys = parameters.list("KeyId");
  const keeps = parameters.flag("KeepImageLogin") === true;
  if ([password !== undefined, keys.length > 0, keeps].filter(Boolean).length !== 1) {
    throw new Refusal(400, "InvalidParameter", "One of password, key and the image's login.");
  }
  if (keeps) {
    if (account.images.get(parameters.get("ImageId"))?.isPublic) {
      throw new Refusal(400, "InvalidParameter", "A public image has no login to keep.");
    }
    return "image";
  }
  if (password === undefined) return "key";
  // Source: RunInstances, InstancePassword.
  if (/^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[\x21-\x7e]{8,32}$/.test(password)) return "password";
  throw new Refusal(400, "InvalidParameterValue", "Invalid `InstancePassword` parameter value.");
}

function runsOn(imageId: string, isGateway: boolean): Instance["runs"] {
  if (isGateway) return "gateway";
  return [hyperDoorImage, uefiHyperDoorImage].includes(imageId) ? "hyperDoor" : "bare";
}

const runInstances: Action = async (account, parameters) => {
  const image = account.images.get(parameters.get("ImageId"));
  if (image === undefined) {
    throw new Refusal(400, "ImageNotFound", `Image ${parameters.get("ImageId")} not exist`);
  }
  refuseOrder(account, parameters);
  const login = loginOf(account, parameters);
  const sizeGiB = parameters.number("SystemDisk.DiskSize") ?? 20;
  if (sizeGiB < image.sizeGiB) {
    throw new Refusal(400, "InvalidParameterValue", "The system disk is less than the image's.");
  }
  const userData = Buffer.from(parameters.get("UserData"), "base64").toString("utf8");
  // Source: RunInstances, UserData.
  if (Buffer.byteLength(userData) > 16 * 1024) {
    throw new Refusal(400, "InvalidParameterValue", "Invalid `UserData`: more than 16 KB.");
  }
  const bootstrap = bootstrapIn(userData);
  const instance: Instance = {
    ...account.newThing(parameters.get("InstanceName"), tagsOf(parameters)),
    imageId: image.id,
    type: parameters.get("InstanceType"),
    chargeType: parameters.get("ChargeType"),
    subnetId: parameters.get("SubnetId"),
    zone: subnetOf(account, parameters)?.zone ?? account.zone,
    privateAddress: parameters.find("PrivateIpAddress") ?? account.newPrivateAddress(),
    interfaceId: randomUUID(),
    groupIds: parameters.list("SecurityGroupId"),
    state: "scheduling",
    changesAt: account.now() + account.delays.bootMs,
    runs: runsOn(image.id, bootstrap !== undefined),
    ...{ userData, login },
  };
  account.instances.set(instance.id, instance);
  await makeSystemDisk(account, instance, sizeGiB, parameters.get("SystemDisk.DiskType"));
  buyAddress(account, instance, parameters);
  if (bootstrap !== undefined) await account.machines?.startGateway(instance.id, bootstrap);
  const { id: InstanceId, name: InstanceName } = instance;
  return { InstancesSet: [{ InstanceId, InstanceName }] };
};

/** It goes with its instance, and carries no name of ours. */
async function makeSystemDisk(
  account: Account,
  instance: Instance,
  sizeGiB: number,
  type: string,
): Promise<void> {
  const { chargeType } = instance;
  const disk = await makeVolume(account, {
    ...{ name: "", description: "", tags: new Map(), category: "system", type, sizeGiB },
    ...{ chargeType, isBlank: instance.runs !== "hyperDoor" },
  });
  disk.instanceId = instance.id;
  disk.status = "in-use";
  disk.deleteWithInstance = true;
}

const describeInstances: Action = (account, parameters) => {
  const shown = shownThings(account, account.instances.values());
  const found = named(shown, parameters, "InstanceId");
  const page = pagedByMarker(found, parameters, 5);
  return {
    Marker: parameters.number("Marker") ?? 0,
    InstanceCount: found.length,
    InstancesSet: page.map((instance) => instanceJson(account, instance)),
  };
};

function instanceJson(account: Account, instance: Instance) {
  const { id, state } = instance;
  const isMade = state !== "scheduling";
  const address = [...account.addresses.values()].find(
    (one) => one.instanceId === id && one.state !== "binding",
  );
  const system = volumesOf(account, id).find(({ category }) => category === "system");
  return {
    InstanceId: id,
    InstanceName: instance.name,
    InstanceType: instance.type,
    ImageId: instance.imageId,
    SubnetId: instance.subnetId,
    ProjectId: 0,
    ChargeType: instance.chargeType,
    AvailabilityZone: instance.zone,
    PrivateIpAddress: instance.privateAddress,
    InstanceState: {
      // What is being deleted is still called what it was; only its task tells.
      Name: state === "deleting" ? "active" : state,
      TaskState: state === "deleting" ? "deleting" : null,
    },
    SystemDisk: { DiskType: system?.type, DiskSize: system?.sizeGiB },
    NetworkInterfaceSet: isMade
      ? [
          {
            NetworkInterfaceId: instance.interfaceId,
            NetworkInterfaceType: "primary",
            PrivateIpAddress: instance.privateAddress,
            ...(address === undefined ? {} : { PublicIp: address.publicIp }),
            SecurityGroupSet: instance.groupIds.map((SecurityGroupId) => ({ SecurityGroupId })),
          },
        ]
      : [],
  };
}

/** Source: StartInstances, StopInstances, TerminateInstances: "Instance Resource id is invalid", 400. */
function instanceOf(account: Account, parameters: Parameters): Instance {
  const [id = ""] = parameters.list("InstanceId");
  const found = account.instances.get(id);
  if (found !== undefined) return found;
  throw new Refusal(400, "InstanceIdInvalid", "Instance Resource id is invalid");
}

const stopInstances: Action = (account, parameters) => {
  const instance = instanceOf(account, parameters);
  if (instance.state !== "active") {
    throw new Refusal(
      400,
      "InstanceStateNotSupported",
      'The InstanceState for this action should be "Active"',
    );
  }
  instance.state = "stopping";
  instance.changesAt = account.now() + account.delays.stopMs;
  // Written so by the platform.
  return { InstancesSet: [{ InstanceId: instance.id, Return: true, Messgae: "" }] };
};

const terminateInstances: Action = (account, parameters) => {
  const instance = instanceOf(account, parameters);
  if (!parameters.flag("ForceDelete")) throw new Error("this fake has no bin for instances");
  const answer = { InstanceId: instance.id, Return: true, Message: "" };
  if (instance.state === "deleting") return { InstancesSet: [answer] };
  if (instance.state === "scheduling" && account.keepsUnmade) {
    // Refused for this one, in an answer with status 200.
    const Message = "The instance is being made";
    return { InstancesSet: [{ ...answer, Return: false, Message }] };
  }
  instance.state = "deleting";
  instance.changesAt = account.now() + account.delays.deleteMs;
  return { InstancesSet: [answer] };
};

const modifyInterface: Action = (account, parameters) => {
  const instance = get(account.instances, "Instance", parameters.get("InstanceId"));
  if (instance.interfaceId !== parameters.get("NetworkInterfaceId")) {
    throw new Refusal(404, "NetworkInterfaceNotFound", "The interface is not there.");
  }
  const groups = parameters.list("SecurityGroupId");
  const subnet = account.subnets.find(({ id }) => id === instance.subnetId);
  for (const id of groups) {
    if (get(account.groups, "SecurityGroup", id).vpcId === subnet?.vpcId) continue;
    throw new Refusal(400, "InvalidParameterValue", "Invalid `SecurityGroupId` parameter value.");
  }
  if (groups.length > 0) instance.groupIds = groups;
  return { Return: true };
};

const describeImages: Action = (account, parameters) => {
  const id = parameters.find("ImageId");
  const found = [...account.images.values()].filter((image) => id === undefined || image.id === id);
  return {
    ImagesSet: found.map((image) => ({
      ImageId: image.id,
      Name: image.name,
      ImageState: "active",
      CreationDate: image.createdAt,
      Platform: image.name.split("-")[0]?.toLowerCase(),
      IsPublic: image.isPublic,
      IsCloudMarket: false,
      ImageSource: image.isPublic ? "system" : "import",
      SysDisk: image.sizeGiB,
      CloudInitSupport: image.cloudInit,
      Architecture: "x86_64",
      ...(image.bootMode === undefined ? {} : { BootMode: image.bootMode }),
    })),
  };
};

export const instanceActions: Record<string, Action> = {
  RunInstances: runInstances,
  DescribeInstances: describeInstances,
  DescribeImages: describeImages,
  StopInstances: stopInstances,
  TerminateInstances: terminateInstances,
  ModifyNetworkInterfaceAttribute: modifyInterface,
};
