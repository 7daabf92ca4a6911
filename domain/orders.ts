/** What an agent should be doing now, derived from records: nothing is queued, so nothing gets lost. */
import type { SyncOrder } from "./protocol/agent.ts";
import type { Gateway, SourceServer, SyncSession } from "./records.ts";

/** The open session's order, once its gateway can be reached; else none. */
export function ordersOf(
  server: SourceServer,
  session: SyncSession | undefined,
  gateway: Gateway | undefined,
): SyncOrder[] {
  if (session?.state !== "open" || session.serverId !== server.id) return [];
  if (gateway?.host === undefined || gateway.ports === undefined) return [];
  if (gateway.certificateFingerprint === undefined) return [];
  return [
    {
      sessionId: session.id,
      mode: session.mode,
      gateway: {
        id: gateway.id,
        host: gateway.host,
        port: gateway.ports.blocks,
        certificateFingerprint: gateway.certificateFingerprint,
      },
      disks: server.volumes.flatMap((volume) =>
        volume.volumeId === undefined
          ? []
          : [{ diskId: volume.diskId, volumeId: volume.volumeId, sizeBytes: volume.diskBytes }],
      ),
      limits: server.limits,
      quiesce: session.quiesce,
      ...(session.measureLine === true ? { measureLine: true } : {}),
    },
  ];
}
