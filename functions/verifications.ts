/** What the gateway and the agent found when they read a server's volumes and disks again. */

import { MigrationError } from "#domain/errors.ts";
import type { SessionResult } from "#domain/protocol/facts.ts";
import type { VerificationResult } from "#domain/protocol/gateway.ts";
import type { RecoveryPoint, Run, SourceServer, SyncSession } from "#domain/records.ts";
import { isProved, locate, type Verification } from "#domain/verification.ts";
import type { Deps } from "./deps.ts";
import { derivedId } from "./ids.ts";
import { tell } from "./tell.ts";

/** The same for every try of a run's step: the gateway goes on with what it has begun. */
export function verificationIdOf(runId: string): string {
  return derivedId("ver", runId);
}

/** May be repeated. */
export async function noteVerification(
  deps: Deps,
  runId: string,
  serverId: string,
  result: VerificationResult,
): Promise<void> {
  const server = await deps.store.servers.find(serverId);
  if (server === undefined || (await deps.store.runs.find(runId)) === undefined) return;
  const verification = verificationOf(server, await unchangedPoint(deps, server), result);
  let isNew = false;
  await deps.store.runs.update(runId, (run) => {
    isNew = run.verification === undefined;
    const { progress: _, ...rest } = run;
    return isNew ? { ...rest, verification } : run;
  });
  if (!isNew) return;
  const damaged = verification.volumes.filter((volume) => !isProved(volume));
  if (damaged.length === 0) {
    await tell(deps, serverId, "verify.done", { volumes: verification.volumes.length }, runId);
    return;
  }
  const params = {
    volumes: damaged.map(({ deviceName }) => deviceName).join(", "),
    blocks: damaged.reduce((sum, volume) => sum + volume.differences.blocks, 0),
  };
  await tell(deps, serverId, "verify.differs", params, runId);
}

/** The newest recovery point, if its session was the last that wrote to the volumes. */
async function unchangedPoint(
  deps: Deps,
  server: SourceServer,
): Promise<RecoveryPoint | undefined> {
  const { recoveryPointId, replication } = server;
  if (recoveryPointId === undefined || replication.sessionId === undefined) return undefined;
  if (recoveryPointId !== derivedId("rp", replication.sessionId)) return undefined;
  return deps.store.recoveryPoints.find(recoveryPointId);
}

function verificationOf(
  server: SourceServer,
  point: RecoveryPoint | undefined,
  { volumes, seconds }: VerificationResult,
): Verification {
  return {
    ...(point === undefined ? {} : { recoveryPointId: point.id }),
    volumes: volumes.map(({ differences, ...found }) => {
      const recorded = point?.snapshots.find(({ diskId }) => diskId === found.diskId)?.rootHash;
      const isComparable = recorded !== undefined && found.rootHash !== undefined;
      return {
        ...found,
        deviceName: deviceNameOf(server, found.diskId),
        ...(isComparable ? { isAsRecorded: recorded === found.rootHash } : {}),
        differences: locate(diskOf(server, found.diskId), differences),
      };
    }),
    seconds,
  };
}

function diskOf({ inventory }: SourceServer, diskId: string) {
  return inventory.disks.find((disk) => disk.id === diskId);
}

function deviceNameOf({ volumes }: SourceServer, diskId: string): string {
  return volumes.find((volume) => volume.diskId === diskId)?.deviceName ?? diskId;
}

/** What a session in mode `compare` found, beside what its run found before. May be repeated. */
export async function noteComparison(
  deps: Deps,
  session: SyncSession,
  result: SessionResult,
): Promise<void> {
  const { runId, serverId } = session;
  const server = await deps.store.servers.find(serverId);
  if (server === undefined || (await deps.store.runs.find(runId)) === undefined) return;
  let isNew = false;
  await deps.store.runs.update(runId, (run) => {
    isNew = run.verification?.volumes.some(({ source }) => source === undefined) ?? false;
    if (run.verification === undefined) return run;
    const volumes = run.verification.volumes.map((volume) => {
      const found = result.volumes.find(({ diskId }) => diskId === volume.diskId)?.differences;
      return found === undefined
        ? volume
        : { ...volume, source: locate(diskOf(server, volume.diskId), found) };
    });
    const { progress: _, ...rest } = run;
    return { ...rest, verification: { ...run.verification, volumes } };
  });
  if (!isNew) return;
  const found = result.volumes.flatMap(({ differences }) => differences ?? []);
  const blocks = found.reduce((sum, one) => sum + one.blocks, 0);
  const written = found.reduce((sum, one) => sum + one.writtenBlocks, 0);
  if (blocks === 0) await tell(deps, serverId, "verify.source-done", {}, runId);
  else await tell(deps, serverId, "verify.source-differs", { blocks, written }, runId);
}

/** Ends a verification at the gateway, as far as that answers: else it stops at its next heartbeat. */
export async function stopVerification(deps: Deps, run: Run): Promise<void> {
  if (run.kind !== "verify-server" || run.serverId === undefined) return;
  const server = await deps.store.servers.find(run.serverId);
  const gateway =
    server?.gatewayId === undefined ? undefined : await deps.store.gateways.find(server.gatewayId);
  if (gateway === undefined) return;
  try {
    const client = await deps.gatewayClient(gateway);
    await client.stopVerification(verificationIdOf(run.id));
  } catch (error) {
    if (!(error instanceof MigrationError)) throw error;
    deps.log.warn({ err: error, gatewayId: gateway.id }, "the gateway was not told to stop");
  }
}
