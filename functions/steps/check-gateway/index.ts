import { z } from "zod";
import type { Deps } from "../../deps.ts";
import { step } from "../../step.ts";

const input = z.object({ runId: z.string(), gatewayId: z.string() });
const output = z.object({ bootId: z.string() });

/** Calls the gateway at its control port: proves address, security group, certificate and version. */
export async function checkGateway({ gatewayId }: z.output<typeof input>, deps: Deps) {
  const gateway = await deps.store.gateways.get(gatewayId);
  const client = await deps.gatewayClient(gateway);
  const { bootId } = await client.health();
  await deps.store.gateways.update(gatewayId, (found) =>
    found.bootId === bootId ? found : { ...found, bootId },
  );
  return { bootId };
}

export const handler = step({ name: "check-gateway", input, output, run: checkGateway });
