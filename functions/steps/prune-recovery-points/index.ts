import { z } from "zod";
import type { Deps } from "../../deps.ts";
import { migrationOf } from "../../migration.ts";
import { step } from "../../step.ts";

const input = z.object({ runId: z.string(), serverId: z.string() });
const output = z.object({ deleted: z.number().int() });

/** Kept beside the newest, to go back to; more would only cost. */
const keptOlder = 2;

export async function pruneRecoveryPoints({ runId, serverId }: z.output<typeof input>, deps: Deps) {
  const { server, provider } = await migrationOf(deps, serverId, runId);
  const tooOld = server.olderRecoveryPointIds.slice(keptOlder);
  for (const id of tooOld) {
    const point = await deps.store.recoveryPoints.find(id);
    for (const { snapshotId } of point?.snapshots ?? []) {
      if (snapshotId !== undefined) await provider.volumes.deleteSnapshot(snapshotId);
    }
    await deps.store.recoveryPoints.delete(id);
    await deps.store.servers.update(serverId, (found) => ({
      ...found,
      olderRecoveryPointIds: found.olderRecoveryPointIds.filter((other) => other !== id),
    }));
  }
  return { deleted: tooOld.length };
}

export const handler = step({
  name: "prune-recovery-points",
  input,
  output,
  run: pruneRecoveryPoints,
});
