/** Instance types the zone offers, and which hosts they run on. */
import { MigrationError } from "#domain/errors.ts";
import { checkGatewayType, chooseGatewayType } from "#domain/gateway-defaults.ts";
import type { InstanceType } from "../provider.ts";
import { type Account, launchClassOf, volumeTypeOf } from "./account.ts";
import { type HostClass, takes } from "./host-classes.ts";

interface QingInstanceType {
  readonly instance_type_id: string;
  readonly vcpus_current: number;
  /** MB. */
  readonly memory_current: number;
  readonly status?: string;
}

/** Such as `s1.xlarge.r2`; other names, such as `c4m8`, run on any hosts. Source: API, "Instance Types". */
const classesByName: readonly (readonly [RegExp, HostClass])[] = [
  [/^s1\./, 101],
  [/^e1\./, 201],
  [/^e2\./, 202],
  [/^e3\./, 203],
  [/^p1\./, 301],
];

/** @param otherwise for names that tell nothing */
export function hostClassOf(typeName: string, otherwise: HostClass): HostClass {
  return classesByName.find(([pattern]) => pattern.test(typeName))?.[1] ?? otherwise;
}

async function listTypes({ client }: Account): Promise<QingInstanceType[]> {
  const answer = await client.call<{ instance_type_set?: QingInstanceType[] }>(
    "DescribeInstanceTypes",
    {},
  );
  const all = answer.instance_type_set ?? [];
  // Bare metal takes no volumes of ours.
  return all.filter(
    ({ instance_type_id, status }) => status !== "deprecated" && !/^bm/.test(instance_type_id),
  );
}

/** No page tells how many an instance takes; the gateway's figure is taken for all. */
function shown(account: Account, type: QingInstanceType): InstanceType {
  const { maxVolumes, spareVolumes } = account.config.gateway;
  return {
    name: type.instance_type_id,
    vcpus: type.vcpus_current,
    memoryBytes: type.memory_current * 1024 ** 2,
    // KVM with virtio. Source: yunify/qingcloud-csi, where volumes are found as virtio devices.
    hardware: { storage: "virtio-blk", network: "virtio-net" },
    firmware: ["bios"],
    maxVolumes: maxVolumes + spareVolumes,
  };
}

/** Whose hosts take the volumes that are synced, smallest first. */
export async function listLaunchTypes(account: Account): Promise<InstanceType[]> {
  const volume = volumeTypeOf(account);
  const all = await listTypes(account);
  return all
    .filter((type) => takes(hostClassOf(type.instance_type_id, launchClassOf(account)), volume))
    .map((type) => shown(account, type))
    .sort(
      (a, b) => a.memoryBytes - b.memoryBytes || a.vcpus - b.vcpus || (a.name < b.name ? -1 : 1),
    );
}

/**
 * @param wanted type, instead of the target's own setting
 * @throws `cloud.capacity`, `gateway.too-small`, `gateway.no-type`
 */
export async function chooseGateway(account: Account, wanted?: string): Promise<InstanceType> {
  const { hostClass, instanceType } = account.config.gateway;
  const named = wanted ?? instanceType;
  const offered = (await listTypes(account))
    .filter(
      ({ instance_type_id: name }) => name === named || hostClassOf(name, hostClass) === hostClass,
    )
    .map((type) => shown(account, type));
  const type =
    named === undefined
      ? chooseGatewayType("qingcloud", offered)
      : offered.find(({ name }) => name === named);
  if (type === undefined) {
    const what = `${named} in zone ${account.config.zone}`;
    throw new MigrationError("cloud.capacity", { platform: "qingcloud", what });
  }
  checkGatewayType("qingcloud", type);
  return type;
}
