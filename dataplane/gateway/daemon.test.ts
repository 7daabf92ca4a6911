/** The gateway in this process, with shorter waits. */
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RepairReport } from "#domain/protocol/gateway.ts";
import { createFakeConsole, type FakeConsole } from "../fake-console.ts";
import { callPinned } from "../pinned-https.ts";
import { fingerprintOf } from "../wire/identity.ts";
import { type RepairWith, runGateway } from "./daemon.ts";

let folder: string;
let console: FakeConsole;
let running: { stop: AbortController; ended: Promise<void> }[];

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
const repairWith: RepairWith = {
  probeCarriers: async () => ["native"],
  runRepair: async () => report,
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gateway-"));
  console = await createFakeConsole();
  running = [];
  await writeFile(join(folder, "vol-1.raw"), "");
  await truncate(join(folder, "vol-1.raw"), 1024 * 1024);
});

afterEach(async () => {
  for (const gateway of running) gateway.stop.abort();
  await Promise.all(running.map((gateway) => gateway.ended));
  await console.stop();
  await rm(folder, { recursive: true });
});

async function start(change: { repairWith?: RepairWith; agentLostMs?: number } = {}) {
  const stop = new AbortController();
  const quiet = { info: () => {}, warn: () => {}, error: () => {} };
  const ended = runGateway({
    bootstrap: {
      gatewayId: "gw-1",
      consoleUrl: console.url,
      consoleFingerprint: console.identity.fingerprint,
      enrolmentCode: console.secret,
      ports: { control: 0, blocks: 0 },
      listen: "127.0.0.1",
      volumeRoot: folder,
    },
    stateFolder: join(folder, "state"),
    bootId: "boot-1",
    log: quiet,
    signal: stop.signal,
    repairWith: change.repairWith ?? repairWith,
    waits: { heartbeatMs: 50, ...(change.agentLostMs === undefined ? {} : change) },
  });
  running.push({ stop, ended });
  await console.until("the enrolment", () => console.enrolments.length > 0);
  return { stop: () => stop.abort(), ended };
}

function call(method: "GET" | "PUT" | "POST", path: string, body?: unknown) {
  const enrolment = console.enrolments[0];
  if (enrolment === undefined) throw new Error("the gateway has not enrolled");
  const { ports, controlToken, certificatePem } = enrolment;
  return callPinned(
    { url: `https://127.0.0.1:${ports.control}`, fingerprint: fingerprintOf(certificatePem) },
    { method, path, body, token: controlToken, timeoutMs: 10_000 },
  );
}

const device = () => ({ by: "path", path: join(folder, "vol-1.raw") });
const callback = () => ({
  url: `${console.url}/v1/callbacks/opaque`,
  consoleFingerprint: console.identity.fingerprint,
});
it("a volume that hangs there is found without being opened, and one that does not is not", async () => {
  await start();
  const search = (path: string) =>
    call("POST", "/v1/devices/find", { volumeId: "vol-1", device: { by: "path", path } });

  const found = await search(device().path);
  const absent = await search(join(folder, "vol-2.raw"));
  const elsewhere = await search("/etc/hostname");

  expect(found).toMatchObject({ status: 200, body: { path: device().path } });
  expect(absent).toMatchObject({ status: 409, body: { error: { code: "volume.not-attached" } } });
  expect(elsewhere).toMatchObject({ status: 400, body: { error: { code: "input.invalid" } } });
});

describe("sessions", () => {
  it("one that has no agent for too long fails and says so", async () => {
    await start({ agentLostMs: 300 });
    await call("PUT", "/v1/sessions/s-1", {
      serverId: "srv-1",
      mode: "initial",
      agentFingerprint: "0".repeat(64),
      volumes: [{ diskId: "d", volumeId: "vol-1", sizeBytes: 1024 * 1024, device: device() }],
      callback: callback(),
    });

    await console.until("the failure", () =>
      console.callbacks.some((c) => c.body.kind === "failed"),
    );

    expect(console.callbacks[0]?.body).toMatchObject({
      kind: "heartbeat",
      progress: { waitingForAgent: true },
    });
    expect(console.callbacks.at(-1)?.body).toMatchObject({
      kind: "failed",
      error: { code: "sync.agent-lost", params: { server: "srv-1" } },
    });
    expect((await call("GET", "/v1/sessions/s-1")).body).toMatchObject({
      state: "failed",
      error: { code: "sync.agent-lost" },
    });
  });
});

describe("repairs", () => {
  it("the carriers that work here are told at enrolment", async () => {
    await start();

    expect(console.enrolments[0]?.repairCarriers).toEqual(["native"]);
  });
});
