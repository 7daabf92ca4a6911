/** Recovery points that nobody will go back to. */
import type { Deps } from "./deps.ts";
import type { Migration } from "./migration.ts";

/** Kept beside the newest, to go back to; more would only cost. */
export const keptOlder = 2;

/** Gives back those that are too old. May be repeated. @returns how many */
export async function pruneOlder(deps: Deps, { server, provider }: Migration): Promise<number> {
  const tooOld = server.olderRecoveryPointIds.slice(keptOlder);
  for (const id of tooOld) {
    const point = await deps.store.recoveryPoints.find(id);
    for (const { snapshotId } of point?.snapshots ?? []) {
      if (snapshotId !== undefined) await provider.volumes.deleteSnapshot(snapshotId);
    }
    await deps.store.recoveryPoints.delete(id);
    await deps.store.servers.update(server.id, (found) => ({
      ...found,
      olderRecoveryPointIds: found.olderRecoveryPointIds.filter((other) => other !== id),
    }));
  }
  return tooOld.length;
}
