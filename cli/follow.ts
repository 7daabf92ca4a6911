/** Watches a run until it ends: a bar at a terminal, lines in a pipe, JSON lines for programs. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "#api/client.ts";
import type { RunDetails, RunView } from "#api/runs.ts";
import type { ServerDetails } from "#api/servers.ts";
import { errorFromFacts, MigrationError } from "#domain/errors.ts";
import { type Context, isError } from "./context.ts";
import { bar, bytes, duration, percent } from "./figures.ts";
import { heldUp } from "./server-table.ts";
import { showChecked } from "./target-check.ts";
import { requireEqual, showVerification } from "./verification.ts";

const pauseMs = 1000;
/** A console that restarts is back by then. */
const patienceMs = 60_000;

export interface RunOptions {
  detach?: boolean;
}

/** Tells that a run began, and follows it unless told not to. @throws the error the run ended with */
export async function followOrLeave(
  context: Context,
  run: RunView,
  options: RunOptions,
): Promise<void> {
  if (options.detach === true) {
    if (context.out.json) context.out.object(run);
    else context.out.line(context.say("run goes on", { run: run.id }));
    return;
  }
  await followRun(context, run.id);
}

/** @throws the error the run ended with */
export async function followRun(context: Context, runId: string): Promise<void> {
  const { out } = context;
  const client = await context.client();
  const leave = sayThatItGoesOn(context, runId);
  try {
    let shown = "";
    for (;;) {
      const { run, server } = await patiently(context, () => look(client, runId));
      shown = show(context, run, server, shown);
      if (run.state === "running") await sleep(pauseMs);
      else return conclude(context, run, server);
    }
  } finally {
    out.endProgress();
    leave();
  }
}

interface Seen {
  run: RunDetails;
  server: ServerDetails | undefined;
}

async function look(client: Client, runId: string): Promise<Seen> {
  const run = await client.getRun(runId);
  return {
    run,
    server: run.serverId === undefined ? undefined : await client.getServer(run.serverId),
  };
}

async function patiently<T>(context: Context, ask: () => Promise<T>): Promise<T> {
  let until: number | undefined;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      // Counted from the first failure: a call itself may have waited long.
      until ??= Date.now() + patienceMs;
      if (!isError(error, "console.unreachable") || Date.now() > until) throw error;
      if (context.out.isTerminal) context.out.progress(context.say("not connected"));
      await sleep(pauseMs);
    }
  }
}

/** @returns what identifies the present sight, so that the same is not told twice */
function show(
  context: Context,
  run: RunDetails,
  server: ServerDetails | undefined,
  before: string,
): string {
  const { out } = context;
  if (out.json) {
    const { history: _history, ...rest } = run;
    const sight = { type: "run", run: rest, replication: server?.replication };
    const text = JSON.stringify(sight);
    if (text !== before) out.object(sight);
    return text;
  }
  const step = stepLine(context, run);
  const done =
    run.progress ?? (server !== undefined && isCopying(server) ? server.replication : undefined);
  const copy =
    run.progress !== undefined
      ? readLine(context, run.progress)
      : server && isCopying(server)
        ? copyLine(context, server)
        : undefined;
  if (out.isTerminal) {
    const { doneBytes, totalBytes } = done ?? { doneBytes: 0, totalBytes: 0 };
    out.progress([copy && bar(doneBytes, totalBytes), step, copy].filter(Boolean).join("  "));
    return "";
  }
  // In a pipe a line for every tenth of a copy is enough.
  const tenth = done === undefined ? 0 : tenthOf(done);
  const sight = `${step} ${copy === undefined ? "" : tenth}`;
  if (sight !== before) out.line([step, copy].filter(Boolean).join("  "));
  return sight;
}

function stepLine({ say }: Context, run: RunDetails): string {
  const step = run.step ?? run.kind;
  return run.waitsFor === undefined ? step : say("waits for", { step, waitsFor: run.waitsFor });
}

function isCopying({ replication }: ServerDetails): boolean {
  return /sync|rescan|stalled/.test(replication.status);
}

type RunProgress = NonNullable<RunDetails["progress"]>;

function readLine({ say }: Context, progress: RunProgress): string {
  const { doneBytes, totalBytes, rateBytesPerSecond, etaSeconds } = progress;
  return say("read so far", {
    percent: percent(doneBytes, totalBytes),
    total: bytes(totalBytes),
    rate: bytes(rateBytesPerSecond),
    left: etaSeconds === undefined ? "-" : duration(etaSeconds),
  });
}

function copyLine({ say }: Context, { replication }: ServerDetails): string {
  const { doneBytes, totalBytes, rateBytesPerSecond, bottleneck } = replication;
  return say("copied", {
    percent: percent(doneBytes, totalBytes),
    total: bytes(totalBytes),
    rate: bytes(rateBytesPerSecond),
    heldUp: heldUp(say, bottleneck),
  });
}

function tenthOf({ doneBytes, totalBytes }: Pick<RunProgress, "doneBytes" | "totalBytes">): number {
  return Math.floor(percent(doneBytes, totalBytes) / 10);
}

function conclude(context: Context, run: RunDetails, server: ServerDetails | undefined): void {
  const { out, say } = context;
  if (run.checked !== undefined && !out.json) showChecked(context, run.checked);
  if (run.state !== "succeeded") throw errorOf(run);
  const { verification } = run;
  if (verification !== undefined) {
    if (!out.json) showVerification(context, verification);
    requireEqual(verification, server?.name ?? run.id);
  }
  if (out.json) return;
  const booted = server?.launches.find(
    (launch) => launch.runId === run.id || launch.runId.startsWith(`${run.id}-`),
  );
  if (booted?.instanceId !== undefined && booted.evidence !== undefined) {
    const { instanceId, address = "-", evidence, unseen } = booted;
    const words = unseen ? "runs unseen" : "booted";
    out.line(say(words, { instance: instanceId, address, evidence }));
  }
  const seconds = (Date.parse(run.endedAt ?? run.startedAt) - Date.parse(run.startedAt)) / 1000;
  out.line(
    say("run succeeded", {
      kind: run.kind,
      server: server?.name ?? run.targetId ?? "-",
      duration: duration(seconds),
    }),
  );
}

function errorOf(run: RunDetails): MigrationError {
  if (run.error !== undefined) return errorFromFacts(run.error);
  if (run.state === "stopped") return new MigrationError("run.stopped", { run: run.id, by: "?" });
  return new MigrationError("internal.unexpected", { problem: `run ${run.id} ${run.state}` });
}

/** Who stops watching does not stop the run. */
function sayThatItGoesOn(context: Context, runId: string): () => void {
  const interrupted = () => {
    context.out.error(context.say("run goes on", { run: runId }));
    process.exit(130);
  };
  process.once("SIGINT", interrupted);
  return () => process.off("SIGINT", interrupted);
}
