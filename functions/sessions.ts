/**
 * The life of one pass of copying after a step opened it: told by agent and gateway, each on its own
 * and more than once, and ended once.
 */
import { errorFromFacts, MigrationError, stepErrorName } from "#domain/errors.ts";
import { type LineMeasure, leastLine, megabits } from "#domain/line.ts";
import {
  mergeProgress,
  replicationAfter,
  replicationPaused,
  replicationUnderWay,
  sumOf,
} from "#domain/progress.ts";
import type { Progress, SessionResult } from "#domain/protocol/facts.ts";
import type { Callback, Run, SourceServer, SyncSession } from "#domain/records.ts";
import type { Deps } from "./deps.ts";
import { derivedId } from "./ids.ts";
import { lineLimits } from "./limits.ts";
import { tell } from "./tell.ts";
import { noteComparison } from "./verifications.ts";

export interface Facts {
  code: string;
  params: Record<string, string | number>;
}

/** A task that is tried again has another token, and so another session. */
export function sessionIdOf(task: { runId: string; taskToken: string }): string {
  return derivedId("ses", task.runId, task.taskToken);
}

/** An agent takes its order up within this; until then nobody is told that the copy waits for it. */
const takeUpMs = 20_000;

/** Notes how far an open session is; one that ended is left alone. */
export async function noteProgress(
  deps: Deps,
  sessionId: string,
  told: Progress,
  teller: "agent" | "gateway",
): Promise<void> {
  let stallChanged = false;
  const session = await deps.store.sessions.update(sessionId, (old) => {
    stallChanged = false;
    if (old.state !== "open") return old;
    const merged = mergeProgress(old.progress, told, teller);
    const isNew = deps.now().getTime() - Date.parse(old.createdAt) < takeUpMs;
    const progress = { ...merged, waitingForAgent: merged.waitingForAgent && !isNew };
    stallChanged = progress.waitingForAgent !== (old.progress?.waitingForAgent ?? false);
    return { ...old, progress };
  });
  if (session.state !== "open" || session.progress === undefined) return;
  const { progress } = session;
  if (session.mode === "compare") await noteRunProgress(deps, session.runId, progress);
  await changeReplication(deps, session, () =>
    replicationUnderWay(session.id, session.mode, progress),
  );
  if (stallChanged) {
    const type = progress.waitingForAgent ? "sync.stalled" : "sync.recovered";
    await tell(deps, session.serverId, type, {}, session.runId);
  }
}

/** May be repeated: the first result stays. */
export async function finishSession(
  deps: Deps,
  sessionId: string,
  result: SessionResult,
): Promise<void> {
  let ended = false;
  const session = await deps.store.sessions.update(sessionId, (old) => {
    ended = old.state === "open";
    if (!ended) return old;
    const frozenSeconds = result.frozenSeconds ?? old.frozenSeconds;
    return {
      ...old,
      state: "done",
      result: { ...result, ...(frozenSeconds === undefined ? {} : { frozenSeconds }) },
      endedAt: deps.now().toISOString(),
    };
  });
  if (session.state !== "done" || session.result === undefined) return;
  const known = session.result;
  await changeReplication(deps, session, () => replicationAfter(session.id, known));
  if (session.mode === "compare") {
    await noteComparison(deps, session, known);
    await forgetComparison(deps, session);
    return;
  }
  if (!ended) return;
  const params = {
    changedBytes: sumOf(known.volumes, "changedBytes"),
    sentBytes: sumOf(known.volumes, "sentBytes"),
    skippedBytes: sumOf(known.volumes, "skippedBytes"),
  };
  await tell(deps, session.serverId, "sync.done", params, session.runId);
}

export async function noteFrozen(
  deps: Deps,
  sessionId: string,
  frozenSeconds: number | undefined,
): Promise<void> {
  if (frozenSeconds === undefined) return;
  await deps.store.sessions.update(sessionId, (old) => ({
    ...old,
    frozenSeconds,
    ...(old.result === undefined ? {} : { result: { ...old.result, frozenSeconds } }),
  }));
}

