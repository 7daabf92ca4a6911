import { z } from "zod";
import type { Deps } from "../../deps.ts";
import { freeServer } from "../../lock.ts";
import { step } from "../../step.ts";
import { tell } from "../../tell.ts";

const input = z.object({ runId: z.string(), serverId: z.string().optional() });
const output = z.object({});

/** Closes the run's record and frees its server; a nested run leaves the server to its parent. */
export async function finishRun({ runId, serverId }: z.output<typeof input>, deps: Deps) {
  if (serverId !== undefined) {
    await freeServer(
      deps,
      serverId,
      runId,
      ({ lastError: _, stateBeforeRun: __, ...server }) => server,
    );
  }
  let ended = false;
  const run = await deps.store.runs.update(runId, (found) => {
    ended = found.state === "running";
    if (!ended) return found;
    return { ...found, state: "succeeded", endedAt: deps.now().toISOString() };
  });
  const subject = serverId ?? run.targetId;
  if (ended && subject !== undefined) {
    await tell(deps, subject, "run.succeeded", { kind: run.kind }, runId);
  }
  return {};
}

export const handler = step({ name: "finish-run", input, output, run: finishRun });
