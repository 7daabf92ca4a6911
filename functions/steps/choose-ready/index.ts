import { z } from "zod";
import { actions } from "#domain/actions.ts";
import { MigrationError } from "#domain/errors.ts";
import { parseRunInput } from "#domain/run-input.ts";
import type { ServerState } from "#domain/server.ts";
import type { Deps } from "../../deps.ts";
import { step } from "../../step.ts";
import { memberRunsOf } from "../../waves.ts";

const input = z.object({ runId: z.string() });
const output = z.object({
  /** Each is an input of `launch-server`. */
  launches: z.array(z.looseObject({ serverId: z.string() })),
  /** Left of what the wave may lose: copies that failed have been counted. */
  toleratedFailures: z.int().min(0),
});

const canBeCutOver: readonly ServerState[] = actions.cutover;

/**
 * The servers whose copy this wave has made and that still wait for their cutover. One that an operator
 * has meanwhile cut over, or given up, by himself is left to him.
 * @throws `wave.nothing-ready`
 */
export async function chooseReady({ runId }: z.output<typeof input>, deps: Deps) {
  const run = await deps.store.runs.get(runId);
  const { cutover = {}, toleratedFailures = 0 } = parseRunInput("migrate-wave", run.input);
  const { at: _, ...wish } = cutover;
  const launches = [];
  const runs = await memberRunsOf(deps, run);
  const copied = runs.filter(({ copy }) => copy?.state === "succeeded");
  for (const { member } of copied) {
    const { state, recoveryPointId } = await deps.store.servers.get(member.serverId);
    if (recoveryPointId === undefined || !canBeCutOver.includes(state)) continue;
    launches.push({ ...wish, ...member, kind: "cutover" });
  }
  if (launches.length === 0) throw new MigrationError("wave.nothing-ready", { wave: runId });
  const failed = runs.length - copied.length;
  return { launches, toleratedFailures: Math.max(0, toleratedFailures - failed) };
}

export const handler = step({ name: "choose-ready", input, output, run: chooseReady });
