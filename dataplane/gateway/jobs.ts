/**
 * Orders that the gateway carries out by itself, from acceptance to report. An order is on disk before it is
 * accepted, and how it ended before it is reported; so a gateway that is killed begins it again.
 *
 *   PUT ─▶ record ─▶ work, heartbeats … ─▶ outcome in the record ─▶ callback until taken
 */
import { isDeepStrictEqual } from "node:util";
import { MigrationError } from "#domain/errors.ts";
import type { CallbackBody } from "#domain/protocol/gateway.ts";
import { pause } from "../backoff.ts";
import { type Callback, deliver, sendHeartbeat } from "./callbacks.ts";
import type { Log } from "./log.ts";
import type { RecordFolder } from "./record-folder.ts";

export interface JobRecord<Order, State, Kept> {
  readonly order: Order;
  /** What the work keeps for a gateway that begins it again. */
  readonly kept?: Kept | undefined;
  /** Absent while it runs. */
  readonly outcome?: State | undefined;
  /** The console took the outcome, or nobody waits for it. */
  readonly delivered: boolean;
}

type Running<State> = Extract<State, { state: "running" }>;
export type Outcome<State> = Exclude<State, { state: "running" }>;

export interface JobControl<State, Kept> {
  readonly id: string;
  readonly signal: AbortSignal;
  readonly kept: Kept | undefined;
  /** Returns when it is on disk. */
  readonly keep: (kept: Kept) => Promise<void>;
  readonly onState: (state: Running<State>) => void;
}

export interface JobKind<Order, State, Kept> {
  /** As logs and errors name it. */
  readonly name: "repair" | "verification";
  readonly atFirst: Running<State>;
  readonly afterRestart: Running<State>;
  /** Refuses by throwing, before anything is accepted. What it returns is called at the end. */
  readonly admit?: (id: string, order: Order) => () => void;
  /** Never throws: an error is an outcome. Undefined when the signal aborted before it began. */
  readonly carryOut: (
    order: Order,
    control: JobControl<State, Kept>,
  ) => Promise<Outcome<State> | undefined>;
  readonly stopped: (id: string) => Outcome<State>;
  readonly failed: (error: unknown) => Outcome<State>;
  readonly heartbeat: (state: Running<State>) => CallbackBody & { kind: "heartbeat" };
  readonly report: (outcome: Outcome<State>, order: Order) => CallbackBody;
  /** Whether another wish for it begins it anew, when it ended like this. */
  readonly mayBeginAnew: (outcome: Outcome<State>) => boolean;
}

export interface JobDeps<Order, State, Kept> {
  readonly records: RecordFolder<JobRecord<Order, State, Kept>>;
  readonly log: Log;
  readonly heartbeatMs: number;
}

export interface Jobs<Order, State> {
  /** Begins again what a previous process left. */
  readonly resume: () => Promise<void>;
  /** May be repeated. A repeat with another callback moves the report there. */
  readonly start: (id: string, order: Order) => Promise<State>;
  readonly get: (id: string) => State;
  /** Returns when its work has ended. May be repeated. */
  readonly stop: (id: string) => Promise<void>;
  /** Stops and forgets those that this is true of. */
  readonly forget: (isMeant: (order: Order) => boolean) => Promise<void>;
  readonly close: () => Promise<void>;
}

interface Job<Order, State, Kept> {
  record: JobRecord<Order, State, Kept>;
  state: Running<State>;
  unwanted: AbortController;
  /** Resolves when the outcome is on disk. */
  ended: Promise<void>;
}

export function createJobs<
  Order extends { readonly callback: Callback },
  State extends { readonly state: string },
  Kept = never,
