import { z } from "zod";
import { MigrationError } from "#domain/errors.ts";
import type { RecoveryPoint, SyncSession } from "#domain/records.ts";
import { transition } from "#domain/server.ts";
import type { Deps } from "../../deps.ts";
import { derivedId, resourceToken } from "../../ids.ts";
import { migrationOf, written } from "../../migration.ts";
import { moveOn } from "../../moving-on.ts";
import { waitForSnapshot } from "../../snapshots.ts";
import { step } from "../../step.ts";
import { tell } from "../../tell.ts";

const input = z.object({ runId: z.string(), serverId: z.string() });
const output = z.object({ recoveryPointId: z.string() });

/** Snapshots every volume of the server, all of one finished session, and makes them its newest recovery point. */
export async function takeRecoveryPoint({ runId, serverId }: z.output<typeof input>, deps: Deps) {
  const { server, provider, tags } = await migrationOf(deps, serverId, runId);
  const session = await finishedSession(deps, server.replication.sessionId, serverId);
  const id = derivedId("rp", session.id);
  const point = await deps.store.recoveryPoints.ensure({
    id,
    serverId,
    runId,
    takenAt: session.endedAt,
    snapshots: session.volumes.map(({ diskId, volumeId, totalBytes, rootHash }) => ({
      diskId,
      volumeId,
      sizeBytes: totalBytes,
      rootHash,
    })),
  });

  // All are started before any is waited for: they belong to the same moment.
  const snapshotIds: string[] = [];
  for (const { diskId, volumeId } of point.snapshots) {
    const { id: snapshotId } = await provider.volumes.createSnapshot({
      token: resourceToken("snapshot", id, diskId),
      tags: tags(`${server.name}-${id}`),
      volumeId,
    });
    snapshotIds.push(snapshotId);
    await deps.store.recoveryPoints.update(id, (found) => withSnapshot(found, diskId, snapshotId));
  }
  for (const snapshotId of snapshotIds) await waitForSnapshot(deps, provider, snapshotId);

  let isNew = false;
  await moveOn(deps, serverId, runId, (found) => {
    isNew = found.recoveryPointId !== id;
    if (!isNew) return found;
    return {
      ...found,
      state: found.state === "replicating" ? transition(found, "finish initial sync") : found.state,
      recoveryPointId: id,
      recoveryPointAt: session.endedAt,
      olderRecoveryPointIds: [
        ...(found.recoveryPointId === undefined ? [] : [found.recoveryPointId]),
        ...found.olderRecoveryPointIds,
      ],
    };
  });
  if (isNew) await tell(deps, serverId, "recovery-point.taken", { id }, runId);
  return { recoveryPointId: id };
}

async function finishedSession(deps: Deps, sessionId: string | undefined, serverId: string) {
  const session: SyncSession | undefined =
    sessionId === undefined ? undefined : await deps.store.sessions.find(sessionId);
  if (session?.result === undefined)
    throw new MigrationError("server.not-synced", { server: serverId });
  return {
    id: session.id,
    volumes: session.result.volumes,
    endedAt: written(session.endedAt, `the end of ${session.id}`),
  };
}

function withSnapshot(point: RecoveryPoint, diskId: string, snapshotId: string): RecoveryPoint {
  return {
    ...point,
    snapshots: point.snapshots.map((snapshot) =>
      snapshot.diskId === diskId ? { ...snapshot, snapshotId } : snapshot,
    ),
  };
}

export const handler = step({ name: "take-recovery-point", input, output, run: takeRecoveryPoint });
