/** What HyperDoor reports, how that reaches the state machine that waits for it, and what it is told. */
import { MigrationError } from "#domain/errors.ts";
import type {
  HyperDoorAnswer,
  HyperDoorCopied,
  HyperDoorReport,
} from "#domain/protocol/hyperdoor.ts";
import type { Callback, Launched, SystemDiskCopy } from "#domain/records.ts";
import type { Deps } from "../../deps.ts";
import { noteCopy } from "../../hyperdoor.ts";
import { hashSecret } from "../../ids.ts";
import {
  closeCallback,
  failCallback,
  noteHowFar,
  noteRunError,
  succeedCallback,
} from "../../sessions.ts";
import { tell } from "../../tell.ts";

const GiB = 1024 ** 3;

interface Copying {
  readonly callback: Callback;
  readonly serverId: string;
  readonly launch: Launched;
}

/**
 * May be repeated. The records are written before the state machine goes on.
 * @throws `record.not-found` for a code that nothing waits with, or not yet: its instance may be quicker
 *   than the state machine
 */
export async function takeReport(
  deps: Deps,
  code: string,
  report: HyperDoorReport,
): Promise<HyperDoorAnswer> {
  const callback = await deps.store.callbacks.find(hashSecret(code));
  if (callback?.purpose !== "copy" || callback.serverId === undefined) {
    throw new MigrationError("record.not-found", { kind: "copy", id: "" });
  }
  const { serverId } = callback;
  const copying = { callback, serverId };
  const launch = await launchNow(deps, callback, serverId);
  if (launch === undefined || callback.state === "failed") return { do: "stop" };
  switch (report.state) {
    case "started":
      await takeStart(deps, { ...copying, launch });
      break;
    case "copying":
      await takeProgress(deps, { ...copying, launch }, report);
      break;
    case "copied":
      await takeCopied(deps, { ...copying, launch }, report);
      break;
    case "failed":
      await noteRunError(deps, callback.runId, report.error);
      await failCallback(deps, callback, report.error);
  }
  return answer(deps, copying);
}

async function launchNow(
  deps: Deps,
  { runId }: Callback,
  serverId: string,
): Promise<Launched | undefined> {
  const server = await deps.store.servers.find(serverId);
  return server?.launches.find((launched) => launched.runId === runId);
}

async function takeStart(deps: Deps, { callback, serverId, launch }: Copying): Promise<void> {
  const { runId } = callback;
  let now: SystemDiskCopy = { starts: 0 };
  await noteCopy(deps, serverId, runId, (copy) => {
    const at = deps.now().toISOString();
    // What is copied starts by itself: whoever starts HyperDoor again, it was not what was copied.
    now =
      copy.copiedAt === undefined
        ? { ...copy, starts: copy.starts + 1 }
        : { ...copy, reenteredAt: copy.reenteredAt ?? at };
    return now;
  });
  if (now.reenteredAt !== undefined) return;
  await beat(deps, callback);
  const instance = launch.instanceId ?? "";
  if (now.starts > 1) {
    await tell(deps, serverId, "hyperdoor.started-again", { instance }, runId);
    return;
  }
  const { volumes } = await deps.store.servers.get(serverId);
  const gib = Math.round(((volumes[0]?.diskBytes ?? 0) / GiB) * 10) / 10;
  await tell(deps, serverId, "hyperdoor.started", { instance, gib }, runId);
}

async function takeProgress(
  deps: Deps,
  { callback }: Copying,
  report: Extract<HyperDoorReport, { state: "copying" }>,
): Promise<void> {
  if (callback.state !== "open") return;
  await beat(deps, callback);
  const { doneBytes, totalBytes, rateBytesPerSecond } = report;
  await noteHowFar(deps, callback.runId, { doneBytes, totalBytes, rateBytesPerSecond });
}

async function takeCopied(
  deps: Deps,
  { callback, serverId }: Copying,
  report: HyperDoorCopied,
): Promise<void> {
  if (callback.state !== "open") return;
  const { runId } = callback;
  let isNew = false;
  await noteCopy(deps, serverId, runId, (copy) => {
    isNew = copy.copiedAt === undefined;
    return isNew ? { ...copy, copiedAt: deps.now().toISOString() } : copy;
  });
  if (isNew) {
    const { totalBytes, writtenBytes } = report;
    const params = { totalBytes, writtenBytes, seconds: Math.round(report.seconds) };
    await tell(deps, serverId, "hyperdoor.copied", params, runId);
  }
  await succeedCallback(deps, callback, {});
}

/** A task that ran out of time is tried again with another token; only a run that is over waits no more. */
async function beat(deps: Deps, { id, runId, taskToken }: Callback): Promise<void> {
  try {
    await deps.machines.heartbeat(taskToken);
  } catch (error) {
    if (!(error instanceof MigrationError) || error.code !== "record.not-found") throw error;
    const run = await deps.store.runs.find(runId);
    if (run?.state !== "running") await closeCallback(deps, id, "failed");
  }
}

async function answer(
  deps: Deps,
  { callback, serverId }: Omit<Copying, "launch">,
): Promise<HyperDoorAnswer> {
  const copy = (await launchNow(deps, callback, serverId))?.copy;
  const { state } = await deps.store.callbacks.get(callback.id);
  if (state === "failed" || copy?.reenteredAt !== undefined) return { do: "stop" };
  if (copy?.copiedAt === undefined) return { do: "copy" };
  if (copy.releasedAt === undefined) return { do: "wait" };
  await noteCopy(deps, serverId, callback.runId, (found) => ({
    ...found,
    restartedAt: found.restartedAt ?? deps.now().toISOString(),
  }));
  return { do: "restart" };
}
