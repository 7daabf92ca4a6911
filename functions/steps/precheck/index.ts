import { z } from "zod";
import { MigrationError } from "#domain/errors.ts";
import { type RunKind, runKinds, type SourceServer } from "#domain/records.ts";
import { transition } from "#domain/server.ts";
import { volumeSizeBytes } from "#domain/volume-size.ts";
import type { Deps } from "../../deps.ts";
import { takeServer } from "../../lock.ts";
import { step } from "../../step.ts";

const input = z.object({
  runId: z.string(),
  kind: z.enum(runKinds),
  serverId: z.string(),
  targetId: z.string().optional(),
  launchKind: z.enum(["test", "cutover"]).optional(),
  /** What the execution was started with. */
  input: z.record(z.string(), z.unknown()),
});
const output = z.object({ serverId: z.string() });
type Request = z.output<typeof input>;

/** An agent polls at least twice a minute. */
const silentAgentMs = 120_000;

/**
 * Takes the server for this run, in one write with the change of its state, and refuses before
 * anything is made what cannot end well.
 */
export async function precheck(request: Request, deps: Deps) {
  const { runId, serverId } = request;
  const parentRunId = parentOf(request.input);
  await deps.store.runs.ensure({
    id: runId,
    kind: request.kind,
    serverId,
    state: "running",
    input: request.input,
    ...(parentRunId === undefined ? {} : { parentRunId }),
  });
  const server = await takeServer(deps, serverId, parentRunId ?? runId, (found) =>
    entered(found, request),
  );
  if (needsAgent(request)) requireAgent(server, deps.now());
  await requireTarget(server, request, deps);
  return { serverId };
}

function parentOf(input: Record<string, unknown>): string | undefined {
  return typeof input.parentRunId === "string" ? input.parentRunId : undefined;
}

function needsAgent({ kind, launchKind }: Request): boolean {
  return kind === "migrate-server" || kind === "sync-server" || launchKind === "cutover";
}

/** The server as this run finds it, moved on where the run begins a new part of its life. */
function entered(server: SourceServer, request: Request): SourceServer {
  switch (request.kind satisfies RunKind) {
    case "migrate-server":
      return {
        ...server,
        state: transition(server, "start replication"),
        ...targetOf(server, request.targetId),
      };
    case "sync-server":
      requireState(server, "sync", [
        "ready-for-test",
        "testing",
        "ready-for-cutover",
        "replicating",
      ]);
      return server;
    case "launch-server":
      return launching(server, request.launchKind ?? "test", request.runId);
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
    case "provision-gateway":
      return server;
  }
}

function targetOf(server: SourceServer, targetId: string | undefined): { targetId: string } {
  if (targetId === undefined) {
    throw new MigrationError("input.invalid", { where: "targetId", problem: "is missing" });
  }
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
  if (now.getTime() - Date.parse(server.lastSeenAt) > silentAgentMs) {
    throw new MigrationError("server.disconnected", {
      server: server.id,
      lastSeenAt: server.lastSeenAt,
    });
  }
}

async function requireTarget(server: SourceServer, request: Request, deps: Deps): Promise<void> {
  if (server.targetId === undefined) return;
  const target = await deps.store.targets.get(server.targetId);
  const provider = await deps.providerFor(target, request.runId);
  await provider.check();
  if (request.kind !== "migrate-server") return;
  const { volumes } = await provider.capabilities();
  for (const disk of server.inventory.disks) {
    volumeSizeBytes(disk, volumes[disk.role], target.platform);
  }
}

export const handler = step({ name: "precheck", input, output, run: precheck });
