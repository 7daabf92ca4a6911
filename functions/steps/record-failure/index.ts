import { z } from "zod";
import { describeError, type ErrorFacts, errorFromFacts, MigrationError } from "#domain/errors.ts";
import type { Run, SourceServer } from "#domain/records.ts";
import { releaseServer } from "#domain/run-end.ts";
import type { Deps } from "../../deps.ts";
import { moveOn } from "../../moving-on.ts";
import { step } from "../../step.ts";
import { tell } from "../../tell.ts";
import { memberRunsOf } from "../../waves.ts";

const input = z.object({
  runId: z.string(),
  /** Null where the machine was started with an input that names none. */
  serverId: z.string().nullish(),
  gatewayId: z.string().nullish(),
  /** As the state machine caught it. */
  error: z.object({ Error: z.string(), Cause: z.string().nullish() }),
});
const output = z.object({});

/**
 * The end of a run that failed: its record says what happened, the server keeps it as its last error
 * and is free again, in the state in which the run found it.
 */
export async function recordFailure(request: z.output<typeof input>, deps: Deps) {
  const { runId, serverId } = request;
  const run = await deps.store.runs.find(runId);
  const facts = await whatHappened(deps, run, request);
  const error = { ...facts, runId, at: deps.now().toISOString() };

  // The server is free before the run is seen to have ended: whoever waits for it may start the next.
  const hasServer =
    typeof serverId === "string" && (await deps.store.servers.find(serverId)) !== undefined;
  if (hasServer) {
    const owner = run?.parentRunId ?? runId;
    await moveOn(deps, serverId, runId, (found) =>
      found.activeRunId === owner
        ? releaseServer({ ...notCopying(found), lastError: error }, runId)
        : found,
    );
  }
  if (run?.parentRunId !== undefined) {
    await deps.store.runs.update(run.parentRunId, (found) => ({ ...found, error }));
  }
  let ended = false;
  if (run !== undefined) {
    // A run that cleans up after itself is stopped by its own steps.
    const state = facts.code === "run.stopped" ? "stopped" : "failed";
    await deps.store.runs.update(runId, (found) => {
      ended = found.state === "running";
      if (!ended) return found;
      const { waitsFor: _, ...rest } = found;
      return { ...rest, state, error, endedAt: error.at };
    });
  }
  const subject = hasServer ? serverId : run?.targetId;
  if (ended && subject !== undefined) {
    const { message } = describeError(facts);
    await tell(deps, subject, "run.failed", { kind: run?.kind ?? "", message }, runId);
  }
  return {};
}

/** Whatever was being copied when the run failed is not being copied any more. */
function notCopying(server: SourceServer): SourceServer {
  const { status } = server.replication;
  if (status !== "initial-sync" && status !== "delta-sync") return server;
  const idle = server.recoveryPointId === undefined ? "none" : "idle";
  return { ...server, replication: { ...server.replication, status: idle } };
}

/**
 * The facts behind a caught error. A step has written its own into the run's record, and a nested run
 * into its parent's; what the engine itself found (a timeout) is told from its name.
 */
async function whatHappened(
  deps: Deps,
  run: Run | undefined,
  request: z.output<typeof input>,
): Promise<ErrorFacts> {
  const { Error: name, Cause: cause } = request.error;
  if (name === "States.Timeout" || name === "States.HeartbeatTimeout") {
    return (await enrolmentTimeout(deps, request)) ?? timeout(run);
  }
  if (name === "States.ExceedToleratedFailureThreshold" && run !== undefined) {
    return tooManyFailures(deps, run);
  }
  const known = run?.error ?? run?.checked?.find(({ result }) => result === "failed")?.error;
  if (known !== undefined) return errorFromFacts(known).facts;
  return new MigrationError("internal.unexpected", {
    problem: `${name} ${cause ?? ""}`.slice(0, 1000),
  }).facts;
}

/** What the wave's servers say by their own runs. */
async function tooManyFailures(deps: Deps, wave: Run): Promise<ErrorFacts> {
  const members = await memberRunsOf(deps, wave);
  const failed = members.filter(({ copy, cutover }) =>
    [copy, cutover].some((run) => run !== undefined && run.state !== "succeeded"),
  );
  const named = await Promise.all(
    failed.slice(0, 5).map(async ({ member: { serverId } }) => {
      const server = await deps.store.servers.find(serverId);
      return server?.name ?? serverId;
    }),
  );
  return new MigrationError("wave.too-many-failures", {
    failed: failed.length,
    servers: members.length,
    tolerated: Number(wave.input.toleratedFailures ?? 0),
    names: named.join(", ") + (failed.length > named.length ? ", …" : ""),
    wave: wave.id,
  }).facts;
}

function timeout(run: Run | undefined): ErrorFacts {
  return new MigrationError("step.timeout", { step: run?.step ?? "unknown" }).facts;
}

async function enrolmentTimeout(
  deps: Deps,
  { gatewayId }: z.output<typeof input>,
): Promise<ErrorFacts | undefined> {
  if (typeof gatewayId !== "string") return undefined;
  const gateway = await deps.store.gateways.find(gatewayId);
  if (gateway === undefined || gateway.state === "ready") return undefined;
  const seconds = Math.round((deps.now().getTime() - Date.parse(gateway.createdAt)) / 1000);
  return new MigrationError("gateway.not-enrolled", {
    gateway: gatewayId,
    seconds,
    console: deps.console.url,
  }).facts;
}

export const handler = step({
  name: "record-failure",
  input,
  output,
  leavesRecord: true,
  run: recordFailure,
});
