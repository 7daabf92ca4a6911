import { z } from "zod";
import { MigrationError } from "#domain/errors.ts";
import type { Deps } from "../../deps.ts";
import { keptCloudIds } from "../../keeping.ts";
import { migrationOf } from "../../migration.ts";
import { step } from "../../step.ts";
import { tell } from "../../tell.ts";

const input = z.object({ runId: z.string(), serverId: z.string() });
const output = z.object({ leftovers: z.array(z.string()) });

/**
 * Asks the target what it still shows of this migration. Nothing may, but what the user asked to keep.
 * @throws `leftovers.found`
 */
export async function proveEmpty({ runId, serverId }: z.output<typeof input>, deps: Deps) {
  const { server, provider } = await migrationOf(deps, serverId, runId);
  const gateway =
    server.gatewayId === undefined ? undefined : await deps.store.gateways.find(server.gatewayId);
  const owners = gateway?.state === "retired" ? [serverId, gateway.id] : [serverId];
  const kept = await keptCloudIds(deps, owners);
  const found = (await Promise.all(owners.map((owner) => provider.listOwned(owner)))).flat();
  const leftovers = found.filter(({ id }) => !kept.has(id)).map(({ kind, id }) => `${kind} ${id}`);
  if (leftovers.length > 0) {
    throw new MigrationError("leftovers.found", {
      count: leftovers.length,
      list: leftovers.join(", "),
    });
  }
  let first = false;
  await deps.store.servers.update(serverId, (record) => {
    first = record.gatewayId !== undefined;
    const { gatewayId: _, bootStrategy: __, ...rest } = record;
    return first ? rest : record;
  });
  if (first) await tell(deps, serverId, "clean-up.done", {}, runId);
  return { leftovers: [] };
}

export const handler = step({ name: "prove-empty", input, output, run: proveEmpty });
