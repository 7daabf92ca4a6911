/** Many servers moved as one: which belong together, and how each of them does. */
import { z } from "zod";
import { checkAction } from "#domain/actions.ts";
import { errorFromFacts, MigrationError } from "#domain/errors.ts";
import type { Run, SourceServer, Target, WaveMember } from "#domain/records.ts";
import { type RunInput, waveMembers } from "#domain/run-input.ts";
import type { Deps } from "./deps.ts";
import { newId } from "./ids.ts";
import { planServers } from "./planning.ts";

/** Names of the executions that `migrate-wave` starts for a server. */
export const copyRunId = (waveId: string, serverId: string) => `${waveId}-${serverId}`;
export const cutoverRunId = (waveId: string, serverId: string) => `${waveId}-${serverId}-cutover`;

/** A time longer ago than this is a slip of the pen, not a wish to begin at once. */
const longestPastMs = 60_000;

/**
 * The servers of a wave's list, in its order, each fit to be moved.
 * @param from when the wave was started
 * @throws `input.invalid`, `record.not-found`, `server.busy`, `server.wrong-state`: then for the whole wave
 */
export async function checkedServers(
  deps: Deps,
  wave: RunInput<"migrate-wave">,
  from: Date,
): Promise<{ member: WaveMember; server: SourceServer }[]> {
  requireTimeToCome(wave.cutover?.at, from);
  const target = await deps.store.targets.get(wave.targetId);
  const members = membersOf(await listOf(wave.servers, deps));
  const servers = await Promise.all(
    members.map(async (member) => {
      const server = await deps.store.servers.get(member.serverId);
      requireMovable(server, wave);
      return { member, server };
    }),
  );
  await requirePlaceable(deps, target, servers);
  return servers;
}

/** What would only wait is no reason to refuse a wave. An empty inventory is its run's to refuse. */
async function requirePlaceable(
  deps: Deps,
  target: Target,
  servers: readonly { server: SourceServer }[],
): Promise<void> {
  const known = servers.filter(({ server }) => server.inventory.disks.length > 0);
  for (const { placed } of (await planServers(deps, target, known)).servers) {
    if (placed.on === "nothing ever") throw errorFromFacts(placed.reason);
  }
}

type Servers = RunInput<"migrate-wave">["servers"];

/** @throws `run.bad-input` for a list that is none */
async function listOf(servers: Servers, deps: Deps): Promise<readonly (string | WaveMember)[]> {
  if (Array.isArray(servers)) return servers;
  if (deps.waveList === undefined) {
    throw new MigrationError("input.invalid", {
      where: "servers.s3Key",
      problem: "this edition has no bucket of lists; name the servers themselves",
    });
  }
  const problem = (why: string) =>
    new MigrationError("input.invalid", { where: `list ${servers.s3Key}`, problem: why });
  const text = await deps.waveList(servers.s3Key);
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    throw problem("is not JSON");
  }
  const parsed = waveMembers.safeParse(list);
  if (!parsed.success) throw problem(z.prettifyError(parsed.error));
  return parsed.data;
}

function requireTimeToCome(at: string | undefined, from: Date): void {
  if (at === undefined || Date.parse(at) >= from.getTime() - longestPastMs) return;
  throw new MigrationError("input.invalid", {
    where: "cutover.at",
    problem: `${at} is past; leave it out to cut over as soon as every copy is there`,
  });
}

function requireMovable(server: SourceServer, wave: RunInput<"migrate-wave">): void {
  const isReplicated = server.recoveryPointId !== undefined;
  checkAction(server, isReplicated ? "sync" : "migrate");
  if (isReplicated && wave.cutover !== undefined) checkAction(server, "cutover");
  if (server.volumes.length > 0 && server.targetId !== wave.targetId) {
    throw new MigrationError("input.invalid", {
      where: "targetId",
      problem: `server ${server.name} is being moved to ${server.targetId}; clean it up first`,
    });
  }
}

function membersOf(list: readonly (string | WaveMember)[]): WaveMember[] {
  const members = list.map((item) => (typeof item === "string" ? { serverId: item } : item));
  const seen = new Set<string>();
  for (const { serverId } of members) {
    if (seen.has(serverId)) {
      throw new MigrationError("input.invalid", {
        where: "servers",
        problem: `${serverId} is named twice`,
      });
    }
    seen.add(serverId);
  }
  return members;
}

/** Writes the record, then starts the execution of the same name; `resumeRuns` mends a crash in between. */
export async function startWave(deps: Deps, input: Record<string, unknown>): Promise<Run> {
  const run = await deps.store.runs.create({
    id: newId("run", deps.random),
    kind: "migrate-wave",
    state: "running",
    input,
  });
  await deps.machines.start("migrate-wave", run.id, input);
  return run;
}

/** What a wave's server has gone through, by its runs. */
export interface MemberRuns {
  readonly member: WaveMember;
  readonly copy?: Run;
  readonly cutover?: Run;
}

export async function memberRunsOf(deps: Deps, wave: Run): Promise<MemberRuns[]> {
  return Promise.all(
    (wave.members ?? []).map(async (member) => {
      const [copy, cutover] = await Promise.all([
        deps.store.runs.find(copyRunId(wave.id, member.serverId)),
        deps.store.runs.find(cutoverRunId(wave.id, member.serverId)),
      ]);
      return {
        member,
        ...(copy === undefined ? {} : { copy }),
        ...(cutover === undefined ? {} : { cutover }),
      };
    }),
  );
}
