/** The end of a gateway. */
import type { Gateway } from "#domain/records.ts";
import type { Deps } from "./deps.ts";
import { controlTokenName } from "./gateways.ts";
import { removeInstance } from "./instances.ts";
import { keptCloudIds } from "./keeping.ts";

/**
 * Removes a gateway if nobody uses it. Whether it is used is decided within the gateway's record: after
 * that no run can take a slot on it. May be repeated.
 * @returns whether it is gone
 */
export async function retireUnused(deps: Deps, gatewayId: string, runId: string): Promise<boolean> {
  const gateway = await deps.store.gateways.update(gatewayId, (found) =>
    Object.keys(found.slots).length === 0 ? { ...found, state: "retired" } : found,
  );
  if (gateway.state !== "retired") return false;
  await removeGateway(deps, gateway, runId);
  return true;
}

async function removeGateway(deps: Deps, gateway: Gateway, runId: string): Promise<void> {
  const target = await deps.store.targets.get(gateway.targetId);
  const provider = await deps.providerFor(target, runId);
  const owned = await provider.listOwned(gateway.id);
  const idsOf = (kind: string, known: string | undefined) =>
    new Set([
      ...(known === undefined ? [] : [known]),
      ...owned.filter((found) => found.kind === kind).map(({ id }) => id),
    ]);

  for (const id of idsOf("instance", gateway.instanceId)) {
    await removeInstance(deps, provider, id);
  }
  for (const id of idsOf("address", gateway.addressId)) await provider.network.releaseAddress(id);
  // A server that was cut over to runs in the gateway's security group and keeps it.
  const kept = await keptCloudIds(deps, [gateway.id]);
  for (const id of idsOf("security-group", gateway.securityGroupId)) {
    if (!kept.has(id)) await provider.network.deleteSecurityGroup(id);
  }
  await deps.secrets.delete(controlTokenName(gateway.id));
  await deps.store.targets.update(target.id, (found) =>
    found.gatewayIds.includes(gateway.id)
      ? { ...found, gatewayIds: found.gatewayIds.filter((id) => id !== gateway.id) }
      : found,
  );
}
