/** Driver repairs from order to callback, as many at once as the gateway has vCPUs. */
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { factsOf, MigrationError } from "#domain/errors.ts";
import {
  type CallbackBody,
  type RepairOrder,
  type RepairReport,
  type RepairState,
  repairOrder,
  repairState,
} from "#domain/protocol/gateway.ts";
import { pause } from "../backoff.ts";
import { deliver, sendHeartbeat } from "./callbacks.ts";
import type { Log } from "./log.ts";
import type { RecordFolder } from "./record-folder.ts";
import type { RepairControl } from "./repair/repair.ts";
import { createWorkers } from "./workers.ts";

export const repairRecord = z.object({
  order: repairOrder,
  outcome: repairState.optional(),
  delivered: z.boolean().default(false),
});
type RepairRecord = z.output<typeof repairRecord>;

export interface RepairDeps {
  readonly records: RecordFolder<RepairRecord>;
  /** Resolves the order's devices and repairs. */
  readonly repair: (order: RepairOrder, control: RepairControl) => Promise<RepairReport>;
  readonly workers: number;
  readonly log: Log;
  readonly heartbeatMs: number;
}

export interface Repairs {
  /** Begins again what a previous process left: a repair may be done twice. */
  readonly resume: () => Promise<void>;
  /** May be repeated. A repeat with another callback moves the report there. */
  readonly start: (repairId: string, order: RepairOrder) => Promise<RepairState>;
  readonly get: (repairId: string) => RepairState;
  readonly close: () => Promise<void>;
}

/** The end of a failed repair's log is what tells why. */
const keptLogCharacters = 90_000;

interface Repair {
  record: RepairRecord;
  doing: string;
}

export function createRepairs(deps: RepairDeps): Repairs {
  const { records, log } = deps;
  const repairs = new Map<string, Repair>();
  const closing = new AbortController();
  const underWay = new Set<Promise<void>>();
  const workers = createWorkers(deps.workers);

  function inBackground(what: string, work: Promise<void>): void {
    const guarded = work
      .catch((error: unknown) => log.error({ what, error }, "unexpected trouble"))
      .finally(() => underWay.delete(guarded));
    underWay.add(guarded);
  }

  async function save(repairId: string, repair: Repair, change: Partial<RepairRecord>) {
    repair.record = { ...repair.record, ...change };
    await records.save(repairId, repair.record);
  }

  async function seeThrough(repairId: string, repair: Repair): Promise<void> {
    const over = new AbortController();
    const unwanted = new AbortController();
    const heartbeats = beat(
      repairId,
      repair,
      unwanted,
      AbortSignal.any([over.signal, closing.signal]),
    );
    const stop = AbortSignal.any([closing.signal, unwanted.signal]);
    const outcome = await workers.run(() => carryOut(repair, stop), stop);
    over.abort();
    await heartbeats;
    // Unfinished because the daemon ends: the next one begins it again.
    if (closing.signal.aborted && outcome?.state !== "done") return;
    await save(repairId, repair, {
      outcome: outcome ?? stopped(repairId),
      delivered: unwanted.signal.aborted,
    });
    log.info({ repairId, state: outcome?.state ?? "stopped" }, "the repair ended");
    await report(repairId, repair);
  }

  async function carryOut(repair: Repair, signal: AbortSignal): Promise<RepairState> {
    let lines = "";
    const note = (line: string) => {
      lines = `${lines}${line}\n`.slice(-keptLogCharacters);
    };
    const onDoing = (doing: string) => {
      repair.doing = doing.slice(0, 500);
      note(doing);
    };
    try {
      const done = await deps.repair(repair.record.order, { log: note, signal, onDoing });
      return { state: "done", report: done };
    } catch (error) {
      return { state: "failed", error: factsOf(error), log: lines };
    }
  }

  async function beat(
    repairId: string,
    repair: Repair,
    unwanted: AbortController,
    signal: AbortSignal,
  ): Promise<void> {
    while (!signal.aborted) {
      const body = { kind: "heartbeat", doing: repair.doing } as const;
      const answer = await sendHeartbeat(repair.record.order.callback, body, log, signal);
      if (answer === "unwanted") {
        log.warn({ repairId }, "nobody waits for this repair any more: it is stopped");
        unwanted.abort();
        return;
      }
      await pause(deps.heartbeatMs, signal);
    }
  }

  async function report(repairId: string, repair: Repair): Promise<void> {
    const { outcome, order, delivered } = repair.record;
    if (outcome === undefined || outcome.state === "running" || delivered) return;
    const body: CallbackBody =
      outcome.state === "done"
        ? { kind: "repair-done", report: outcome.report }
        : { kind: "failed", error: outcome.error, log: outcome.log };
    const isTaken = await deliver(order.callback, body, log, closing.signal);
    if (!isTaken || repair.record.order.callback.url !== order.callback.url) return;
    await save(repairId, repair, { delivered: true });
  }

  function stateOf(repair: Repair): RepairState {
    return repair.record.outcome ?? { state: "running", doing: repair.doing };
  }

  async function accept(repairId: string, order: RepairOrder): Promise<Repair> {
    const repair: Repair = {
      record: { order, delivered: false },
      doing: "waiting for a free repair worker",
    };
    repairs.set(repairId, repair);
    try {
      await records.save(repairId, repair.record);
    } catch (error) {
      repairs.delete(repairId);
      throw error;
    }
    inBackground(`repair ${repairId}`, seeThrough(repairId, repair));
    return repair;
  }

  async function moveCallback(repairId: string, repair: Repair, order: RepairOrder): Promise<void> {
    const { callback, ...rest } = repair.record.order;
    const { callback: asked, ...askedRest } = order;
    if (!isDeepStrictEqual(rest, askedRest)) {
      throw new MigrationError("record.exists", { kind: "repair", id: repairId });
    }
    if (isDeepStrictEqual(callback, asked)) return;
    await save(repairId, repair, { order, delivered: false });
    if (repair.record.outcome !== undefined) {
      inBackground(`report of repair ${repairId}`, report(repairId, repair));
    }
  }

  return {
    async resume() {
      for (const [repairId, record] of await records.loadAll()) {
        const repair: Repair = { record, doing: "beginning again after a restart of the gateway" };
        repairs.set(repairId, repair);
        const work = record.outcome === undefined ? seeThrough : report;
        inBackground(`repair ${repairId}`, work(repairId, repair));
      }
    },
    async start(repairId, order) {
      const known = repairs.get(repairId);
      if (known !== undefined) await moveCallback(repairId, known, order);
      return stateOf(known ?? (await accept(repairId, order)));
    },
    get(repairId) {
      const repair = repairs.get(repairId);
      if (repair === undefined) {
        throw new MigrationError("record.not-found", { kind: "repair", id: repairId });
      }
      return stateOf(repair);
    },
    async close() {
      closing.abort();
      await Promise.all(underWay);
    },
  };
}

function stopped(repairId: string): RepairState {
  const error = new MigrationError("repair.failed", {
    action: `repair ${repairId}`,
    problem: "it was stopped before a worker was free",
  });
  return { state: "failed", error: error.facts, log: "" };
}
