import { z } from "zod";
import type { Gateway } from "#domain/records.ts";
import type { Deps } from "../../deps.ts";
import { removeInstance } from "../../instances.ts";
import { keptCloudIds } from "../../keeping.ts";
import { step } from "../../step.ts";

const input = z.object({ runId: z.string(), serverId: z.string() });
const output = z.object({ retired: z.boolean() });

/**
 * Removes the server's gateway if nobody uses it any more. Whether it is used is decided within the
 * gateway's record: after that no run can take a slot on it.
 */
export async function retireGateway({ runId, serverId }: z.output<typeof input>, deps: Deps) {
  const { gatewayId } = await deps.store.servers.get(serverId);
  if (gatewayId === undefined) return { retired: false };
  const gateway = await deps.store.gateways.update(gatewayId, (found) =>
    Object.keys(found.slots).length === 0 ? { ...found, state: "retired" } : found,
  );
  if (gateway.state !== "retired") return { retired: false };
  await removeGateway(deps, gateway, runId);
  return { retired: true };
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
  await deps.secrets.delete(`gateway/${gateway.id}/control-token`);
  await deps.store.targets.update(target.id, (found) =>
    found.gatewayIds.includes(gateway.id)
      ? { ...found, gatewayIds: found.gatewayIds.filter((id) => id !== gateway.id) }
      : found,
  );
}

export const handler = step({ name: "retire-gateway", input, output, run: retireGateway });
