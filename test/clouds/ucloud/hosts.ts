/** UHost instances. Source for states and codes: UHost API and its "error_code". */
import { gatewayBootstrap } from "#domain/protocol/gateway.ts";
import type { Parameters } from "../parameters.ts";
import { machineTypes } from "./catalogue.ts";
import { addBootDisk, disksOf, removeDisk, takeOff } from "./disks.ts";
import { Refusal, unfit } from "./request.ts";
import { type Action, get, type Host, type Project, page, requireZone, seconds } from "./state.ts";

const hostNotFound = 8039;

/** Source: UHost API, CreateUHostInstance, UserData. */
const mostUserData = 16 * 1024;

const fence = "HYPERMOTION_BOOTSTRAP";

/** What user data of ours makes of a machine: a gateway where it holds a gateway's configuration. */
function bootstrapIn(userData: string): ReturnType<typeof gatewayBootstrap.parse> | undefined {
  const text = new RegExp(`<<'${fence}'\\n(.*)\\n${fence}\\n`).exec(userData)?.[1];
  return text === undefined ? undefined : gatewayBootstrap.parse(JSON.parse(text));
}

/** What has come about by itself since the last call. */
export async function letHostsHappen(project: Project): Promise<void> {
  for (const host of project.hosts.values()) {
    if (project.now() < host.changesAt) continue;
    if (host.state === "Initializing") {
      host.state = "Starting";
      host.changesAt = project.now() + project.delays.bootMs;
    } else if (host.state === "Starting") {
      host.state = "Running";
      if (host.runs === "hyperDoor") openDoor(project, host);
    } else if (host.state === "Rebooting") {
      host.state = "Running";
    } else if (host.state === "Stopping") {
      await project.doors?.end(host.id);
      await project.machines?.remove(host.id);
      await project.guests.close(host.id);
      host.state = "Stopped";
    }
  }
}

/** What starts from HyperDoor's image copies its system disk, and then restarts into that. */
function openDoor(project: Project, host: Host): void {
  const { id, userData } = host;
  const boot = disksOf(project, id).find(({ isBoot }) => isBoot);
  const attached = () =>
    disksOf(project, id).flatMap(({ id, isBoot, state }) =>
      isBoot || state === "Detaching" ? [] : [id],
    );
  const systemVolumeId = boot?.id ?? "";
  project.doors?.start({
    ...{ id, userData, systemVolumeId, attached },
    async boot() {
      host.runs = "server";
      await project.machines?.startServer(id, [systemVolumeId, ...attached()]);
      if (host.privateAddress.startsWith("127.")) {
        await project.guests.open(id, host.privateAddress);
      }
    },
  });
}

/** @returns the type of its boot disk and its size */
function refuseOrder(project: Project, parameters: Parameters): [string, number] {
  const type = machineTypes.find(({ name }) => name === parameters.get("MachineType"));
  const cpu = parameters.number("CPU") ?? 4;
  const memory = (parameters.number("Memory") ?? 8192) / 1024;
  if (type?.sizes[cpu] === undefined) throw new Refusal(8044, "CPU is not available");
  if (!type.sizes[cpu].includes(memory)) throw new Refusal(8046, "Memory is not available");
  const platforms = Object.values(type.cpu).flat();
  if (!platforms.includes(parameters.find("MinimalCpuPlatform") ?? "Intel/Auto")) {
    throw unfit("MinimalCpuPlatform");
  }
  if (project.soldOut.has(type.name)) throw new Refusal(8320, "resource is not enough");
  if (project.hosts.size >= project.quotas.hosts) throw new Refusal(8095, "quota not enough");
  const disks = parameters.structures("Disks");
  const [boot] = disks;
  if (disks.length !== 1 || boot?.get("IsBoot") !== "True") throw unfit("Disks.0.IsBoot");
  const diskType = boot.get("Type");
  if (!type.bootDisks.includes(diskType)) throw unfit("Disks.0.Type");
  const image = get(project.images, 8956, parameters.get("ImageId"));
  if (image.state !== "Available") throw new Refusal(8961, "image is not available");
  if (diskType === "CLOUD_RSSD" && !image.features.includes("RssdAttachable"))
    throw unfit("ImageId");
  const sizeGiB = boot.number("Size") ?? 0;
  if (sizeGiB < image.sizeGiB) throw new Refusal(8315, "boot disk is smaller than the image");
  if (sizeGiB > 500) throw unfit("Disks.0.Size");
  const subnet = project.subnets.find(({ id }) => id === parameters.find("SubnetId"));
  if (subnet === undefined) throw unfit("SubnetId");
  if (parameters.find("VPCId") !== subnet.vpcId) throw unfit("VPCId");
  get(project.firewalls, 4600, parameters.get("SecurityGroupId"));
  refuseLogin(parameters, image.type);
  return [diskType, sizeGiB];
}

function refuseLogin(parameters: Parameters, imageType: string): void {
  const password = Buffer.from(parameters.get("Password"), "base64").toString();
  switch (parameters.get("LoginMode")) {
    case "Password":
      if (!/^.{8,30}$/.test(password)) throw unfit("Password");
      return;
    case "KeyPair":
      if (parameters.find("KeyPairId") === undefined) throw unfit("KeyPairId");
      return;
    case "ImagePasswd":
      // "自制镜像密码": of images somebody made.
      if (imageType !== "Custom") throw unfit("LoginMode");
      return;
    default:
      throw unfit("LoginMode");
  }
}

