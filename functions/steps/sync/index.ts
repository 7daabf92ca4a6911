import { z } from "zod";
import { isDifference } from "#domain/attached-device.ts";
import { rateAt } from "#domain/copy-limits.ts";
import { MigrationError } from "#domain/errors.ts";
import { leastLine, megabits, shouldMeasure } from "#domain/line.ts";
import { type SyncMode, syncMode } from "#domain/protocol/facts.ts";
import type { SourceServer } from "#domain/records.ts";
import { hangReplica } from "../../attaching.ts";
import { openCallback } from "../../callbacks.ts";
import type { Deps } from "../../deps.ts";
import { lineLimits } from "../../limits.ts";
import { gatewayOf, migrationOf, written } from "../../migration.ts";
import { sessionIdOf } from "../../sessions.ts";
import { step } from "../../step.ts";
import { tell } from "../../tell.ts";

const input = z.object({
  runId: z.string(),
  serverId: z.string(),
  mode: syncMode,
  quiesce: z.boolean(),
  taskToken: z.string(),
});
const output = z.object({ sessionId: z.string() });

/**
 * Starts one pass of copying or comparing. It returns at once: agent and gateway work, the gateway reports, and its
 * report ends the task. A retried task begins a new session, which goes on where the last one stopped.
 */
export async function sync(request: z.output<typeof input>, deps: Deps) {
  const { runId, serverId, mode, taskToken } = request;
  const found = await deps.store.servers.get(serverId);
  const gateway = await gatewayOf(deps, found);
  const client = await deps.gatewayClient(gateway);
  requireSameDisks(found);

  const sessionId = sessionIdOf(request);
  await endOlderSession(deps, found, sessionId, (id) => client.stopSession(id));
  const server = await recognised(deps, found, runId);
  const callback = await openCallback(deps, { taskToken, runId, serverId, purpose: "sync" });
  const session = await deps.store.sessions.ensure({
    id: sessionId,
    serverId,
    gatewayId: gateway.id,
    runId,
    mode,
    state: "open",
    quiesce: request.quiesce,
    measureLine: shouldMeasure(mode, server.replication.line?.measuredAt, deps.now()),
    callbackId: callback.id,
  });
  // A repeat that comes after the end must not call the gateway back to work.
  if (session.state !== "open") return { sessionId };

  await client.openSession(sessionId, {
    serverId,
    mode,
    agentFingerprint: server.agentFingerprint,
    volumes: server.volumes.map((volume) => ({
      diskId: volume.diskId,
      volumeId: written(volume.volumeId, `the volume of disk ${volume.diskId}`),
      sizeBytes: volume.diskBytes,
      device: written(volume.device, `the device of disk ${volume.diskId}`),
    })),
    callback: callback.order,
  });
  // Last, for this is what the agent's orders are made from.
  if (mode === "compare") {
    await deps.store.servers.update(serverId, (found) => ({ ...found, comparisonId: sessionId }));
    return { sessionId };
  }
  const isNew = server.replication.sessionId !== sessionId;
  await deps.store.servers.update(serverId, ({ comparisonId: _, ...found }) => ({
    ...found,
    replication: {
      ...found.replication,
      sessionId,
      status: mode === "initial" ? "initial-sync" : "delta-sync",
      totalBytes: found.volumes.reduce((sum, volume) => sum + volume.diskBytes, 0),
      ...(isNew ? { doneBytes: 0, rateBytesPerSecond: 0 } : {}),
    },
  }));
  if (isNew) {
    await tell(deps, serverId, "sync.started", { mode }, runId);
    await warnOfLimit(deps, server, mode, runId);
  }
  return { sessionId };
}

/** A rate below what a line should carry is as slow as such a line. */
async function warnOfLimit(
  deps: Deps,
  server: SourceServer,
  mode: SyncMode,
  runId: string,
): Promise<void> {
  const limit = 8 * rateAt(server.limits, deps.now());
  const { requirement, bitsPerSecond } = leastLine(mode, await lineLimits(deps, server));
  if (limit === 0 || limit >= bitsPerSecond) return;
  const params = { requirement, mode, mbit: megabits(limit), least: megabits(bitsPerSecond) };
  await tell(deps, server.id, "line.limited", params, runId);
}

/** Where a restart of the gateway makes its devices unknown, the volumes are attached anew. */
async function recognised(deps: Deps, server: SourceServer, runId: string): Promise<SourceServer> {
  if (!server.volumes.some(({ device }) => isDifference(device))) return server;
  return hangReplica(deps, await migrationOf(deps, server.id, runId), runId);
}

/** @throws `disk.vanished`, `disk.shrunk`, `volume.too-small` by what the agent said last */
function requireSameDisks(server: SourceServer): void {
  for (const volume of server.volumes) {
    const disk = server.inventory.disks.find((found) => found.id === volume.diskId);
    if (disk === undefined) {
      throw new MigrationError("disk.vanished", {
        disk: volume.deviceName,
        problem: "the agent no longer reports it",
      });
    }
    if (disk.sizeBytes < volume.diskBytes) {
      throw new MigrationError("disk.shrunk", {
        disk: volume.deviceName,
        isBytes: disk.sizeBytes,
        wasBytes: volume.diskBytes,
      });
    }
    if (disk.sizeBytes > volume.sizeBytes) {
      throw new MigrationError("volume.too-small", {
        volume: volume.volumeId ?? volume.diskId,
        sizeBytes: volume.sizeBytes,
        neededBytes: disk.sizeBytes,
      });
    }
  }
}

/** One server has one session. The one of a task that was given up must not go on copying beside this. */
async function endOlderSession(
  deps: Deps,
  server: SourceServer,
  sessionId: string,
  stopAtGateway: (id: string) => Promise<void>,
): Promise<void> {
  for (const older of [server.replication.sessionId, server.comparisonId]) {
    if (older !== undefined && older !== sessionId) await endOpen(deps, older, stopAtGateway);
  }
}

async function endOpen(
  deps: Deps,
  older: string,
  stopAtGateway: (id: string) => Promise<void>,
): Promise<void> {
  const session = await deps.store.sessions.find(older);
  if (session?.state !== "open") return;
  await stopAtGateway(older);
  await deps.store.sessions.update(older, (found) =>
    found.state === "open"
      ? { ...found, state: "stopped", endedAt: deps.now().toISOString() }
      : found,
  );
}

export const handler = step({ name: "sync", input, output, run: sync });
