/** Flavors as instance types. Source: ECS API reference, ListFlavors. */
import { MigrationError } from "#domain/errors.ts";
import { checkGatewayType, chooseGatewayType } from "#domain/gateway-defaults.ts";
import type { InstanceType } from "../provider.ts";
import { type Account, listByMarker } from "./account.ts";

interface EcsFlavor {
  readonly id: string;
  readonly vcpus: string;
  /** MiB. */
  readonly ram: number;
  readonly os_extra_specs?: Readonly<Record<string, string | undefined>>;
  readonly attachableQuantity?: { readonly free_blk: number; readonly free_scsi: number };
}

const MiB = 1024 ** 2;

/** Servers for general use; those with GPUs, FPGAs and disks of their own are for whoever asks by name. */
const generalTypes = new Set(["normal", "entry", "cpuv1", "cpuv2", "computingv3", "highmem"]);

/** Those a virtual machine can have: 24 disks with the system's, unless the flavor says otherwise. */
const usualVolumes = 23;

/** On sale in a zone: `cond:operation:az` tells of zones apart, `cond:operation:status` of the rest. */
export function isOnSale(specs: EcsFlavor["os_extra_specs"], zone: string): boolean {
  const apart = /^\w/.test(specs?.["cond:operation:az"] ?? "")
    ? (specs?.["cond:operation:az"] ?? "").split(",")
    : [];
  const here = apart
    .map((part) => /^\s*([\w-]+)\((\w+)\)/.exec(part))
    .find((match) => match?.[1] === zone)?.[2];
  const status = here ?? specs?.["cond:operation:status"] ?? "normal";
  return ["normal", "promotion", "obt"].includes(status);
}

/** x86 on KVM, on sale in the target's zone, smallest first. */
async function listFlavors(account: Account): Promise<EcsFlavor[]> {
  const { zone } = account.config;
  const flavors = await listByMarker(
    account,
    "ListFlavors",
    { availability_zone: zone },
    (page) => page.flavors as EcsFlavor[],
  );
  return flavors.filter(
    ({ os_extra_specs: specs = {} }) =>
      specs["ecs:instance_architecture"] !== "arm64" &&
      specs["ecs:virtualization_env_types"] !== "FusionCompute" &&
      isOnSale(specs, zone),
  );
}

function typeShown(account: Account, flavor: EcsFlavor): InstanceType {
  const { id, vcpus, ram, attachableQuantity: room } = flavor;
  const scsi = account.config.volume.device === "SCSI";
  return {
    name: id,
    vcpus: Number(vcpus),
    memoryBytes: ram * MiB,
    hardware: { storage: scsi ? "virtio-scsi" : "virtio-blk", network: "virtio-net" },
    // Which one a server starts with is its image's to say.
    firmware: ["bios", "uefi"],
    maxVolumes: (scsi ? room?.free_scsi : room?.free_blk) ?? usualVolumes,
  };
}

export async function listInstanceTypes(account: Account): Promise<InstanceType[]> {
  const { families } = account.config.launch;
  return (await listFlavors(account))
    .filter(({ id, os_extra_specs: specs = {} }) => {
      if (families !== undefined) return families.some((family) => id.startsWith(`${family}.`));
      const type = specs["ecs:performancetype"] ?? specs["hws:performancetype"] ?? "normal";
      return generalTypes.has(type);
    })
    .map((flavor) => typeShown(account, flavor))
    .sort((a, b) => a.memoryBytes - b.memoryBytes || a.vcpus - b.vcpus);
}

/**
 * @param wanted instead of the one the target's settings say, or the document
 * @throws `gateway.too-small`, `gateway.no-type`, `cloud.capacity` where the zone does not sell it
 */
export async function chooseGatewayFlavor(
  account: Account,
  wanted: string | undefined,
): Promise<string> {
  const types = (await listFlavors(account)).map((flavor) => typeShown(account, flavor));
  const name = wanted ?? account.config.gateway.instanceType;
  if (name === undefined) return chooseGatewayType("huawei", types).name;
  const type = types.find((each) => each.name === name);
  if (type === undefined) {
    const what = `${name} in ${account.config.zone}`;
    throw new MigrationError("cloud.capacity", { platform: "huawei", what });
  }
  checkGatewayType("huawei", type);
  return name;
}