>(kind: JobKind<Order, State, Kept>, deps: JobDeps<Order, State, Kept>): Jobs<Order, State> {
  type ThisJob = Job<Order, State, Kept>;
  const { records, log } = deps;
  const jobs = new Map<string, ThisJob>();
  const closing = new AbortController();
  const underWay = new Set<Promise<void>>();
  const nothing = () => undefined;

  function inBackground(id: string, work: Promise<void>): void {
    const guarded = work
      .catch((error: unknown) => log.error({ [kind.name]: id, error }, "unexpected trouble"))
      .finally(() => underWay.delete(guarded));
    underWay.add(guarded);
  }

  async function save(id: string, job: ThisJob, change: Partial<ThisJob["record"]>) {
    job.record = { ...job.record, ...change };
    await records.save(id, job.record);
  }

  function begin(id: string, job: ThisJob, release: () => void): void {
    job.ended = seeThrough(id, job).finally(release);
    inBackground(
      id,
      job.ended.then(() => report(id, job)),
    );
  }

  async function seeThrough(id: string, job: ThisJob): Promise<void> {
    const over = new AbortController();
    const heartbeats = beat(id, job, AbortSignal.any([over.signal, closing.signal]));
    const signal = AbortSignal.any([closing.signal, job.unwanted.signal]);
    const outcome = await kind.carryOut(job.record.order, {
      id,
      signal,
      kept: job.record.kept,
      keep: (kept) => save(id, job, { kept }),
      onState: (state) => {
        job.state = state;
      },
    });
    over.abort();
    await heartbeats;
    // Unfinished because the daemon ends: the next one begins it again.
    if (closing.signal.aborted && outcome?.state !== "done") return;
    const ended = outcome ?? kind.stopped(id);
    await save(id, job, { outcome: ended, delivered: job.unwanted.signal.aborted });
    log.info({ [kind.name]: id, state: ended.state }, `the ${kind.name} ended`);
  }

  async function beat(id: string, job: ThisJob, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const { callback } = job.record.order;
      const answer = await sendHeartbeat(callback, kind.heartbeat(job.state), log, signal);
      if (answer === "unwanted" && callback.url === job.record.order.callback.url) {
        log.warn({ [kind.name]: id }, `nobody waits for this ${kind.name} any more: it is stopped`);
        job.unwanted.abort();
        return;
      }
      await pause(deps.heartbeatMs, signal);
    }
  }

  async function report(id: string, job: ThisJob): Promise<void> {
    const { order, delivered } = job.record;
    const outcome = outcomeOf(job);
    if (outcome === undefined || delivered) return;
    const isTaken = await deliver(order.callback, kind.report(outcome, order), log, closing.signal);
    if (!isTaken || job.record.order.callback.url !== order.callback.url) return;
    await save(id, job, { delivered: true });
  }

  function outcomeOf(job: ThisJob): Outcome<State> | undefined {
    const { outcome } = job.record;
    return outcome === undefined || outcome.state === "running"
      ? undefined
      : (outcome as Outcome<State>);
  }

  function stateOf(job: ThisJob): State {
    return outcomeOf(job) ?? job.state;
  }

  async function accept(id: string, order: Order): Promise<ThisJob> {
    const release = kind.admit?.(id, order) ?? nothing;
    const job: ThisJob = {
      record: { order, delivered: false },
      state: kind.atFirst,
      unwanted: new AbortController(),
      ended: Promise.resolve(),
    };
    jobs.set(id, job);
    try {
      await records.save(id, job.record);
    } catch (error) {
      jobs.delete(id);
      release();
      throw error;
    }
    begin(id, job, release);
    return job;
  }

  async function repeat(id: string, job: ThisJob, order: Order): Promise<ThisJob> {
    const { callback, ...rest } = job.record.order;
    const { callback: asked, ...askedRest } = order;
    if (!isDeepStrictEqual(rest, askedRest)) {
      throw new MigrationError("record.exists", { kind: kind.name, id });
    }
    if (isDeepStrictEqual(callback, asked)) return job;
    const outcome = outcomeOf(job);
    if (outcome !== undefined && kind.mayBeginAnew(outcome)) return accept(id, order);
    await save(id, job, { order, delivered: false });
    if (outcome !== undefined) inBackground(id, report(id, job));
    return job;
  }

  async function resume(id: string, record: ThisJob["record"]): Promise<void> {
    const job: ThisJob = {
      record,
      state: kind.afterRestart,
      unwanted: new AbortController(),
      ended: Promise.resolve(),
    };
    jobs.set(id, job);
    if (record.outcome !== undefined) return inBackground(id, report(id, job));
    try {
      begin(id, job, kind.admit?.(id, record.order) ?? nothing);
    } catch (error) {
      await save(id, job, { outcome: kind.failed(error) });
      inBackground(id, report(id, job));
    }
  }

  function find(id: string): ThisJob {
    const job = jobs.get(id);
    if (job === undefined) throw new MigrationError("record.not-found", { kind: kind.name, id });
    return job;
  }

  return {
    async resume() {
      for (const [id, record] of await records.loadAll()) await resume(id, record);
    },
    async start(id, order) {
      const known = jobs.get(id);
      return stateOf(
        known === undefined ? await accept(id, order) : await repeat(id, known, order),
      );
    },
    get: (id) => stateOf(find(id)),
    async stop(id) {
      const job = find(id);
      job.unwanted.abort();
      await job.ended;
    },
    async forget(isMeant) {
      for (const [id, job] of [...jobs]) {
        if (!isMeant(job.record.order)) continue;
        if (outcomeOf(job) === undefined) job.unwanted.abort();
        await job.ended;
        jobs.delete(id);
        await records.remove(id);
      }
    },
    async close() {
      closing.abort();
      await Promise.all(underWay);
    },
  };
}
