import { z } from "zod";
import { actions } from "#domain/actions.ts";
import type { LaunchWish } from "#domain/checks/subject.ts";
import { isConnected } from "#domain/connection.ts";
import { MigrationError } from "#domain/errors.ts";
import type { SourceServer } from "#domain/records.ts";
import { parseRunInput, type RunInput } from "#domain/run-input.ts";
import { transition } from "#domain/server.ts";
import { blockedBy, findingsOf, rowsOf } from "../../checks.ts";
import type { Deps } from "../../deps.ts";
import { requireRepairRoom } from "../../launches.ts";
import { takeServer } from "../../lock.ts";
import { step } from "../../step.ts";
import { tell } from "../../tell.ts";

const input = z.object({
  runId: z.string(),
  kind: z.enum(["migrate-server", "sync-server", "verify-server", "launch-server", "clean-up"]),
  /** What the execution was started with, by us or by hand. */
  input: z.unknown(),
});
const output = z.object({ serverId: z.string() });

/** An input that was found right, with the kind of run it is for. */
type Request = {
  [K in z.output<typeof input>["kind"]]: { kind: K; runId: string; input: RunInput<K> };
}[z.output<typeof input>["kind"]];

/**
 * Takes the server for this run, in one write with the change of its state, and refuses before
 * anything is made what cannot end well.
 */
export async function precheck(given: z.output<typeof input>, deps: Deps) {
  const { runId } = given;
  const told = record.catch({}).parse(given.input);
  const parentRunId = text.parse(told.parentRunId);
  const waveId = text.parse(told.waveId);
  const serverIdTold = text.parse(told.serverId);
  // First the record, so that an input that is wrong is said there too.
  await deps.store.runs.ensure({
    id: runId,
    kind: given.kind,
    state: "running",
    input: told,
    ...(serverIdTold === undefined ? {} : { serverId: serverIdTold }),
    ...(parentRunId === undefined ? {} : { parentRunId }),
    ...(waveId === undefined ? {} : { waveId }),
  });
  const request = {
    kind: given.kind,
    runId,
    input: parseRunInput(given.kind, given.input),
  } as Request;
  const { serverId } = request.input;
  const server = await takeServer(deps, serverId, parentRunId ?? runId, (found) =>
    entered(found, request),
  );
  if (needsAgent(request)) requireAgent(server, deps.now());
  const warned = await requireTarget(server, request, deps);
  await requireRoomForRepair(server, request, deps);
  if (parentRunId === undefined) await tellStart(deps, request, serverId, warned);
  return { serverId };
}

/** Whether it was started by the API or by hand, and once, however often this step runs. */
async function tellStart(
  deps: Deps,
  { kind, runId }: Request,
  serverId: string,
  warned: Warned | undefined,
): Promise<void> {
  let isNew = false;
  await deps.store.runs.update(runId, (found) => {
    isNew = found.startTold !== true;
    return isNew ? { ...found, startTold: true } : found;
  });
  if (!isNew) return;
  await tell(deps, serverId, "run.started", { kind }, runId);
  if (warned !== undefined) await tell(deps, serverId, "check.warned", warned, runId);
}

const record = z.record(z.string(), z.unknown());
const text = z.string().optional().catch(undefined);

function needsAgent(request: Request): boolean {
  switch (request.kind) {
    case "migrate-server":
    case "sync-server":
      return true;
    case "verify-server":
      return request.input.source === true;
    case "launch-server":
      return request.input.kind === "cutover";
    case "clean-up":
      return false;
  }
}

/** The server as this run finds it, moved on where the run begins a new part of its life. */
function entered(server: SourceServer, request: Request): SourceServer {
  switch (request.kind) {
    case "migrate-server":
      return {
        ...server,
        state: transition(server, "start replication"),
        ...targetOf(server, request.input.targetId),
      };
    case "sync-server":
      requireState(server, "sync", [
        "ready-for-test",
        "testing",
        "ready-for-cutover",
        "replicating",
      ]);
      return server;
    case "verify-server":
      requireState(server, "verify", actions.verify);
      if (server.recoveryPointId === undefined) {
        throw new MigrationError("server.not-synced", { server: server.id });
      }
      return server;
    case "launch-server":
      return launching(server, request.input.kind, request.runId);
    case "clean-up":
      if (request.input.scope === "launch") {
        requireState(server, "revert", [
          "testing",
          "cut-over",
          "ready-for-test",
          "ready-for-cutover",
        ]);
      } else if (server.state !== "cut-over" && server.state !== "finalized") {
        transition(server, "give up");
      }
      return server;
  }
}

