import { z } from "zod";
import type { Deps } from "../../deps.ts";
import { retireUnused } from "../../retiring.ts";
import { step } from "../../step.ts";

const input = z.object({ runId: z.string(), serverId: z.string() });
const output = z.object({ retired: z.boolean() });

/** Removes the server's gateway if nobody uses it any more. */
export async function retireGateway({ runId, serverId }: z.output<typeof input>, deps: Deps) {
  const { gatewayId } = await deps.store.servers.get(serverId);
  if (gatewayId === undefined) return { retired: false };
  return { retired: await retireUnused(deps, gatewayId, runId) };
}

export const handler = step({ name: "retire-gateway", input, output, run: retireGateway });
