import { z } from "zod";
import { waveMember } from "#domain/records.ts";
import { parseRunInput } from "#domain/run-input.ts";
import type { Deps } from "../../deps.ts";
import { step } from "../../step.ts";
import { checkedServers } from "../../waves.ts";

const input = z.object({ runId: z.string(), input: z.unknown() });
const output = z.object({
  targetId: z.string(),
  members: z.array(waveMember.extend({ isReplicated: z.boolean() })),
  concurrency: z.int(),
  toleratedFailures: z.int(),
  hasCutover: z.boolean(),
});

const usualConcurrency = 5;

/** Refuses the whole wave for any server of it that can't be moved; then nothing was begun. */
export async function checkWave({ runId, input: given }: z.output<typeof input>, deps: Deps) {
  // First the record, so that an input that is wrong is said there too.
  const run = await deps.store.runs.ensure({
    id: runId,
    kind: "migrate-wave",
    state: "running",
    input: z.record(z.string(), z.unknown()).catch({}).parse(given),
  });
  const wave = parseRunInput("migrate-wave", given);
  const servers = await checkedServers(deps, wave, new Date(run.createdAt));
  const members = servers.map(({ member }) => member);
  await deps.store.runs.update(runId, (found) => ({ ...found, members }));
  return {
    targetId: wave.targetId,
    members: servers.map(({ member, server }) => ({
      ...member,
      isReplicated: server.recoveryPointId !== undefined,
    })),
    concurrency: wave.concurrency ?? usualConcurrency,
    toleratedFailures: wave.toleratedFailures ?? 0,
    hasCutover: wave.cutover !== undefined,
  };
}

export const handler = step({ name: "check-wave", input, output, run: checkWave });
