import { z } from "zod";
import type { Deps } from "../../deps.ts";
import { keepForOthers } from "../../pool.ts";
import { retireUnused } from "../../retiring.ts";
import { step } from "../../step.ts";

const input = z.object({ runId: z.string(), serverId: z.string() });
const output = z.object({ retired: z.boolean() });

/**
 * Removes the server's gateway if nobody uses it any more. While other servers are at the target it is
 * kept for its idle time: it is quickly needed again, and takes minutes to make.
 */
export async function retireGateway({ runId, serverId }: z.output<typeof input>, deps: Deps) {
  const { gatewayId } = await deps.store.servers.get(serverId);
  if (gatewayId === undefined) return { retired: false };
  if (await keepForOthers(deps, gatewayId, serverId, runId)) return { retired: false };
  return { retired: await retireUnused(deps, gatewayId, runId) };
}

export const handler = step({ name: "retire-gateway", input, output, run: retireGateway });
