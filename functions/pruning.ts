/** Recovery points that nobody will go back to. */
import { MigrationError } from "#domain/errors.ts";
import type { Provider } from "#providers/provider.ts";
import type { Deps } from "./deps.ts";
import type { Migration } from "./migration.ts";

/** Kept beside the newest, to go back to; more would only cost. */
export const keptOlder = 2;

/**
 * Gives back those that are too old. One that an image of a rehearsal is still made of stays until the
 * next time. May be repeated. @returns how many
 */
export async function pruneOlder(deps: Deps, { server, provider }: Migration): Promise<number> {
  let pruned = 0;
  for (const id of server.olderRecoveryPointIds.slice(keptOlder)) {
    const point = await deps.store.recoveryPoints.find(id);
    const snapshotIds = (point?.snapshots ?? []).flatMap(({ snapshotId = [] }) => snapshotId);
    if (!(await deleteAll(provider, snapshotIds))) continue;
    await deps.store.recoveryPoints.delete(id);
    await deps.store.servers.update(server.id, (found) => ({
      ...found,
      olderRecoveryPointIds: found.olderRecoveryPointIds.filter((other) => other !== id),
    }));
    pruned += 1;
  }
  return pruned;
}

/** @returns false where one is in use */
async function deleteAll(provider: Provider, snapshotIds: readonly string[]): Promise<boolean> {
  try {
    for (const id of snapshotIds) await provider.volumes.deleteSnapshot(id);
    return true;
  } catch (error) {
    if (error instanceof MigrationError && error.code === "cloud.wrong-state") return false;
    throw error;
  }
}
