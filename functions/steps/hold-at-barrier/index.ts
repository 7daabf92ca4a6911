import { z } from "zod";
import { parseRunInput } from "#domain/run-input.ts";
import type { Deps } from "../../deps.ts";
import { step } from "../../step.ts";

const input = z.object({ runId: z.string() });
const output = z.object({ at: z.iso.datetime() });

/** Says in the wave's record what is waited for; the state machine waits. */
export async function holdAtBarrier({ runId }: z.output<typeof input>, deps: Deps) {
  const run = await deps.store.runs.get(runId);
  const { cutover } = parseRunInput("migrate-wave", run.input);
  if (cutover?.at === undefined) return { at: deps.now().toISOString() };
  const at = new Date(cutover.at).toISOString();
  await deps.store.runs.update(runId, (found) => ({
    ...found,
    waitsFor: `the time of the cutover, ${at}`,
  }));
  return { at };
}

export const handler = step({ name: "hold-at-barrier", input, output, run: holdAtBarrier });
