/** Agent and gateway as the processes they are in production, with a console between them. */

import { execFile, execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, open, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { noLimits } from "#domain/copy-limits.ts";
import type { SyncOrder } from "#domain/protocol/agent.ts";
import { type Daemon, startDaemon } from "./daemon-process.ts";
import { createFakeConsole, type FakeConsole } from "./fake-console.ts";
import { callPinned } from "./pinned-https.ts";
import { fingerprintOf } from "./wire/identity.ts";

// Six processes with threads of their own share two cores with whatever else is tested.
vi.setConfig({ testTimeout: 180_000 });

const MiB = 1024 * 1024;
const diskBytes = 24 * MiB + 512;

let folder: string;
let console: FakeConsole;
let daemons: Daemon[];
let disk: string;
let volume: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "dataplane-"));
  console = await createFakeConsole();
  daemons = [];
  disk = join(folder, "disk.raw");
  volume = join(folder, "volumes", "vol-1.raw");
  await mkdir(join(folder, "volumes"));
  await writeFile(volume, "");
  await truncate(volume, 32 * MiB);
  await writeFile(disk, "");
  await truncate(disk, diskBytes);
  await scribble(0, 12 * MiB, 1);
});

afterEach(async () => {
  await Promise.all(daemons.map((daemon) => daemon.kill("SIGKILL")));
  await console.stop();
  await rm(folder, { recursive: true });
});

/** Bytes that neither compress nor repeat, the same for the same seed. */
async function scribble(offsetBytes: number, lengthBytes: number, seed: number): Promise<void> {
  const file = await open(disk, "r+");
  const block = Buffer.alloc(64 * 1024);
  for (let at = 0; at < lengthBytes; at += block.length) {
    let hash = createHash("sha256").update(`${seed}:${at}`).digest();
    for (let place = 0; place < block.length; place += 32) {
      hash.copy(block, place);
      hash = createHash("sha256").update(hash).digest();
    }
    await file.write(block, 0, Math.min(block.length, lengthBytes - at), offsetBytes + at);
  }
  await file.close();
}

async function sha256(path: string): Promise<string> {
  const content = await readFile(path);
  return createHash("sha256").update(content.subarray(0, diskBytes)).digest("hex");
}

async function startGateway(): Promise<Daemon> {
  const config = {
    gatewayId: "gw-1",
    consoleUrl: console.url,
    consoleFingerprint: console.identity.fingerprint,
    enrolmentCode: console.secret,
    ports: { control: 0, blocks: 0 },
    listen: "127.0.0.1",
    volumeRoot: join(folder, "volumes"),
  };
  await writeFile(join(folder, "gateway.json"), JSON.stringify(config));
  const daemon = startDaemon("gateway/hypermotion-gateway.mjs", [
    ...["--config", join(folder, "gateway.json"), "--state", join(folder, "gateway")],
  ]);
  daemons.push(daemon);
  await daemon.says("the gateway listens");
  await console.until("the enrolment", () => console.enrolments.length > 0);
  return daemon;
}

async function startAgent(...more: string[]): Promise<Daemon> {
  const daemon = startDaemon("agent/hypermotion-agent.mjs", [
    ...["--console", `127.0.0.1:${console.port}`, "--code", console.code],
    ...["--state", join(folder, "agent"), "--disk", `sda=${disk}`, ...more],
  ]);
  daemons.push(daemon);
  await console.until("the registration", () => console.registrations.length > 0);
  return daemon;
}

function control(method: "PUT" | "DELETE", path: string, body?: unknown) {
  const { ports, controlToken, certificatePem } = console.enrolments[0] ?? fail();
  return callPinned(
    { url: `https://127.0.0.1:${ports.control}`, fingerprint: fingerprintOf(certificatePem) },
    { method, path, body, token: controlToken, timeoutMs: 20_000 },
  );
}

/** What the console does for one pass: an order to the gateway, then one to the agent. */
async function order(sessionId: string, change: Partial<SyncOrder> = {}): Promise<void> {
  const { ports, certificatePem } = console.enrolments[0] ?? fail();
  const { certificatePem: agentPem, inventory } = console.registrations[0] ?? fail();
  const diskId = inventory.disks[0]?.id ?? fail();
  const gatewayFingerprint = fingerprintOf(certificatePem);
  const volumes = [
    { diskId, volumeId: "vol-1", sizeBytes: diskBytes, device: { by: "path", path: volume } },
  ];
  const answer = await control("PUT", `/v1/sessions/${sessionId}`, {
    serverId: "srv-1",
    mode: change.mode ?? "initial",
    agentFingerprint: fingerprintOf(agentPem),
    volumes,
    callback: {
      url: `${console.url}/v1/callbacks/token-of-${sessionId}`,
      consoleFingerprint: console.identity.fingerprint,
    },
  });
  expect(answer.status).toBe(200);
  console.setOrders([
    {
      sessionId,
      mode: "initial",
      gateway: {
        id: "gw-1",
        host: "127.0.0.1",
        port: ports.blocks,
        certificateFingerprint: gatewayFingerprint,
      },
      disks: [{ diskId, volumeId: "vol-1", sizeBytes: diskBytes }],
      limits: { ...noLimits, rateBytesPerSecond: 0 },
      quiesce: false,
      ...change,
    },
  ]);
}