const createHost: Action = async (project, parameters) => {
  requireZone(project, parameters);
  const [diskType, sizeGiB] = refuseOrder(project, parameters);
  const wanted = parameters.list("PrivateIp")[0];
  if ([...project.hosts.values()].some(({ privateAddress }) => privateAddress === wanted)) {
    throw unfit("PrivateIp.0");
  }
  const userData = Buffer.from(parameters.get("UserData"), "base64").toString("utf8");
  if (Buffer.byteLength(userData) > mostUserData) throw unfit("UserData");
  const image = get(project.images, 8956, parameters.get("ImageId"));
  const bootstrap = bootstrapIn(userData);
  const host: Host = {
    ...project.newThing("uhost", parameters.find("Name") ?? "UHost", parameters.get("Tag")),
    imageId: image.id,
    machine: `${parameters.get("MachineType")}-${parameters.get("CPU")}-${parameters.get("Memory")}`,
    chargeType: parameters.find("ChargeType") ?? "Month",
    loginMode: parameters.get("LoginMode"),
    password: Buffer.from(parameters.get("Password"), "base64").toString(),
    userData,
    autoDataDiskInit: parameters.find("AutoDataDiskInit") ?? "On",
    privateAddress: wanted ?? project.newPrivateAddress(),
    subnetId: parameters.get("SubnetId"),
    firewallId: parameters.get("SecurityGroupId"),
    state: "Initializing",
    changesAt: project.now() + project.delays.createMs,
    runs: image.isHyperDoor ? "hyperDoor" : bootstrap === undefined ? "bare" : "gateway",
  };
  project.hosts.set(host.id, host);
  const hasBytes = image.isHyperDoor;
  await addBootDisk(project, host.id, { type: diskType, sizeGiB, hasBytes });
  if (bootstrap !== undefined) await project.machines?.startGateway(host.id, bootstrap);
  return { UHostIds: [host.id], IPs: [host.privateAddress] };
};

const describeHosts: Action = (project, parameters) => {
  requireZone(project, parameters);
  const ids = parameters.list("UHostIds");
  const group = parameters.find("Tag");
  const found = [...project.hosts.values()].filter(
    (host) =>
      project.isShown(host) &&
      (ids.length === 0 || ids.includes(host.id)) &&
      (group === undefined || host.group === group),
  );
  return {
    TotalCount: found.length,
    UHostSet: page(found, parameters).map((host) => {
      const eip = [...project.eips.values()].find(({ hostId }) => hostId === host.id);
      const [MachineType, CPU, Memory] = host.machine.split("-");
      return {
        ...{ Zone: project.zone, UHostId: host.id, Name: host.name, Tag: host.group },
        ...{ State: host.state, CreateTime: seconds(host), ChargeType: host.chargeType },
        ...{ MachineType, CPU: Number(CPU), Memory: Number(Memory), OsType: "Linux" },
        ...{ BootDiskState: "Normal", RdmaClusterId: "", NetFeatureTag: "Firewall" },
        DiskSet: disksOf(project, host.id).map((disk) => ({
          ...{ DiskId: disk.id, IsBoot: disk.isBoot ? "True" : "False", DiskType: disk.type },
          ...{ Drive: disk.device, Size: disk.sizeGiB },
        })),
        IPSet: [
          {
            ...{ Type: "Private", IPMode: "IPv4", IP: host.privateAddress, Default: "true" },
            VPCId: project.subnets.find(({ id }) => id === host.subnetId)?.vpcId,
            SubnetId: host.subnetId,
          },
          ...(eip === undefined
            ? []
            : [{ Type: "Bgp", IPMode: "IPv4", IP: eip.address, IPId: eip.id }]),
        ],
      };
    }),
  };
};

const stopHost: Action = (project, parameters) => {
  const host = get(project.hosts, hostNotFound, parameters.get("UHostId"));
  if (host.state !== "Running") throw new Refusal(8905, `host is ${host.state}`);
  host.state = "Stopping";
  host.changesAt = project.now() + project.delays.stopMs;
  return { UHostId: host.id };
};

const rebootHost: Action = async (project, parameters) => {
  const host = get(project.hosts, hostNotFound, parameters.get("UHostId"));
  if (host.state !== "Running") throw new Refusal(8905, `host is ${host.state}`);
  await project.doors?.reset(host.id);
  host.state = "Rebooting";
  host.changesAt = project.now() + project.delays.bootMs;
  return { UHostId: host.id };
};

/** Source: TerminateUHostInstance: only of stopped ones; data disks stay unless told. */
const terminateHost: Action = async (project, parameters) => {
  const host = get(project.hosts, hostNotFound, parameters.get("UHostId"));
  if (host.state !== "Stopped") throw new Refusal(8856, "please stop the host first");
  for (const disk of disksOf(project, host.id)) {
    await takeOff(project, disk);
    if (disk.isBoot || parameters.flag("ReleaseUDisk")) await removeDisk(project, disk);
  }
  for (const eip of project.eips.values()) if (eip.hostId === host.id) delete eip.hostId;
  project.hosts.delete(host.id);
  return { UHostId: host.id, InRecycle: "No" };
};

export const hostActions: Readonly<Record<string, Action>> = {
  CreateUHostInstance: createHost,
  DescribeUHostInstance: describeHosts,
  PoweroffUHostInstance: stopHost,
  RebootUHostInstance: rebootHost,
  StopUHostInstance: stopHost,
  TerminateUHostInstance: terminateHost,
};
