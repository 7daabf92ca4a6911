/** Flavors as instance types. Source: Compute API, "List Flavors With Details". */
import { MigrationError } from "#domain/errors.ts";
import { checkGatewayType, chooseGatewayType } from "#domain/gateway-defaults.ts";
import type { InstanceType } from "../provider.ts";
import { type Account, listAll } from "./account.ts";

export interface Flavor {
  readonly id: string;
  readonly name: string;
  readonly vcpus: number;
  /** MiB. */
  readonly ram: number;
  /** GiB of its own; 0 for servers that boot from volumes only. */
  readonly disk: number;
  readonly "OS-FLV-DISABLED:disabled"?: boolean;
}

const MiB = 1024 ** 2;

async function listFlavors(account: Account): Promise<Flavor[]> {
  const all = await listAll<Flavor>(account, "ListFlavors", "flavors");
  return all.filter((flavor) => flavor["OS-FLV-DISABLED:disabled"] !== true);
}

/** A flavor's name is as unique as its id. Source: nova/db/api/models.py, uniq_flavors0name. */
export async function findFlavor(account: Account, name: string): Promise<Flavor | undefined> {
  const all = await listFlavors(account);
  return all.find((flavor) => flavor.name === name) ?? all.find(({ id }) => id === name);
}

function typeShown({ launch }: Account["config"], flavor: Flavor): InstanceType {
  return {
    name: flavor.name,
    vcpus: flavor.vcpus,
    memoryBytes: flavor.ram * MiB,
    hardware: {
      storage: launch.diskBus === "scsi" ? "virtio-scsi" : "virtio-blk",
      network: "virtio-net",
    },
    // Which one a server starts with is its volume's to say.
    firmware: ["bios", "uefi"],
    maxVolumes: launch.maxVolumes,
  };
}

/** Smallest first. */
export async function listInstanceTypes(account: Account): Promise<InstanceType[]> {
  return (await listFlavors(account))
    .map((flavor) => typeShown(account.config, flavor))
    .sort((a, b) => a.memoryBytes - b.memoryBytes || a.vcpus - b.vcpus);
}

/**
 * @param wanted instead of the one the target's settings say
 * @throws `gateway.too-small`, `gateway.no-type`, `cloud.not-found`
 */
export async function chooseGatewayFlavor(
  account: Account,
  wanted = account.config.gateway.instanceType,
): Promise<Flavor> {
  const flavors = await listFlavors(account);
  const types = flavors.map((flavor) => typeShown(account.config, flavor));
  const name = wanted ?? chooseGatewayType("openstack", types).name;
  const at = flavors.findIndex((flavor) => flavor.name === name || flavor.id === name);
  const [flavor, type] = [flavors[at], types[at]];
  if (flavor === undefined || type === undefined) {
    throw new MigrationError("cloud.not-found", {
      platform: "openstack",
      what: "flavor",
      id: name,
    });
  }
  checkGatewayType("openstack", type);
  return flavor;
}
