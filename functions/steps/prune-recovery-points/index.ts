import { z } from "zod";
import type { Deps } from "../../deps.ts";
import { migrationOf } from "../../migration.ts";
import { pruneOlder } from "../../pruning.ts";
import { step } from "../../step.ts";

const input = z.object({ runId: z.string(), serverId: z.string() });
const output = z.object({ deleted: z.number().int() });

export async function pruneRecoveryPoints({ runId, serverId }: z.output<typeof input>, deps: Deps) {
  const migration = await migrationOf(deps, serverId, runId);
  return { deleted: await pruneOlder(deps, migration) };
}

export const handler = step({
  name: "prune-recovery-points",
  input,
  output,
  run: pruneRecoveryPoints,
});
