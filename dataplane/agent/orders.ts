/**
 * Keeps what runs equal to what the console lists. An order stands until it is no longer listed; it is
 * run once: how it ended is on disk before it is reported, and reported until the console took it.
 */
import { isDeepStrictEqual } from "node:util";
import type { Limits } from "#domain/copy-limits.ts";
import { errorFromFacts, factsOf } from "#domain/errors.ts";
import type { LineMeasure } from "#domain/line.ts";
import type { SessionReport, SyncOrder } from "#domain/protocol/agent.ts";
import type { Progress } from "#domain/protocol/facts.ts";
import { backoffMs, pause } from "../backoff.ts";
import { type AgentEvent, describeProblem, type Say } from "./events.ts";
import { type ProgressReports, startProgressReports } from "./progress-reports.ts";
import type { EndedSession, SessionStore } from "./state.ts";

export interface OrderDeps {
  readonly store: SessionStore;
  /** Carries an order out; returns when the gateway has confirmed every volume. */
  readonly carryOut: (
    order: SyncOrder,
    onProgress: (progress: Progress) => void,
    signal: AbortSignal,
    /** May change while it runs. */
    limits: () => Limits,
    onLine: (line: LineMeasure) => void,
  ) => Promise<{ frozenSeconds?: number }>;
  /** False when nobody waits for this session's reports. Throws when the console can't be reached. */
  readonly report: (
    sessionId: string,
    report: SessionReport,
    signal: AbortSignal,
  ) => Promise<boolean>;
  readonly say: Say;
  readonly reportEveryMs: () => number;
}

export interface Orders {
  /** Starts, stops and forgets, so that what runs is what is listed. Returns before the work is done. */
  readonly apply: (listed: readonly SyncOrder[]) => Promise<void>;
  /** Takes up what stood when the agent ended, without asking the console. */
  readonly resume: () => Promise<void>;
  /** Ends everything that runs, without reports: the orders still stand. */
  readonly close: () => Promise<void>;
}

interface Running {
  order: SyncOrder;
  readonly stop: AbortController;
  ended: Promise<void>;
}

export function createOrders(deps: OrderDeps): Orders {
  const running = new Map<string, Running>();
  const closing = new AbortController();
  let ended: EndedSession[] = [];
  let standing: readonly SyncOrder[] = [];
  let deliveries: Promise<void>[] = [];

  const save = () => deps.store.save({ orders: standing, ended });

  function start(order: SyncOrder): void {
    const stop = new AbortController();
    const signal = AbortSignal.any([stop.signal, closing.signal]);
    const session: Running = { order, stop, ended: Promise.resolve() };
    session.ended = run(order, signal, () => session.order.limits);
    running.set(order.sessionId, session);
  }

  async function run(order: SyncOrder, signal: AbortSignal, limits: () => Limits): Promise<void> {
    const { sessionId } = order;
    deps.say({
      event: "order",
      sessionId,
      mode: order.mode,
      disks: order.disks.length,
      gateway: `${order.gateway.host}:${order.gateway.port}`,
    });
    const progress = startProgressReports(sessionId, deps, signal);
    const report = await carryOut(order, progress, signal, limits);
    await progress.stop();
    // A copy that was through just when it was called back still counts as done.
    if (signal.aborted && report.state !== "done") {
      running.delete(sessionId);
      deps.say({ event: "stopped", sessionId });
      return;
    }
    deps.say(eventOf(sessionId, report));
    ended = [...ended, { sessionId, report, delivered: false }];
    running.delete(sessionId);
    await save();
    deliver(sessionId, report);
  }

  async function carryOut(
    order: SyncOrder,
    progress: ProgressReports,
    signal: AbortSignal,
    limits: () => Limits,
  ): Promise<Ended> {
    try {
      const { note, noteLine } = progress;
      const done = await deps.carryOut(order, note, signal, limits, noteLine);
      const line = progress.line();
      return { state: "done", ...done, ...(line === undefined ? {} : { line }) };
    } catch (error) {
      return { state: "failed", error: factsOf(error) };
    }
  }

  function deliver(sessionId: string, report: SessionReport): void {
    deliveries.push(deliverUntilTaken(sessionId, report));
  }

  async function deliverUntilTaken(sessionId: string, report: SessionReport): Promise<void> {
    const isWanted = () => ended.some((session) => session.sessionId === sessionId);
    for (let attempt = 0; isWanted() && !closing.signal.aborted; attempt++) {
      try {
        await deps.report(sessionId, report, closing.signal);
        ended = ended.map((session) =>
          session.sessionId === sessionId ? { ...session, delivered: true } : session,
        );
        await save();
        return;
      } catch (error) {
        if (closing.signal.aborted) return;
        const what = `the console to take the report of session ${sessionId}`;
        if (attempt === 0)
          deps.say({ event: "waiting", for: what, problem: describeProblem(error) });
        await pause(backoffMs(attempt), closing.signal);
      }
    }
  }

  async function apply(listed: readonly SyncOrder[]): Promise<void> {
    const ids = new Set(listed.map((order) => order.sessionId));
    for (const [sessionId, session] of [...running]) {
      const now = listed.find((order) => order.sessionId === sessionId);
      if (
        now !== undefined &&
        isDeepStrictEqual({ ...now, limits: session.order.limits }, session.order)
      ) {
        session.order = now;
        continue;
      }
      session.stop.abort();
      await session.ended;
    }
    // What is delivered and no longer listed will not be asked for again.
    ended = ended.filter((session) => ids.has(session.sessionId) || !session.delivered);
    standing = listed;
    await save();
    for (const order of listed) {
      const isKnown = ended.some((session) => session.sessionId === order.sessionId);
      if (!isKnown && !running.has(order.sessionId)) start(order);
    }
  }

  return {
    apply,
    async resume() {
      const kept = await deps.store.load();
      ended = kept.ended;
      for (const session of ended) {
        if (!session.delivered) deliver(session.sessionId, session.report);
      }
      await apply(kept.orders);
    },
    async close() {
      closing.abort();
      await Promise.all([...running.values()].map((session) => session.ended));
      await Promise.all(deliveries);
      deliveries = [];
    },
  };
}

type Ended = Exclude<SessionReport, { state: "running" }>;

function eventOf(sessionId: string, report: Ended): AgentEvent {
  if (report.state === "failed")
    return { event: "failed", sessionId, error: errorFromFacts(report.error).facts };
  const { frozenSeconds } = report;
  return { event: "done", sessionId, ...(frozenSeconds === undefined ? {} : { frozenSeconds }) };
}