const fail = (): never => {
  throw new Error("not there yet");
};

async function result(sessionId: string) {
  const find = () =>
    console.callbacks.find(
      ({ token, body }) => token === `token-of-${sessionId}` && body.kind !== "heartbeat",
    )?.body;
  await console.until(`the end of ${sessionId}`, () => find() !== undefined);
  const body = find();
  if (body?.kind !== "sync-done") throw new Error(`it ended with ${JSON.stringify(body)}`);
  return body.result;
}

const isReportedDone = (sessionId: string) =>
  console.reports.some((told) => told.sessionId === sessionId && told.report.state === "done");

/** Slow enough that something can happen in the middle. */
const slow = { limits: { ...noLimits, rateBytesPerSecond: MiB } };

const untilMoving = () =>
  console.until("progress", () =>
    console.reports.some(
      ({ report }) =>
        report.state === "running" && (report.progress.volumes[0]?.doneBytes ?? 0) > 0,
    ),
  );

describe("a copy from agent to gateway", () => {
  it("makes the volume equal to the disk, and both tell the console (R-139)", async () => {
    await startGateway();
    await startAgent();

    await order("s-1");
    const { volumes } = await result("s-1");
    await console.until("the agent's report", () => isReportedDone("s-1"));

    expect(volumes).toMatchObject([
      { volumeId: "vol-1", totalBytes: diskBytes, doneBytes: diskBytes },
    ]);
    expect(await sha256(volume)).toBe(await sha256(disk));
  });

  it("sends little when little has changed since", async () => {
    await startGateway();
    await startAgent();
    await order("s-1");
    await result("s-1");
    await scribble(5 * MiB, 64 * 1024, 2);

    await order("s-2", { mode: "delta" });
    const { volumes } = await result("s-2");

    expect(await sha256(volume)).toBe(await sha256(disk));
    expect(volumes[0]?.sentBytes).toBeLessThan(2 * MiB);
  });

  it("goes on after the gateway was killed -9 in the middle", async () => {
    const gateway = await startGateway();
    await startAgent();
    await order("s-1", slow);
    await untilMoving();
    await gateway.kill("SIGKILL");

    await startGateway();
    await result("s-1");

    expect(await sha256(volume)).toBe(await sha256(disk));
    expect(console.enrolments).toHaveLength(1);
  });

  it("goes on after the agent was killed -9 in the middle, also while the console is away", async () => {
    await startGateway();
    const agent = await startAgent();
    await order("s-1", slow);
    await untilMoving();
    await agent.kill("SIGKILL");
    await console.stop();

    const second = await startAgent();
    await second.says("Session s-1: done");
    await console.start();
    await result("s-1");
    await console.until("the agent's report", () => isReportedDone("s-1"));

    expect(await sha256(volume)).toBe(await sha256(disk));
    expect(console.reports.filter(({ report }) => report.state === "done")).toHaveLength(1);
  });

  it("is stopped when the console no longer lists it", async () => {
    await startGateway();
    const agent = await startAgent();
    await order("s-1", slow);
    await untilMoving();

    console.setOrders([]);

    await agent.says("Session s-1: stopped");
  });
});

const canFreeze =
  process.getuid?.() === 0 && spawnSync("fsfreeze", ["--version"]).error === undefined;
const suite = canFreeze ? describe : describe.skip;

suite(`a quiesced copy${canFreeze ? "" : " (skipped: needs root and fsfreeze)"}`, () => {
  let mountPoint: string;

  beforeEach(async () => {
    mountPoint = join(folder, "mnt");
    await mkdir(mountPoint);
    execFileSync("mkfs.ext4", ["-q", "-F", disk, "24M"]);
    execFileSync("mount", ["-o", "loop", disk, mountPoint]);
    await writeFile(join(mountPoint, "data"), Buffer.alloc(8 * MiB, "data"));
  });

  afterEach(async () => {
    await Promise.all(daemons.map((daemon) => daemon.kill("SIGKILL")));
    spawnSync("fsfreeze", ["--unfreeze", mountPoint]);
    execFileSync("umount", [mountPoint]);
  });

  it("thaws when the agent is killed -9, and tells how long it froze when it is through", async () => {
    await startGateway();
    const agent = await startAgent();
    await order("s-1", {
      mode: "final",
      quiesce: true,
      limits: { ...noLimits, rateBytesPerSecond: MiB },
    });
    await agent.says("freezing");
    await untilMoving();
    await agent.kill("SIGKILL");
    // It would wait for ever, were the file system still frozen.
    await promisify(execFile)("touch", [join(mountPoint, "after")]);

    console.setOrders([]);
    await control("DELETE", "/v1/sessions/s-1");
    await startAgent();
    await order("s-2", { mode: "final", quiesce: true });
    await console.until("the agent's report", () => isReportedDone("s-2"));

    const { report } = console.reports.findLast(({ sessionId }) => sessionId === "s-2") ?? fail();
    expect(report).toMatchObject({ state: "done", frozenSeconds: expect.any(Number) });
  });
});
