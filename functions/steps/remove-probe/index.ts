import { z } from "zod";
import type { Deps } from "../../deps.ts";
import { step } from "../../step.ts";
import { removeProbe as remove } from "../../target-checks.ts";

const input = z.object({ runId: z.string() });
const output = z.object({});

/** The end of every check, whatever came before: nothing of it stays at the target. */
export async function removeProbe({ runId }: z.output<typeof input>, deps: Deps) {
  // A run that was started with an input that names no target has no record, and made nothing.
  if ((await deps.store.runs.find(runId)) === undefined) return {};
  await deps.store.runs.update(runId, (run) =>
    // The step that failed is to be told.
    run.error === undefined ? { ...run, step: "remove-probe" } : run,
  );
  await remove(deps, runId);
  return {};
}

export const handler = step({
  name: "remove-probe",
  input,
  output,
  leavesRecord: true,
  run: removeProbe,
});
