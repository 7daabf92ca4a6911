import { z } from "zod";
import type { Resource } from "#domain/records.ts";
import { transition } from "#domain/server.ts";
import type { Deps } from "../../deps.ts";
import { removeInstance } from "../../instances.ts";
import { keptCloudIds } from "../../keeping.ts";
import { removeLaunch } from "../../launches.ts";
import { type Migration, migrationOf } from "../../migration.ts";
import { moveOn } from "../../moving-on.ts";
import { step } from "../../step.ts";
import { detach } from "../../volumes.ts";

const input = z.object({ runId: z.string(), serverId: z.string() });
const output = z.object({ deleted: z.number().int() });

/** What hangs on another goes first. Some clouds do not delete a volume while it has snapshots. */
const order = ["instance", "image", "snapshot", "volume", "address", "security-group"] as const;

/**
 * Deletes all that was made for the server and is not to be kept: by the ledger, then by a sweep of
 * our tags for what the ledger never heard of. A server that was cut over to stays.
 */
export async function deleteResources({ runId, serverId }: z.output<typeof input>, deps: Deps) {
  const migration = await migrationOf(deps, serverId, runId);
  const { server, provider } = migration;
  const keepsLaunch = server.state === "cut-over" || server.state === "finalized";
  if (!keepsLaunch) {
    for (const launch of server.launches) await removeLaunch(deps, migration, launch);
  }

  const ledger: Resource[] = [];
  for await (const resource of deps.store.resources.all(serverId)) ledger.push(resource);
  const kept = await keptCloudIds(deps, [serverId]);
  const doomed = ledger.flatMap(({ kind, cloudId, state }) =>
    cloudId === undefined || state === "gone" || kept.has(cloudId) ? [] : [{ kind, id: cloudId }],
  );
  const swept = (await provider.listOwned(serverId)).filter(
    ({ id }) => !kept.has(id) && !doomed.some((known) => known.id === id),
  );
  let deleted = 0;
  for (const kind of order) {
    for (const { id } of [...doomed, ...swept].filter((found) => found.kind === kind)) {
      await deleteOne(deps, migration, kind, id);
      deleted += 1;
    }
  }
  for (const id of [server.recoveryPointId, ...server.olderRecoveryPointIds]) {
    if (id !== undefined) await deps.store.recoveryPoints.delete(id);
  }
  await moveOn(deps, serverId, runId, (found) => {
    const { recoveryPointId: _, recoveryPointAt: __, ...rest } = found;
    return {
      ...rest,
      state: keepsLaunch ? transition(found, "finalize") : transition(found, "give up"),
      launches: keepsLaunch ? found.launches : [],
      olderRecoveryPointIds: [],
      volumes: [],
    };
  });
  return { deleted };
}

async function deleteOne(
  deps: Deps,
  { provider }: Migration,
  kind: (typeof order)[number],
  id: string,
): Promise<void> {
  switch (kind) {
    case "instance":
      await removeInstance(deps, provider, id);
      return;
    case "image":
      await provider.images?.deleteImage(id);
      return;
    case "volume":
      await detach(deps, provider, id);
      await provider.volumes.deleteVolume(id);
      return;
    case "snapshot":
      await provider.volumes.deleteSnapshot(id);
      return;
    case "address":
      await provider.network.releaseAddress(id);
      return;
    case "security-group":
      await provider.network.deleteSecurityGroup(id);
      return;
  }
}

export const handler = step({ name: "delete-resources", input, output, run: deleteResources });
