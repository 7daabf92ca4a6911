/**
 * What the zone has for sale. UCloud sells machine types by any of their sizes; we call the pair by a name
 * of our own: `N-4-8` is 4 vCPU and 8 GiB of machine type N.
 */
import { MigrationError } from "#domain/errors.ts";
import { checkGatewayType, chooseGatewayType, gatewayDefaults } from "#domain/gateway-defaults.ts";
import type { InstanceType } from "../provider.ts";
import type { Account } from "./account.ts";

const MiB = 1024 ** 2;
const GiB = 1024 ** 3;

interface AvailableType {
  readonly Name?: string;
  readonly Zone?: string;
  readonly InstanceType?: string;
  /** Normal, Beta, Soldout, Hidden. */
  readonly Status?: string;
  readonly MachineClass?: string;
  readonly CpuPlatforms?: { readonly Intel?: readonly string[]; readonly Amd?: readonly string[] };
  readonly Disks?: readonly {
    readonly BootDisk?: readonly { readonly Name?: string }[];
    readonly DataDisk?: readonly { readonly Name?: string }[];
  }[];
  readonly MachineSizes?: readonly {
    readonly Gpu?: number;
    readonly Collection?: readonly { readonly Cpu?: number; readonly Memory?: readonly number[] }[];
  }[];
}

/** How an order names one size of a machine type. */
export interface Machine {
  readonly MachineType: string;
  readonly CPU: number;
  /** In MiB. */
  readonly Memory: number;
  readonly MinimalCpuPlatform: string;
  /** Of its own disk: local ones can't be larger than the image. */
  readonly bootDisk: BootDiskType;
}

const bootDiskTypes = ["CLOUD_SSD", "CLOUD_RSSD"] as const;
type BootDiskType = (typeof bootDiskTypes)[number];

interface Offer {
  readonly type: InstanceType;
  readonly machine: Machine;
}

/** Smallest first. */
export async function listInstanceTypes(account: Account): Promise<InstanceType[]> {
  const { machineTypes } = account.config.launch;
  const offers = await listOffers(account);
  return offers
    .filter(({ machine }) => machineTypes?.includes(machine.MachineType) ?? true)
    .map(({ type }) => type);
}

/** @throws `cloud.capacity` when it is not for sale */
export async function getMachine(account: Account, name: string): Promise<Machine> {
  const offers = await listOffers(account, name.split("-")[0]);
  const found = offers.find(({ type }) => type.name === name);
  if (found !== undefined) return found.machine;
  const { volume, zone } = account.config;
  const what = `${name} for ${volume.type} volumes in ${zone}`;
  throw new MigrationError("cloud.capacity", { platform: "ucloud", what });
}

/**
 * What a gateway is made of: the given type, else the target's, else by the defaults of all, of type N
 * where the zone still has it.
 * @throws `cloud.capacity`, `gateway.too-small`, `gateway.no-type`
 */
export async function gatewayMachine(account: Account, given?: string): Promise<Machine> {
  const name = given ?? account.config.gateway.instanceType;
  if (name !== undefined) {
    const machine = await getMachine(account, name);
    const { CPU: vcpus, Memory } = machine;
    checkGatewayType("ucloud", { name, vcpus, memoryBytes: Memory * MiB });
    return machine;
  }
  const offers = await listOffers(account);
  const { instanceFamily } = gatewayDefaults.ucloud;
  const advised = offers.filter(({ machine }) => machine.MachineType === instanceFamily);
  const choices = advised.length > 0 ? advised : offers;
  return chooseGatewayType(
    "ucloud",
    choices.map(({ type, machine }) => ({ ...type, machine })),
  ).machine;
}

async function listOffers(
  { client, config }: Account,
  machineType?: string,
): Promise<readonly Offer[]> {
  const answer = await client.call<{ AvailableInstanceTypes?: readonly AvailableType[] }>(
    "DescribeAvailableInstanceTypes",
    {
      Zone: config.zone,
      ...(machineType === undefined ? {} : { MachineTypes: [machineType] }),
    },
  );
  return (answer.AvailableInstanceTypes ?? [])
    .filter(({ Zone = config.zone }) => Zone === config.zone)
    .filter(({ InstanceType = "uhost" }) => InstanceType === "uhost")
    .filter(({ Status }) => Status === "Normal" || Status === "Beta")
    .filter(({ MachineClass }) => MachineClass !== "GPU")
    .filter((type) => takes(type, config.volume.type))
    .flatMap(offersOf)
    .sort(
      ({ type: a }, { type: b }) =>
        a.memoryBytes - b.memoryBytes || a.vcpus - b.vcpus || (a.name < b.name ? -1 : 1),
    );
}

/** A host takes cloud disks of some types only. Source: UHost API, "disk_type", 机型与磁盘关系. */
const takes = ({ Disks = [] }: AvailableType, volumeType: string): boolean =>
  Disks.some(({ DataDisk = [] }) => DataDisk.some(({ Name }) => Name === volumeType));

/** None of an ARM type, or of one that has local disks only. */
function offersOf(type: AvailableType): Offer[] {
  const { Name: MachineType = "", CpuPlatforms = {}, Disks = [], MachineSizes = [] } = type;
  const platform = platformOf(CpuPlatforms);
  const offered = Disks.flatMap(({ BootDisk = [] }) => BootDisk.map(({ Name }) => Name));
  const bootDisk = bootDiskTypes.find((name) => offered.includes(name));
  if (platform === undefined || bootDisk === undefined) return [];
  return MachineSizes.filter(({ Gpu = 0 }) => Gpu === 0)
    .flatMap(({ Collection = [] }) => Collection)
    .flatMap(({ Cpu: CPU = 0, Memory = [] }) =>
      Memory.map((gib): Offer => {
        const machine = { MachineType, CPU, Memory: gib * 1024, MinimalCpuPlatform: platform };
        return { type: shown(MachineType, CPU, gib), machine: { ...machine, bootDisk } };
      }),
    );
}

function platformOf(platforms: NonNullable<AvailableType["CpuPlatforms"]>): string | undefined {
  if ((platforms.Intel ?? []).length > 0) return "Intel/Auto";
  return (platforms.Amd ?? []).length > 0 ? "Amd/Auto" : undefined;
}

function shown(machineType: string, vcpus: number, gib: number): InstanceType {
  return {
    name: `${machineType}-${vcpus}-${gib}`,
    vcpus,
    memoryBytes: gib * GiB,
    hardware: { storage: "virtio-blk", network: "virtio-net" },
    // Images are taken with MBR partitions only. Source: UHost documentation, "镜像上传".
    firmware: ["bios"],
    // Source: UDisk documentation, "Limits": 26 cloud disks; whether its own counts is not said.
    maxVolumes: 25,
  };
}