/** Keeps what an agent measured of its line, and warns where it is slow. The first time a session tells counts. */
export async function noteLine(
  deps: Deps,
  sessionId: string,
  line: LineMeasure | undefined,
): Promise<void> {
  if (line === undefined) return;
  let isNew = false;
  const session = await deps.store.sessions.update(sessionId, (old) => {
    isNew = old.line === undefined;
    return isNew ? { ...old, line } : old;
  });
  if (!isNew) return;
  const measuredAt = deps.now().toISOString();
  await changeReplication(deps, session, (old) => ({ ...old, line: { ...line, measuredAt } }));
  const { serverId, runId, mode } = session;
  const mbit = megabits(line.bitsPerSecond);
  const roundTripMs = Math.round(line.roundTripMs * 10) / 10;
  await tell(deps, serverId, "line.measured", { mbit, roundTripMs }, runId);
  const server = await deps.store.servers.get(serverId);
  const { requirement, bitsPerSecond } = leastLine(mode, await lineLimits(deps, server));
  if (line.bitsPerSecond < bitsPerSecond) {
    const params = { requirement, mode, mbit, least: megabits(bitsPerSecond) };
    await tell(deps, serverId, "line.slow", params, runId);
  }
  if (mode !== "initial") return;
  const { totalBytes } = server.replication;
  const minutes = Math.ceil((totalBytes * 8) / Math.max(1, line.bitsPerSecond) / 60);
  const gib = Math.round((totalBytes / 1024 ** 3) * 10) / 10;
  await tell(deps, serverId, "sync.estimated", { gib, minutes }, runId);
}

/** Ends an open session early and pauses the server's replication. May be repeated. */
export async function endSession(
  deps: Deps,
  sessionId: string,
  end: { state: "stopped" } | { state: "failed"; error: Facts },
): Promise<void> {
  const session = await deps.store.sessions.update(sessionId, (old) =>
    old.state === "open" ? { ...old, ...end, endedAt: deps.now().toISOString() } : old,
  );
  if (session.state !== end.state) return;
  await changeReplication(deps, session, replicationPaused);
  await forgetComparison(deps, session);
}

/** The agent's next order is a copy's again. */
async function forgetComparison(deps: Deps, session: SyncSession): Promise<void> {
  if (session.mode !== "compare") return;
  await deps.store.servers.update(session.serverId, (server) => {
    const { comparisonId, ...rest } = server;
    return comparisonId === session.id ? rest : server;
  });
}

/** Of a run that reads and does not copy. */
export async function noteRunProgress(deps: Deps, runId: string, told: Progress): Promise<void> {
  const { rateBytesPerSecond, etaSeconds } = told;
  await noteHowFar(deps, runId, {
    doneBytes: sumOf(told.volumes, "doneBytes"),
    totalBytes: sumOf(told.volumes, "totalBytes"),
    rateBytesPerSecond,
    ...(etaSeconds === undefined ? {} : { etaSeconds }),
  });
}

export async function noteHowFar(
  deps: Deps,
  runId: string,
  progress: NonNullable<Run["progress"]>,
): Promise<void> {
  if ((await deps.store.runs.find(runId)) === undefined) return;
  await deps.store.runs.update(runId, (run) =>
    run.state === "running" ? { ...run, progress } : run,
  );
}

/** Tells the run what went wrong, in facts: the state machine's own error has only a name and a text. */
export async function noteRunError(deps: Deps, runId: string, error: Facts): Promise<void> {
  if ((await deps.store.runs.find(runId)) === undefined) return;
  await deps.store.runs.update(runId, (run) => ({
    ...run,
    error: { ...error, runId, at: deps.now().toISOString() },
  }));
}

/** Succeeds the waiting task of a callback. May be repeated: a task that waits no more has its answer. */
export async function succeedCallback(
  deps: Deps,
  callback: Callback,
  output: Record<string, unknown>,
): Promise<void> {
  await unlessGone(deps.machines.succeed(callback.taskToken, output));
  await closeCallback(deps, callback.id, "succeeded");
}

/** Fails the waiting task of a callback under the name state machines retry on and catch. */
export async function failCallback(deps: Deps, callback: Callback, error: Facts): Promise<void> {
  const thrown = errorFromFacts(error);
  const text = `${thrown.message}. ${thrown.hint}`;
  await unlessGone(deps.machines.fail(callback.taskToken, stepErrorName(thrown), text));
  await closeCallback(deps, callback.id, "failed");
}

export async function closeCallback(
  deps: Deps,
  callbackId: string,
  state: "succeeded" | "failed",
): Promise<void> {
  await deps.store.callbacks.update(callbackId, (old) =>
    old.state === "open" ? { ...old, state } : old,
  );
}

async function unlessGone(told: Promise<void>): Promise<void> {
  try {
    await told;
  } catch (error) {
    if (!(error instanceof MigrationError) || error.code !== "record.not-found") throw error;
  }
}

/** A server that works on another session by now is not touched. */
async function changeReplication(
  deps: Deps,
  session: SyncSession,
  change: (replication: SourceServer["replication"]) => SourceServer["replication"],
): Promise<void> {
  await deps.store.servers.update(session.serverId, (server) =>
    server.replication.sessionId === session.id
      ? {
          ...server,
          // The line is measured seldom, and not by those who tell how far a copy is.
          replication: {
            ...(server.replication.line === undefined ? {} : { line: server.replication.line }),
            ...change(server.replication),
          },
        }
      : server,
  );
}
