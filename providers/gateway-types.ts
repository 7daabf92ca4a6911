/** What a gateway's instance type can be, on every platform alike. */
import { isGatewaySized } from "#domain/gateway-defaults.ts";
import { type Choice, labelOf } from "./choices.ts";
import type { InstanceType, Provider } from "./provider.ts";

/** Path of the setting, where a platform has it. */
export const gatewayTypePath = "gateway.instanceType";

const GiB = 1024 ** 3;

/**
 * What the platform offers where the target is to be, smallest first; none below the least size.
 * @throws `cloud.…`
 */
export async function listGatewayTypes({ platform, compute }: Provider): Promise<Choice[]> {
  const offered = await compute.listInstanceTypes();
  return offered
    .filter((type) => isGatewaySized(platform, type))
    .sort(bySize)
    .map(({ name, vcpus, memoryBytes }) => {
      const gib = Math.round((memoryBytes / GiB) * 10) / 10;
      return { value: name, label: labelOf(`${vcpus} vCPU`, `${gib} GiB`) };
    });
}

function bySize(one: InstanceType, other: InstanceType): number {
  const { vcpus, memoryBytes, name } = other;
  return one.vcpus - vcpus || one.memoryBytes - memoryBytes || (one.name < name ? -1 : 1);
}
