/** What gateways report about long work, and how that reaches the state machine that waits for it. */
import { MigrationError } from "#domain/errors.ts";
import type { CallbackBody } from "#domain/protocol/gateway.ts";
import type { Callback } from "#domain/records.ts";
import type { Deps } from "../../deps.ts";
import { hashSecret } from "../../ids.ts";
import {
  closeCallback,
  endSession,
  failCallback,
  finishSession,
  noteProgress,
  noteRunError,
  noteRunProgress,
  sessionIdOf,
  succeedCallback,
} from "../../sessions.ts";
import { tell } from "../../tell.ts";
import { noteVerification } from "../../verifications.ts";

type Body<K extends CallbackBody["kind"]> = Extract<CallbackBody, { kind: K }>;

/**
 * The records are written before the state machine goes on, so that its next step finds them; a crash
 * in between is healed by the gateway's repetition.
 * @throws `record.not-found`: nobody waits any more, and the gateway stops
 */
export async function takeCallback(deps: Deps, secret: string, body: CallbackBody): Promise<void> {
  const callback = await deps.store.callbacks.find(hashSecret(secret));
  if (callback === undefined) throw nobodyWaits();
  if (callback.state !== "open") {
    // A success whose answer was lost is told again.
    if (callback.state === "succeeded" && body.kind.endsWith("-done")) return;
    throw nobodyWaits();
  }
  if (!fits(callback, body)) {
    throw new MigrationError("input.invalid", {
      where: "kind",
      problem: `${body.kind} is not what a ${callback.purpose} ends with`,
    });
  }
  switch (body.kind) {
    case "heartbeat":
      return takeHeartbeat(deps, callback, body);
    case "sync-done":
      return takeSyncDone(deps, callback, body);
    case "repair-done":
      return takeRepairDone(deps, callback, body);
    case "verify-done":
      return takeVerifyDone(deps, callback, body);
    case "failed":
      return takeFailure(deps, callback, body);
  }
}

function nobodyWaits(): MigrationError {
  return new MigrationError("record.not-found", { kind: "callback", id: "" });
}

function fits(callback: Callback, body: CallbackBody): boolean {
  if (body.kind === "sync-done") return callback.purpose === "sync";
  if (body.kind === "repair-done") return callback.purpose === "repair";
  if (body.kind === "verify-done") return callback.purpose === "verify";
  return true;
}

async function takeHeartbeat(deps: Deps, callback: Callback, body: Body<"heartbeat">) {
  try {
    await deps.machines.heartbeat(callback.taskToken);
  } catch (error) {
    if (!(error instanceof MigrationError) || error.code !== "record.not-found") throw error;
    await closeCallback(deps, callback.id, "failed");
    throw nobodyWaits();
  }
  if (body.progress !== undefined && callback.purpose === "sync") {
    const session = await deps.store.sessions.find(sessionIdOf(callback));
    if (session !== undefined) await noteProgress(deps, session.id, body.progress, "gateway");
  }
  if (body.progress !== undefined && callback.purpose === "verify")
    await noteRunProgress(deps, callback.runId, body.progress);
  if (body.doing !== undefined) await noteDoing(deps, callback.runId, body.doing);
}

async function noteDoing(deps: Deps, runId: string, doing: string): Promise<void> {
  if ((await deps.store.runs.find(runId)) === undefined) return;
  await deps.store.runs.update(runId, (run) =>
    run.state !== "running" || run.waitsFor === doing ? run : { ...run, waitsFor: doing },
  );
}

async function takeSyncDone(deps: Deps, callback: Callback, body: Body<"sync-done">) {
  const sessionId = sessionIdOf(callback);
  if ((await deps.store.sessions.find(sessionId)) !== undefined) {
    await finishSession(deps, sessionId, body.result);
  }
  await succeedCallback(deps, callback, { sessionId });
}

async function takeVerifyDone(deps: Deps, callback: Callback, body: Body<"verify-done">) {
  const { runId, serverId } = callback;
  if (serverId !== undefined) await noteVerification(deps, runId, serverId, body.result);
  await succeedCallback(deps, callback, {});
}

async function takeRepairDone(deps: Deps, callback: Callback, body: Body<"repair-done">) {
  const { report } = body;
  if ((await deps.store.runs.find(callback.runId)) !== undefined) {
    let isNew = false;
    await deps.store.runs.update(callback.runId, (run) => {
      isNew = run.repair === undefined;
      return { ...run, repair: report };
    });
    if (isNew && callback.serverId !== undefined) {
      const checks = report.checks.filter((check) => check.passed).length;
      const params = { actions: report.actions.length, checks };
      await tell(deps, callback.serverId, "repair.done", params, callback.runId);
    }
  }
  await succeedCallback(deps, callback, {});
}

async function takeFailure(deps: Deps, callback: Callback, body: Body<"failed">) {
  await noteRunError(deps, callback.runId, body.error);
  if (body.log !== undefined) await noteLog(deps, callback.runId, body.log);
  if (callback.purpose === "sync") {
    const sessionId = sessionIdOf(callback);
    if ((await deps.store.sessions.find(sessionId)) !== undefined) {
      await endSession(deps, sessionId, { state: "failed", error: body.error });
    }
  }
  await failCallback(deps, callback, body.error);
}

async function noteLog(deps: Deps, runId: string, repairLog: string): Promise<void> {
  if ((await deps.store.runs.find(runId)) === undefined) return;
  await deps.store.runs.update(runId, (run) => ({ ...run, repairLog }));
}
