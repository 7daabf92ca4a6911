/** Instance offerings as instance types. Source: zstack 5.2.1, InstanceOfferingInventory.java. */
import { checkGatewayType, chooseGatewayType } from "#domain/gateway-defaults.ts";
import type { InstanceType } from "../provider.ts";
import { type Account, notFound } from "./account.ts";
import { mostDataVolumes } from "./config.ts";

interface Offering {
  readonly uuid: string;
  readonly name: string;
  readonly cpuNum: number;
  readonly memorySize: number;
  readonly type: string;
  readonly state: string;
}

interface Type extends InstanceType {
  readonly uuid: string;
}

/** Named by their names, or by their uuids where two have one name; smallest first. */
async function listOfferings({ client }: Account): Promise<Type[]> {
  const all = await client.list<Offering>("QueryInstanceOffering", [
    "type=UserVm",
    "state=Enabled",
  ]);
  const isShared = (name: string) => all.filter((other) => other.name === name).length > 1;
  return all
    .map(({ uuid, name, cpuNum, memorySize }) => ({
      uuid,
      name: isShared(name) ? uuid : name,
      vcpus: cpuNum,
      memoryBytes: memorySize,
      hardware: { storage: "virtio-blk" as const, network: "virtio-net" as const },
      firmware: ["bios", "uefi"] as const,
      maxVolumes: mostDataVolumes,
    }))
    .sort((a, b) => a.memoryBytes - b.memoryBytes || a.vcpus - b.vcpus);
}

export async function listInstanceTypes(account: Account): Promise<InstanceType[]> {
  return (await listOfferings(account)).map(({ uuid: _, ...type }) => type);
}

/** @throws `cloud.not-found` */
export async function getOffering(account: Account, name: string): Promise<Type> {
  const found = (await listOfferings(account)).find(
    (type) => type.name === name || type.uuid === name,
  );
  if (found !== undefined) return found;
  throw notFound("instance offering", name);
}

/**
 * @param wanted instead of the one the target's settings say, or the document (S-05)
 * @throws `gateway.too-small`, `gateway.no-type`, `cloud.not-found`
 */
export async function chooseGatewayOffering(
  account: Account,
  wanted: string | undefined,
): Promise<Type> {
  const name = wanted ?? account.config.gateway.instanceType;
  if (name === undefined) return chooseGatewayType("zstack", await listOfferings(account));
  const type = await getOffering(account, name);
  checkGatewayType("zstack", type);
  return type;
}
