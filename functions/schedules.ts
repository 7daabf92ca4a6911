/**
 * Delta syncs at their times. A schedule's next time is kept in its record; whoever looks once a minute
 * starts what is due. The runs' ids are made from the schedule and the time, so looking twice starts
 * nothing twice; times that were missed while nobody looked are caught up by one run.
 */
import { Cron } from "croner";
import { actions, checkAction } from "#domain/actions.ts";
import { type ErrorFacts, factsOf, MigrationError } from "#domain/errors.ts";
import type { Schedule, SourceServer } from "#domain/records.ts";
import { parseExpression } from "#domain/schedule-expression.ts";
import type { ServerState } from "#domain/server.ts";
import type { Deps } from "./deps.ts";
import { derivedId } from "./ids.ts";
import { startRun } from "./runs.ts";

interface Timing {
  readonly expression: string;
  /** IANA name, such as Europe/Berlin. */
  readonly timeZone: string;
}

/**
 * The first time after `after`; a rate counts from `from`.
 * @returns undefined when there is none any more
 * @throws `input.invalid`
 */
export function nextDue(timing: Timing, from: Date, after: Date): Date | undefined {
  const parsed = parseExpression(timing.expression);
  if (parsed.kind === "rate") {
    const periods = Math.floor((after.getTime() - from.getTime()) / parsed.everyMs) + 1;
    return new Date(from.getTime() + Math.max(1, periods) * parsed.everyMs);
  }
  const pattern = parsed.kind === "at" ? parsed.localTime : `0 ${parsed.pattern}`;
  try {
    const cron = new Cron(pattern, { timezone: timing.timeZone, paused: true });
    return cron.nextRun(after) ?? undefined;
  } catch (cause) {
    const problem = cause instanceof Error ? cause.message : String(cause);
    const where = `schedule ${timing.expression} in ${timing.timeZone}`;
    throw new MigrationError("input.invalid", { where, problem }, { cause });
  }
}

/** Starts what is due. One schedule's failure holds up no other. @throws the first that was not foreseen, at the end */
export async function runSchedules(deps: Deps): Promise<void> {
  const now = deps.now();
  const failures: unknown[] = [];
  for await (const schedule of deps.store.schedules.all()) {
    if (!schedule.enabled || schedule.nextDueAt === undefined) continue;
    if (Date.parse(schedule.nextDueAt) > now.getTime()) continue;
    try {
      await runOne(deps, schedule, schedule.nextDueAt, now);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

async function runOne(deps: Deps, schedule: Schedule, dueAt: string, now: Date): Promise<void> {
  const started: string[] = [];
  let skipped = 0;
  let problem: ErrorFacts | undefined;
  for (const server of await serversOf(deps, schedule)) {
    const runId = derivedId("run", schedule.id, dueAt, server.id);
    try {
      if ((await deps.store.runs.find(runId)) === undefined) {
        // A sync that still runs is not overlapped by the next.
        checkAction(server, "sync");
        await startRun(deps, "sync-server", server.id, {}, runId);
      }
      started.push(runId);
    } catch (error) {
      // Someone who looks at the same time was faster.
      if ((await deps.store.runs.find(runId)) !== undefined) {
        started.push(runId);
        continue;
      }
      problem = factsOf(error);
      if (problem.code === "internal.unexpected") throw error;
      if (problem.code === "server.busy") skipped++;
      deps.log.warn({ scheduleId: schedule.id, serverId: server.id, problem }, "was not started");
    }
  }
  const next = nextDue(schedule, new Date(dueAt), now);
  await deps.store.schedules.update(schedule.id, (found) => {
    // Changed by someone meanwhile: his times count.
    if (found.nextDueAt !== dueAt) return found;
    const { nextDueAt: _, lastProblem: __, ...rest } = found;
    return {
      ...rest,
      ...(next === undefined ? { enabled: false } : { nextDueAt: next.toISOString() }),
      lastStartedAt: now.toISOString(),
      lastRunIds: started.slice(0, 20),
      skippedBusy: found.skippedBusy + skipped,
      ...(problem === undefined ? {} : { lastProblem: { ...problem, at: now.toISOString() } }),
    };
  });
}

async function serversOf(deps: Deps, { serverId, targetId }: Schedule): Promise<SourceServer[]> {
  if (serverId !== undefined) {
    const server = await deps.store.servers.find(serverId);
    return server === undefined ? [] : [server];
  }
  const canSync: readonly ServerState[] = actions.sync;
  const found: SourceServer[] = [];
  for await (const server of deps.store.servers.all()) {
    if (server.targetId === targetId && canSync.includes(server.state)) found.push(server);
  }
  return found;
}
