/** Flavors as instance types. Source: ecs/flavor/list. */
import { MigrationError } from "#domain/errors.ts";
import { checkGatewayType, chooseGatewayType } from "#domain/gateway-defaults.ts";
import type { Firmware, InstanceType } from "../provider.ts";
import type { Account } from "./account.ts";

interface EcsFlavor {
  readonly flavorID: string;
  readonly flavorName: string;
  readonly flavorType: string;
  readonly flavorSeries?: string;
  readonly flavorCPU: number;
  /** GiB. */
  readonly flavorRAM: number;
  readonly gpuCount?: number;
  /** Whether the zone still sells it. */
  readonly available?: boolean;
}

const GiB = 1024 ** 3;

/** Kunpeng, Hygon and Phytium are others' processors, G and P have GPUs. Source: esc_const.go, EcsFlavorSeries. */
const general = /^(S|C|M)$/i;

/** Of general use, in the zone, also those that are sold out, smallest first. */
async function listFlavors({ client, config }: Account): Promise<EcsFlavor[]> {
  const { flavorList } = await client.call<{ flavorList?: EcsFlavor[] | null }>("ListFlavor", {
    azName: config.zone,
    flavorArch: "x86",
  });
  return (flavorList ?? [])
    .filter(({ gpuCount = 0 }) => gpuCount === 0)
    .sort((a, b) => a.flavorRAM - b.flavorRAM || a.flavorCPU - b.flavorCPU);
}

const isSold = ({ available }: EcsFlavor) => available !== false;

const firmware: readonly Firmware[] = ["bios", "uefi"];

function typeShown({ config }: Account, flavor: EcsFlavor): InstanceType {
  return {
    name: flavor.flavorName,
    vcpus: flavor.flavorCPU,
    memoryBytes: flavor.flavorRAM * GiB,
    // Volumes are made as VBD.
    hardware: { storage: "virtio-blk", network: "virtio-net" },
    // Which one a server starts with is its image's to say.
    firmware,
    maxVolumes: config.gateway.maxVolumes + config.gateway.spareVolumes,
  };
}

export async function listInstanceTypes(account: Account): Promise<InstanceType[]> {
  const { families } = account.config.launch;
  const flavors = (await listFlavors(account)).filter(isSold);
  const wanted = flavors.filter(({ flavorName, flavorSeries = "" }) =>
    families === undefined
      ? general.test(flavorSeries)
      : families.some((family) => flavorName.startsWith(`${family}.`)),
  );
  return wanted.map((flavor) => typeShown(account, flavor));
}

/**
 * By name; its id differs from zone to zone.
 * @throws `cloud.not-found`, `cloud.capacity` where the zone has sold it out
 */
export async function flavorNamed(account: Account, name: string): Promise<EcsFlavor> {
  const flavor = (await listFlavors(account)).find(({ flavorName }) => flavorName === name);
  if (flavor === undefined) {
    throw new MigrationError("cloud.not-found", { platform: "ctyun", what: "flavor", id: name });
  }
  if (isSold(flavor)) return flavor;
  const what = `${name} in ${account.config.zone}`;
  throw new MigrationError("cloud.capacity", { platform: "ctyun", what });
}

/**
 * @param wanted instead of the one the target's settings say, or the document (R-011, S-03)
 * @throws `gateway.too-small`, `gateway.no-type`, `cloud.capacity`
 */
export async function chooseGatewayFlavor(
  account: Account,
  wanted: string | undefined,
): Promise<EcsFlavor> {
  const given = wanted ?? account.config.gateway.instanceType;
  const name = given ?? chooseGatewayType("ctyun", await listInstanceTypes(account)).name;
  const flavor = await flavorNamed(account, name);
  checkGatewayType("ctyun", typeShown(account, flavor));
  return flavor;
}
