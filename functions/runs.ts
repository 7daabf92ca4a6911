/** Starting, stopping and repairing runs: what surrounds an execution of a state machine. */
import { MigrationError } from "#domain/errors.ts";
import type { Run, RunKind } from "#domain/records.ts";
import { releaseServer } from "#domain/run-end.ts";
import type { Deps } from "./deps.ts";
import { newId } from "./ids.ts";
import { takeServer } from "./lock.ts";
import { moveOn } from "./moving-on.ts";
import { closeCallback, endSession } from "./sessions.ts";
import { tell } from "./tell.ts";
import { stopVerification } from "./verifications.ts";

/**
 * Writes the record, takes the server for it, then starts the execution of the same name. A crash may
 * come in between: `resumeRuns` starts what has a record only.
 * @throws `server.busy`; then nothing was begun
 */
export async function startRun(
  deps: Deps,
  kind: RunKind,
  serverId: string,
  input: Record<string, unknown>,
  id = newId("run", deps.random),
): Promise<Run> {
  const run = await deps.store.runs.create({
    id,
    kind,
    serverId,
    state: "running",
    input: { ...input, serverId },
  });
  try {
    await takeServer(deps, serverId, run.id, (server) => server);
  } catch (error) {
    await deps.store.runs.delete(run.id);
    throw error;
  }
  await deps.machines.start(kind, run.id, run.input);
  return run;
}

/**
 * Stops the execution and those it started, its copy at the gateway, and gives the server free.
 * What was copied stays. A check of a target is told to end, and ends when it has cleaned up. May be repeated.
 */
export async function stopRun(deps: Deps, runId: string, by: string): Promise<Run> {
  const asked = await deps.store.runs.get(runId);
  // A nested run is stopped through the one that waits for it, else that would start it anew.
  if (asked.parentRunId !== undefined) return stopRun(deps, asked.parentRunId, by);
  if (asked.state !== "running") return asked;
  if (asked.kind === "check-target") {
    return deps.store.runs.update(runId, (run) => ({ ...run, stopAskedBy: by }));
  }
  const running: Run[] = [];
  for await (const run of deps.store.runs.all()) if (run.state === "running") running.push(run);
  // The execution that starts others is stopped first, else it would begin the next meanwhile.
  const ended = await endRun(deps, asked, by);
  for (const run of startedBy(runId, running)) await endRun(deps, run, by);
  return ended;
}

/** Runs that a run has started, and those that these have started. */
function startedBy(runId: string, running: readonly Run[]): Run[] {
  return running
    .filter(({ parentRunId, waveId }) => parentRunId === runId || waveId === runId)
    .flatMap((run) => [run, ...startedBy(run.id, running)]);
}

async function endRun(deps: Deps, run: Run, by: string): Promise<Run> {
  await deps.machines.stop(run.kind, run.id, `stopped by ${by}`);
  await stopCopy(deps, run);
  const { run: ended, changed } = await markEnded(deps, run.id, {
    state: "stopped",
    error: { code: "run.stopped", params: { run: run.id, by } },
  });
  await releaseLock(deps, ended);
  if (changed && ended.serverId !== undefined) {
    await tell(deps, ended.serverId, "run.stopped", { kind: ended.kind, by }, ended.id);
  }
  return ended;
}

/**
 * Brings records and executions together after a crash: a run without an execution is started again,
 * a run whose execution ended without a word is failed.
 */
export async function resumeRuns(deps: Deps): Promise<void> {
  for await (const run of deps.store.runs.all()) {
    if (run.state !== "running") continue;
    const status = await deps.machines.status(run.kind, run.id);
    if (status === "running") continue;
    if (status === undefined) {
      // A nested run's execution is made by its parent, which does it again by itself.
      if (run.parentRunId !== undefined) continue;
      deps.log.info({ runId: run.id, kind: run.kind }, "starting a run that has no execution");
      await deps.machines.start(run.kind, run.id, run.input);
    } else {
      await failSilentRun(deps, run);
    }
  }
}

/** The execution's last step may have ended while its write to the record was still under way. */
const silenceMs = 60_000;

async function failSilentRun(deps: Deps, run: Run): Promise<void> {
  if (deps.now().getTime() - Date.parse(run.updatedAt) < silenceMs) return;
  deps.log.warn({ runId: run.id, step: run.step }, "its execution ended without recording why");
  const error = run.error ?? { code: "step.timeout", params: { step: run.step ?? run.kind } };
  await stopCopy(deps, run);
  const { run: failed } = await markEnded(deps, run.id, { state: "failed", error });
  await releaseLock(deps, failed);
  if (failed.serverId === undefined || failed.error === undefined) return;
  const { error: kept } = failed;
  await deps.store.servers.update(failed.serverId, (server) => ({ ...server, lastError: kept }));
}

interface End {
  state: "stopped" | "failed";
  error: { code: string; params: Record<string, string | number> };
}

/** A run that ended by itself in the meantime keeps its own end. */
async function markEnded(
  deps: Deps,
  runId: string,
  end: End,
): Promise<{ run: Run; changed: boolean }> {
  let changed = false;
  const run = await deps.store.runs.update(runId, (old) => {
    changed = old.state === "running";
    if (!changed) return old;
    const { waitsFor: _, ...rest } = old;
    const at = deps.now().toISOString();
    const { code, params } = end.error;
    return { ...rest, state: end.state, endedAt: at, error: { code, params, runId, at } };
  });
  return { run, changed };
}

async function releaseLock(deps: Deps, run: Run): Promise<void> {
  if (run.serverId === undefined) return;
  const server = await deps.store.servers.find(run.serverId);
  if (server === undefined) return;
  await moveOn(deps, server.id, run.id, (found) => releaseServer(found, run.id));
}

/** Ends the run's open session here, and what the gateway does for it as far as that answers. */
async function stopCopy(deps: Deps, run: Run): Promise<void> {
  await stopVerification(deps, run);
  const server =
    run.serverId === undefined ? undefined : await deps.store.servers.find(run.serverId);
  const sessionId = server?.comparisonId ?? server?.replication.sessionId;
  const session = sessionId === undefined ? undefined : await deps.store.sessions.find(sessionId);
  if (session === undefined || session.runId !== run.id || session.state !== "open") return;
  await endSession(deps, session.id, { state: "stopped" });
  if ((await deps.store.callbacks.find(session.callbackId)) !== undefined) {
    await closeCallback(deps, session.callbackId, "failed");
  }
  const gateway = await deps.store.gateways.find(session.gatewayId);
  if (gateway === undefined) return;
  try {
    const client = await deps.gatewayClient(gateway);
    await client.stopSession(session.id);
  } catch (error) {
    if (!(error instanceof MigrationError)) throw error;
    // It stops by itself: its next heartbeat is answered that nobody waits any more.
    deps.log.warn({ err: error, gatewayId: gateway.id }, "the gateway was not told to stop");
  }
}
