import { z } from "zod";
import { openCallback } from "../../callbacks.ts";
import type { Deps } from "../../deps.ts";
import { step } from "../../step.ts";

const input = z.object({ runId: z.string(), gatewayId: z.string(), taskToken: z.string() });
const output = z.object({});

/**
 * Asks to be told when the gateway has enrolled, or says so at once. The enrolment route and this step
 * both decide within the gateway's record, so that neither can miss the other.
 */
export async function awaitEnrolment(request: z.output<typeof input>, deps: Deps) {
  const { runId, gatewayId, taskToken } = request;
  const callback = await openCallback(deps, { taskToken, runId, gatewayId, purpose: "enrolment" });
  const gateway = await deps.store.gateways.update(gatewayId, (found) => {
    if (found.state === "ready" || found.awaitedBy.includes(callback.id)) return found;
    return { ...found, awaitedBy: [...found.awaitedBy, callback.id] };
  });
  if (gateway.state === "ready") await deps.machines.succeed(taskToken, { gatewayId });
  return {};
}

export const handler = step({ name: "await-enrolment", input, output, run: awaitEnrolment });
