import { execFileSync } from "node:child_process";
import { mkdtemp, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { noLimits } from "#domain/copy-limits.ts";
import { type Daemon, startDaemon } from "../daemon-process.ts";
import { createFakeConsole, type FakeConsole } from "../fake-console.ts";

let folder: string;
let console: FakeConsole;
let daemons: Daemon[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "agent-"));
  console = await createFakeConsole();
  daemons = [];
  await writeFile(join(folder, "disk.raw"), "");
  await truncate(join(folder, "disk.raw"), 4 * 1024 * 1024);
});

afterEach(async () => {
  await Promise.all(daemons.map((daemon) => daemon.kill("SIGKILL")));
  await console.stop();
  await rm(folder, { recursive: true });
});

function startAgent(...more: string[]): Daemon {
  const disk = `sda=${join(folder, "disk.raw")}`;
  const state = join(folder, "state");
  const daemon = startDaemon("agent/hypermotion-agent.mjs", [
    ...["--state", state, "--disk", disk, "--name", "web-1", ...more],
  ]);
  daemons.push(daemon);
  return daemon;
}

const address = () => `127.0.0.1:${console.port}`;

describe("hypermotion-agent", () => {
  it("registers once and sends its inventory at every start (R-137)", async () => {
    const first = startAgent("--console", address(), "--code", console.code);
    await first.says("waits for orders");
    await first.kill("SIGTERM");
    const second = startAgent();
    await second.says("waits for orders");

    expect(console.registrations).toHaveLength(1);
    expect(console.registrations[0]?.name).toBe("web-1");
    expect(console.inventories).toHaveLength(2);
    expect(console.inventories[1]?.inventory.disks).toMatchObject([
      { deviceName: "sda", sizeBytes: 4 * 1024 * 1024, role: "system", partitionTable: "none" },
    ]);
  });

  it("looks at the server again and again, and tells the console what changed", async () => {
    const agent = startAgent(
      ...["--console", address(), "--code", console.code, "--inventory-every", "1"],
    );
    await agent.says("waits for orders");
    const table = "label: dos\nsize=1MiB\n";
    execFileSync("sfdisk", ["-q", join(folder, "disk.raw")], {
      ...{ input: table, env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` } },
    });
    await console.until("it told of the partition", () => console.inventories.length === 2);

    expect(console.inventories[0]?.inventory.disks[0]?.partitions).toEqual([]);
    expect(console.inventories[1]?.inventory.disks[0]).toMatchObject({
      partitionTable: "mbr",
      partitions: [{ number: 1, sizeBytes: 1024 ** 2 }],
    });
    expect(await agent.kill("SIGTERM")).toBe(0);
  });

  it("leaves a console alone for as long as it says", async () => {
    console.askAgainSeconds = 600;
    const agent = startAgent("--console", address(), "--code", console.code);
    await agent.says("waits for orders");
    await console.until("it asked for orders", () => console.polls > 0);
    // A console that is asked without a pause is asked many times in this.
    await new Promise((resolve) => setTimeout(resolve, 1000));

    expect(console.polls).toBe(1);
    expect(await agent.kill("SIGTERM")).toBe(0);
  });

  it("ends quietly with status 0 when it is told to end", async () => {
    const agent = startAgent("--console", address(), "--code", console.code);
    await agent.says("waits for orders");

    expect(await agent.kill("SIGTERM")).toBe(0);
  });

  it("keeps its key and its token where only its owner can read them", async () => {
    const agent = startAgent("--console", address(), "--code", console.code);
    await agent.says("waits for orders");

    for (const file of ["identity.pem", "registration.json"]) {
      expect((await stat(join(folder, "state", file))).mode & 0o777).toBe(0o600);
    }
  });

  it("ends with the status for access when the code is unknown", async () => {
    const wrong = `${"x".repeat(24)}.${console.identity.fingerprint}`;
    const agent = startAgent("--console", address(), "--code", wrong);

    expect(await agent.ended).toBe(6);
    expect(agent.output()).toContain("The code is unknown, used up or expired");
  });

  it("sends nothing to a console that shows another certificate than the code names", async () => {
    const agent = startAgent(
      "--console",
      address(),
      "--code",
      `${console.secret}.${"0".repeat(64)}`,
    );

    expect(await agent.ended).toBe(6);
    expect(agent.output()).toContain("shows another certificate");
    expect(console.registrations).toHaveLength(0);
  });

  it("understands the misprinted address of older manuals (X-06)", async () => {
    const agent = startAgent("--console", `http://:${address()}`, "--code", console.code);

    await agent.says("waits for orders");
    expect(console.registrations).toHaveLength(1);
  });

  it("says what is missing when it was never registered", async () => {
    const agent = startAgent();

    expect(await agent.ended).toBe(2);
    expect(agent.output()).toContain("--console and --code");
  });

  it("accepts the same command line again after it has registered", async () => {
    const first = startAgent("--console", address(), "--code", console.code);
    await first.says("waits for orders");
    await first.kill("SIGKILL");
    const second = startAgent("--console", address(), "--code", console.code);
    await second.says("waits for orders");

    expect(console.registrations).toHaveLength(1);
  });

  it("waits for a console that is away, and says so", async () => {
    await console.stop();
    const agent = startAgent("--console", address(), "--code", console.code);
    await agent.says("Waiting for the console to register at");
    await console.start();

    await agent.says("waits for orders");
  });

  it("goes on when the console comes back after a restart", async () => {
    const agent = startAgent("--console", address(), "--code", console.code);
    await agent.says("waits for orders");
    await console.stop();
    await agent.says("Waiting for orders of the console");
    await console.start();

    await agent.says("The console answers again");
  });

  it("ends with a hint when the console has forgotten it", async () => {
    const first = startAgent("--console", address(), "--code", console.code);
    await first.says("waits for orders");
    await first.kill("SIGTERM");
    console.refusals.set("/v1/agents/me", 401);
    const second = startAgent();

    expect(await second.ended).toBe(6);
    expect(second.output()).toContain("Register it anew");
  });

  it("registers anew with a new code when the console has forgotten it", async () => {
    const first = startAgent("--console", address(), "--code", console.code);
    await first.says("waits for orders");
    await first.kill("SIGTERM");
    console.refusals.set("/v1/agents/me", 401);
    const second = startAgent("--code", console.code);
    await console.until("a second registration", () => console.registrations.length === 2);
    await second.kill("SIGKILL");

    expect(console.registrations[1]?.certificatePem).toBe(console.registrations[0]?.certificatePem);
  });

  it("refuses to run twice with one state folder", async () => {
    const first = startAgent("--console", address(), "--code", console.code);
    await first.says("waits for orders");
    const second = startAgent();

    expect(await second.ended).toBe(4);
    expect(second.output()).toContain("Another hypermotion-agent works with the state folder");
  });

  it("reports an order for a disk it does not have as failed", async () => {
    const agent = startAgent("--console", address(), "--code", console.code);
    await agent.says("waits for orders");
    console.setOrders([
      {
        sessionId: "s-1",
        mode: "initial",
        gateway: { id: "g", host: "127.0.0.1", port: 1, certificateFingerprint: "0".repeat(64) },
        disks: [{ diskId: "no-such", volumeId: "v", sizeBytes: 1 }],
        limits: { ...noLimits, rateBytesPerSecond: 0 },
        quiesce: false,
      },
    ]);
    await console.until("the report", () => console.reports.length === 1);

    expect(console.reports[0]?.report).toMatchObject({
      state: "failed",
      error: { code: "disk.vanished", params: { disk: "no-such" } },
    });
  });

  it("writes JSON lines to standard output when asked to", async () => {
    const agent = startAgent("--console", address(), "--code", console.code, "--json");
    await agent.says('"event":"ready"');

    const events = agent
      .output()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).event);
    expect(events).toEqual(["registered", "note", "ready"]);
  });
});