function targetOf(server: SourceServer, targetId: string): { targetId: string } {
  const elsewhere = server.targetId !== undefined && server.targetId !== targetId;
  if (elsewhere && server.volumes.length > 0) {
    throw new MigrationError("input.invalid", {
      where: "targetId",
      problem: `server ${server.id} is being moved to ${server.targetId}; clean it up first`,
    });
  }
  return { targetId };
}

function launching(server: SourceServer, kind: "test" | "cutover", runId: string): SourceServer {
  if (server.recoveryPointId === undefined) {
    throw new MigrationError("server.not-synced", { server: server.id });
  }
  if (server.launches.some((launched) => launched.runId !== runId)) {
    requireState(server, `${kind} launch`, ["ready-for-test", "ready-for-cutover"]);
    throw new MigrationError("server.wrong-state", {
      server: server.id,
      state: "launched already",
      action: `${kind} launch`,
      allowed: "reverted first",
    });
  }
  if (kind === "test") {
    transition(server, "start test launch");
    return server;
  }
  const stateBeforeRun = server.state === "cutting-over" ? server.stateBeforeRun : server.state;
  return {
    ...server,
    state: transition(server, "start cutover"),
    ...(stateBeforeRun === undefined ? {} : { stateBeforeRun }),
  };
}

function requireState(server: SourceServer, action: string, allowed: readonly string[]): void {
  if (allowed.includes(server.state)) return;
  throw new MigrationError("server.wrong-state", {
    server: server.id,
    state: server.state,
    action,
    allowed: allowed.join(", "),
  });
}

function requireAgent(server: SourceServer, now: Date): void {
  if (server.inventory.disks.length === 0) {
    throw new MigrationError("server.no-disks", { server: server.id });
  }
  if (!isConnected(server, now)) {
    throw new MigrationError("server.disconnected", {
      server: server.id,
      lastSeenAt: server.lastSeenAt,
    });
  }
}

/** Facts of the event `check.warned`. */
type Warned = { rows: string; target: string; server: string };

/**
 * The target answers, and its limits let the server come, or be launched there.
 * @returns what a person should mind
 */
async function requireTarget(
  server: SourceServer,
  request: Request,
  deps: Deps,
): Promise<Warned | undefined> {
  if (server.targetId === undefined) return undefined;
  const target = await deps.store.targets.get(server.targetId);
  const provider = await deps.providerFor(target, request.runId);
  await provider.check();
  if (request.kind !== "migrate-server" && request.kind !== "launch-server") return undefined;
  const isLaunch = request.kind === "launch-server";
  const asked = isLaunch ? request.input : request.input.launch;
  const launch = asked === undefined ? {} : { launch: wishOf(asked) };
  const findings = await findingsOf(deps, { server, target, provider, isLaunch, ...launch });
  const blocked = blockedBy(findings, server, target);
  if (blocked !== undefined) throw blocked;
  const rows = rowsOf(findings, "WARN");
  return rows === "" ? undefined : { rows, target: target.name, server: server.name };
}

function wishOf({
  instanceType,
  repair,
  placement = {},
}: Pick<RunInput<"launch-server">, "instanceType" | "repair" | "placement">): LaunchWish {
  const { subnetId, securityGroupIds } = placement;
  return { instanceType, repair, subnetId, securityGroupIds };
}

/** Else the clones would be made before it is found out. */
async function requireRoomForRepair(server: SourceServer, request: Request, deps: Deps) {
  if (request.kind !== "launch-server" || request.input.repair === false) return;
  const { gatewayId } = server;
  const gateway = gatewayId === undefined ? undefined : await deps.store.gateways.find(gatewayId);
  if (gateway !== undefined) requireRepairRoom(server, gateway);
}

export const handler = step({ name: "precheck", input, output, run: precheck });
