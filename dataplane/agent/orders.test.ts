import { beforeEach, describe, expect, it } from "vitest";
import { type Limits, noLimits } from "#domain/copy-limits.ts";
import { MigrationError } from "#domain/errors.ts";
import type { SessionReport, SyncOrder } from "#domain/protocol/agent.ts";
import type { AgentEvent } from "./events.ts";
import { createOrders, type OrderDeps } from "./orders.ts";
import type { Sessions } from "./state.ts";

const order = (sessionId: string): SyncOrder => ({
  sessionId,
  mode: "initial",
  gateway: { id: "g", host: "gateway", port: 12222, certificateFingerprint: "0".repeat(64) },
  disks: [{ diskId: "d", volumeId: "v", sizeBytes: 1 }],
  limits: { ...noLimits, rateBytesPerSecond: 0 },
  quiesce: false,
});

interface Copy {
  readonly sessionId: string;
  readonly finish: () => void;
  readonly fail: (error: unknown) => void;
  readonly signal: AbortSignal;
  readonly limits: () => Limits;
}

let disk: Sessions;
let copies: Copy[];
let reports: { sessionId: string; report: SessionReport }[];
let said: AgentEvent[];
let isConsoleAway: boolean;

beforeEach(() => {
  disk = { orders: [], ended: [] };
  copies = [];
  reports = [];
  said = [];
  isConsoleAway = false;
});

function open() {
  const deps: OrderDeps = {
    store: {
      load: async () => structuredClone(disk),
      save: async (value) => {
        disk = structuredClone({ orders: [...value.orders], ended: [...value.ended] });
      },
    },
    carryOut: ({ sessionId }, _, signal, limits) =>
      new Promise((resolve, reject) => {
        const fail = (error: unknown) => reject(error);
        signal.addEventListener("abort", () =>
          fail(new MigrationError("sync.stopped", { server: "s" })),
        );
        copies.push({ sessionId, finish: () => resolve({}), fail, signal, limits });
      }),
    report: async (sessionId, report) => {
      if (isConsoleAway)
        throw new MigrationError("console.unreachable", { address: "c", problem: "away" });
      reports.push({ sessionId, report });
      return true;
    },
    say: (event) => said.push(event),
    reportEveryMs: () => 60_000,
  };
  return createOrders(deps);
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 20));

describe("standing orders", () => {
  it("an order listed twice is carried out once", async () => {
    const orders = open();

    await orders.apply([order("a")]);
    await orders.apply([order("a")]);

    expect(copies).toHaveLength(1);
    await orders.close();
  });

  it("a copy is stopped when its order is no longer listed, and not reported", async () => {
    const orders = open();
    await orders.apply([order("a")]);

    await orders.apply([]);

    expect(copies[0]?.signal.aborted).toBe(true);
    expect(said.at(-1)).toEqual({ event: "stopped", sessionId: "a" });
    expect(reports).toEqual([]);
    await orders.close();
  });

  it("an order that changed is taken up anew", async () => {
    const orders = open();
    await orders.apply([order("a")]);

    await orders.apply([{ ...order("a"), quiesce: true }]);

    expect(copies).toHaveLength(2);
    expect(copies[0]?.signal.aborted).toBe(true);
    await orders.close();
  });

  it("new limits hold for the copy that runs", async () => {
    const orders = open();
    await orders.apply([order("a")]);
    const limits = { ...noLimits, rateBytesPerSecond: 1000, paused: true };

    await orders.apply([{ ...order("a"), limits }]);

    expect(copies).toHaveLength(1);
    expect(copies[0]?.signal.aborted).toBe(false);
    expect(copies[0]?.limits()).toEqual(limits);
    await orders.close();
  });

  it("a session that ended is not run again while it is still listed", async () => {
    const orders = open();
    await orders.apply([order("a")]);
    copies[0]?.finish();
    await settle();

    await orders.apply([order("a")]);

    expect(copies).toHaveLength(1);
    expect(reports).toEqual([{ sessionId: "a", report: { state: "done" } }]);
    await orders.close();
  });

  it("a restarted agent goes on with what stood, before the console answers", async () => {
    const first = open();
    await first.apply([order("a")]);
    await first.close();
    const second = open();

    await second.resume();

    expect(copies.map((copy) => copy.sessionId)).toEqual(["a", "a"]);
    expect(reports).toEqual([]);
    await second.close();
  });

  it("a restarted agent does not run a session again that had ended", async () => {
    const first = open();
    await first.apply([order("a")]);
    copies[0]?.finish();
    await settle();
    await first.close();
    const second = open();

    await second.resume();
    await second.apply([order("a")]);

    expect(copies).toHaveLength(1);
    await second.close();
  });

  it("a failure that could not be told is told by the next agent", async () => {
    isConsoleAway = true;
    const first = open();
    await first.apply([order("a")]);
    copies[0]?.fail(new MigrationError("disk.vanished", { disk: "d", problem: "gone" }));
    await settle();
    await first.close();
    isConsoleAway = false;
    const second = open();

    await second.resume();
    await settle();

    const error = { code: "disk.vanished", params: { disk: "d", problem: "gone" } };
    expect(reports).toEqual([{ sessionId: "a", report: { state: "failed", error } }]);
    await second.close();
  });

  it("a session that is over and no longer listed is forgotten", async () => {
    const orders = open();
    await orders.apply([order("a")]);
    copies[0]?.finish();
    await settle();

    await orders.apply([]);

    expect(disk).toEqual({ orders: [], ended: [] });
    await orders.close();
  });
});
