import type { RecoveryPointView } from "#api/servers.ts";
import type { RecoveryPoint, SourceServer } from "#domain/records.ts";
import type { Deps } from "../../deps.ts";

/** Newest first. One that a run has begun and not finished is not among them. */
export async function recoveryPoints(
  deps: Deps,
  server: SourceServer,
): Promise<RecoveryPointView[]> {
  const { recoveryPointId, olderRecoveryPointIds } = server;
  const ids = [
    ...(recoveryPointId === undefined ? [] : [recoveryPointId]),
    ...olderRecoveryPointIds,
  ];
  const found = await Promise.all(ids.map((id) => deps.store.recoveryPoints.find(id)));
  return found.flatMap((point) => (point === undefined ? [] : [pointView(point, server)]));
}

function pointView(point: RecoveryPoint, server: SourceServer): RecoveryPointView {
  return {
    id: point.id,
    takenAt: point.takenAt ?? point.createdAt,
    isNewest: point.id === server.recoveryPointId,
    disks: point.snapshots.map(({ diskId, volumeId, snapshotId = "", sizeBytes, rootHash }) => {
      const volume = server.volumes.find((known) => known.diskId === diskId);
      return {
        ...{ diskId, volumeId, snapshotId, rootHash },
        deviceName: volume?.deviceName ?? diskId,
        sizeBytes: sizeBytes ?? volume?.diskBytes ?? 0,
      };
    }),
  };
}
