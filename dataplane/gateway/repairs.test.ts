/** Reports go to a real console; only the repairing itself is not real. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { MigrationError } from "#domain/errors.ts";
import { type RepairOrder, type RepairReport, repairOrder } from "#domain/protocol/gateway.ts";
import { createFakeConsole, type FakeConsole } from "../fake-console.ts";
import { openRecordFolder } from "./record-folder.ts";
import { createRepairs, type RepairDeps, type Repairs, repairRecord } from "./repairs.ts";

let folder: string;
let console: FakeConsole;
let opened: Repairs[];

const report: RepairReport = {
  carrier: "native",
  guest: {
    distribution: "debian",
    version: "12",
    kernels: [],
    bootLoader: "grub",
    initramfsTool: "i",
  },
  actions: [],
  checks: [],
  seconds: 1,
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "repairs-"));
  console = await createFakeConsole();
  opened = [];
});

afterEach(async () => {
  await Promise.all(opened.map((repairs) => repairs.close()));
  await console.stop();
  await rm(folder, { recursive: true });
});

function open(repair: RepairDeps["repair"], workers = 2): Repairs {
  const repairs = createRepairs({
    records: openRecordFolder(folder, repairRecord),
    repair,
    workers,
    log: { info: () => {}, warn: () => {}, error: () => {} },
    heartbeatMs: 50,
  });
  opened.push(repairs);
  return repairs;
}

function order(token = "opaque"): RepairOrder {
  return repairOrder.parse({
    serverId: "srv-1",
    volumes: [{ volumeId: "v", sourceDeviceName: "sda", device: { by: "serial", serial: "v" } }],
    hardware: { platform: "local", storage: "virtio-blk", network: "virtio-net", firmware: "bios" },
    callback: {
      url: `${console.url}/v1/callbacks/${token}`,
      consoleFingerprint: console.identity.fingerprint,
    },
  });
}

const told = (kind: string) => console.callbacks.filter(({ body }) => body.kind === kind);
const untilTold = (kind: string, times = 1) =>
  console.until(kind, () => told(kind).length === times);

/** A repair that goes on until it is stopped. */
const endless: RepairDeps["repair"] = (_, { signal, onDoing }) => {
  onDoing("repairing");
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(new Error("stopped")));
  });
};

describe("repairs", () => {
  it("a repeated order is carried out once, and its report reaches the console", async () => {
    let begun = 0;
    const repairs = open(async () => {
      begun++;
      return report;
    });

    await repairs.start("r-1", order());
    await repairs.start("r-1", order());
    await untilTold("repair-done");

    expect(begun).toBe(1);
    expect(repairs.get("r-1")).toEqual({ state: "done", report });
  });

  it("another order under the same id is refused", async () => {
    const repairs = open(endless);
    await repairs.start("r-1", order());

    const other = repairs.start("r-1", { ...order(), network: "keep" });

    await expect(other).rejects.toMatchObject({ code: "record.exists" });
  });

  it("a repeat with another callback has the report sent there, also when it is over", async () => {
    const repairs = open(async () => report);
    await repairs.start("r-1", order("first"));
    await untilTold("repair-done");

    await repairs.start("r-1", order("second"));
    await untilTold("repair-done", 2);

    expect(told("repair-done").map(({ token }) => token)).toEqual(["first", "second"]);
  });

  it("one that fails is reported with its log", async () => {
    const repairs = open(async (_, { log }) => {
      log("mounting the root");
      throw new MigrationError("repair.failed", { action: "mount", problem: "bad superblock" });
    });

    await repairs.start("r-1", order());
    await untilTold("failed");

    expect(told("failed")[0]?.body).toMatchObject({
      error: { code: "repair.failed" },
      log: "mounting the root\n",
    });
  });

  it("one that was under way is begun again by the next process", async () => {
    const first = open(endless);
    await first.start("r-1", order());
    await first.close();

    const second = open(async () => report);
    await second.resume();
    await untilTold("repair-done");

    expect(second.get("r-1")).toEqual({ state: "done", report });
  });

  it("a report the console did not take is sent by the next process", async () => {
    console.refusals.set("/v1/callbacks", 503);
    const first = open(async () => report);
    await first.start("r-1", order());
    while (first.get("r-1").state !== "done")
      await new Promise((resolve) => setTimeout(resolve, 10));
    await first.close();
    console.refusals.clear();

    const second = open(endless);
    await second.resume();

    await untilTold("repair-done");
  });

  it("as many run at once as there are workers, and the next says that it waits (R-181)", async () => {
    const repairs = open(endless, 2);

    for (const id of ["r-1", "r-2", "r-3"]) await repairs.start(id, order());

    const doing = ["r-1", "r-2", "r-3"].map((id) => repairs.get(id));
    expect(doing).toEqual([
      { state: "running", doing: "repairing" },
      { state: "running", doing: "repairing" },
      { state: "running", doing: "waiting for a free repair worker" },
    ]);
  });

  it("one that nobody waits for any more is stopped", async () => {
    console.refusals.set("/v1/callbacks", 404);
    const repairs = open(endless);

    await repairs.start("r-1", order());
    while (repairs.get("r-1").state === "running")
      await new Promise((resolve) => setTimeout(resolve, 10));

    expect(repairs.get("r-1")).toMatchObject({ state: "failed" });
  });
});
