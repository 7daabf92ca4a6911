/** What the zone has to sell: instance types, and which disks each of them takes. */
import { MigrationError } from "#domain/errors.ts";
import { checkGatewayType, chooseGatewayType } from "#domain/gateway-defaults.ts";
import type { InstanceType } from "../provider.ts";
import type { Account, Choice } from "./account.ts";
import {
  getAttachable,
  isOffered,
  type KecType,
  shown,
  systemDiskTypes,
} from "./instance-types.ts";

/** In stock in our zone, and attaching volumes of that type; smallest first. */
export async function listStock(
  account: Account,
  volumeType: string,
  families?: readonly string[],
): Promise<InstanceType[]> {
  const { zone } = await account.place();
  return (await account.types())
    .filter((type) => isOffered(type, zone, volumeType))
    .filter((type) => families?.some((one) => type.InstanceType.startsWith(`${one}.`)) ?? true)
    .map((type) => shown(type, zone, volumeType))
    .sort(
      (a, b) => a.memoryBytes - b.memoryBytes || a.vcpus - b.vcpus || (a.name < b.name ? -1 : 1),
    );
}

/** @throws `cloud.capacity` where the zone does not sell it, or none of its volumes */
export async function getType(
  account: Account,
  name: string,
  volumeType: string,
): Promise<KecType> {
  const { zone } = await account.place();
  const type = (await account.types()).find(({ InstanceType }) => InstanceType === name);
  if (type !== undefined && isOffered(type, zone, volumeType)) return type;
  throw new MigrationError("cloud.capacity", {
    platform: "kingsoft",
    what: `${name} with ${volumeType} volumes in zone ${zone}`,
  });
}

/** The wanted one where the type takes it, else the first it takes. @throws `cloud.capacity` */
export function systemDiskOf(type: KecType, wanted: string): string {
  const offered = systemDiskTypes(type);
  const chosen = offered.includes(wanted) ? wanted : offered[0];
  if (chosen !== undefined) return chosen;
  throw new MigrationError("cloud.capacity", {
    platform: "kingsoft",
    what: `${wanted} system disks for ${type.InstanceType}`,
  });
}

/**
 * The gateway's type, and disks that it takes: the first wanted type of volumes for which there is one.
 * @param wanted type, instead of the target's own setting
 * @throws `cloud.capacity`, `gateway.too-small`, `gateway.no-type`
 */
export async function choose(account: Account, wanted?: string): Promise<Choice> {
  const { volume } = account.config;
  let refusal: unknown;
  for (const volumeType of volume.types) {
    try {
      return await chooseWith(account, volumeType, wanted ?? account.config.gateway.instanceType);
    } catch (error) {
      if (!(error instanceof MigrationError) || !soldOut.has(error.code)) throw error;
      refusal ??= error;
    }
  }
  throw refusal;
}

const soldOut = new Set(["cloud.capacity", "gateway.no-type"]);

async function chooseWith(
  account: Account,
  volumeType: string,
  wanted: string | undefined,
): Promise<Choice> {
  const gatewayType =
    wanted ?? chooseGatewayType("kingsoft", await listStock(account, volumeType)).name;
  const { zone } = await account.place();
  const type = await getType(account, gatewayType, volumeType);
  checkGatewayType("kingsoft", shown(type, zone, volumeType));
  const { count, leastGiB, mostGiB } = getAttachable(type, zone, volumeType);
  return {
    gatewayType,
    gatewayDisk: systemDiskOf(type, account.config.gateway.diskType),
    volumeType,
    gatewayVolumes: count,
    volumeGiB: { least: leastGiB, most: mostGiB },
  };
}
