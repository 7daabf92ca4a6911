import { mkdir, mkdtemp, readFile, rm, stat, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Daemon, startDaemon } from "../daemon-process.ts";
import { createFakeConsole, type FakeConsole } from "../fake-console.ts";
import { type Answer, type Call, callPinned } from "../pinned-https.ts";
import { fingerprintOf } from "../wire/identity.ts";

let folder: string;
let console: FakeConsole;
let daemons: Daemon[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gateway-"));
  console = await createFakeConsole();
  daemons = [];
  await mkdir(join(folder, "volumes"));
  await writeFile(join(folder, "volumes", "vol-1.raw"), "");
  await truncate(join(folder, "volumes", "vol-1.raw"), 1024 * 1024);
});

afterEach(async () => {
  await Promise.all(daemons.map((daemon) => daemon.kill("SIGKILL")));
  await console.stop();
  await rm(folder, { recursive: true });
});

async function startGateway(
  change: Record<string, unknown> = {},
  env: NodeJS.ProcessEnv = {},
): Promise<Daemon> {
  const config = {
    gatewayId: "gw-1",
    consoleUrl: console.url,
    consoleFingerprint: console.identity.fingerprint,
    enrolmentCode: console.secret,
    ports: { control: 0, blocks: 0 },
    listen: "127.0.0.1",
    volumeRoot: join(folder, "volumes"),
    ...change,
  };
  await writeFile(join(folder, "config.json"), JSON.stringify(config));
  const daemon = startDaemon(
    "gateway/hypermotion-gateway.mjs",
    ["--config", join(folder, "config.json"), "--state", join(folder, "state")],
    env,
  );
  daemons.push(daemon);
  return daemon;
}

async function enrolled(): Promise<void> {
  await console.until("the enrolment", () => console.enrolments.length > 0);
}

function call(request: Partial<Call>): Promise<Answer> {
  const enrolment = console.enrolments[0];
  if (enrolment === undefined) throw new Error("the gateway has not enrolled");
  return callPinned(
    {
      url: `https://127.0.0.1:${enrolment.ports.control}`,
      fingerprint: fingerprintOf(enrolment.certificatePem),
    },
    { method: "GET", token: enrolment.controlToken, timeoutMs: 10_000, ...request },
  );
}

function order(device: unknown = { by: "path", path: join(folder, "volumes", "vol-1.raw") }) {
  return {
    serverId: "srv-1",
    mode: "initial",
    agentFingerprint: "0".repeat(64),
    volumes: [{ diskId: "d-1", volumeId: "vol-1", sizeBytes: 1024 * 1024, device }],
    callback: {
      url: `${console.url}/v1/callbacks/opaque`,
      consoleFingerprint: console.identity.fingerprint,
    },
  };
}

describe("hypermotion-gateway", () => {
  it("enrols once, and keeps its ports and its certificate over a restart", async () => {
    const first = await startGateway();
    await first.says("the console knows this gateway");
    await first.kill("SIGKILL");
    const second = await startGateway();
    await second.says("the gateway listens");

    expect((await call({ path: "/v1/health" })).body).toMatchObject({ gatewayId: "gw-1" });
    expect(console.enrolments).toHaveLength(1);
    expect((await stat(join(folder, "state", "gateway.json"))).mode & 0o777).toBe(0o600);
  });

  it("waits for a console that is away before it enrols", async () => {
    await console.stop();
    const gateway = await startGateway();
    await gateway.says("waiting for the console to take the enrolment");
    await console.start();

    await enrolled();
  });

  it("ends with a clear line when the console refuses its code", async () => {
    const gateway = await startGateway({ enrolmentCode: "used-up" });

    expect(await gateway.ended).toBe(6);
    expect(gateway.output()).toContain("the console refuses the enrolment code");
  });

  it("sends nothing to a console with another certificate", async () => {
    const gateway = await startGateway({ consoleFingerprint: "0".repeat(64) });
    await gateway.says("shows another certificate");

    expect(console.enrolments).toHaveLength(0);
  });

  it("says what is wrong in its configuration without showing the code", async () => {
    const gateway = await startGateway({ consoleUrl: "nowhere" });

    expect(await gateway.ended).toBe(2);
    expect(gateway.output()).toContain("consoleUrl");
    expect(gateway.output()).not.toContain(console.secret);
  });

  it("ends quietly with status 0 when it is told to end", async () => {
    const gateway = await startGateway();
    await gateway.says("the console knows this gateway");

    expect(await gateway.kill("SIGTERM")).toBe(0);
  });

  it("answers nobody without its token, and hostile requests with an error of ours", async () => {
    await startGateway();
    await enrolled();
    const path = "/v1/sessions/s-1";
    const manyBytes = "x".repeat(2 * 1024 * 1024);

    const answers = [
      await call({ path: "/v1/health", token: "guess" }),
      await call({ path: "/nowhere" }),
      await call({ method: "PUT", path, body: "a text" }),
      await call({ method: "PUT", path, body: { ...order(), volumes: [] } }),
      await call({ method: "PUT", path, body: { ...order(), extra: manyBytes } }),
      await call({ method: "PUT", path: "/v1/sessions/..%2F..%2Fetc", body: order() }),
      await call({ path: "/v1/sessions/unknown" }),
      await call({ path: "/v1/repairs/unknown" }),
      await call({ method: "DELETE", path: "/v1/sessions/unknown" }),
    ];

    expect(answers.map((answer) => answer.status)).toEqual([
      401, 404, 400, 400, 400, 400, 404, 404, 404,
    ]);
    for (const answer of answers) {
      expect(answer.body).toMatchObject({ error: { code: expect.any(String) } });
    }
    expect((await call({ path: "/v1/health" })).status).toBe(200);
  });

  it("takes no volume by a path outside its volume folder", async () => {
    await startGateway();
    await enrolled();
    await writeFile(join(folder, "outside.raw"), "outside");
    await symlink(join(folder, "outside.raw"), join(folder, "volumes", "link.raw"));
    const put = (path: string) =>
      call({ method: "PUT", path: "/v1/sessions/s-1", body: order({ by: "path", path }) });

    for (const path of [
      join(folder, "outside.raw"),
      join(folder, "volumes", "..", "outside.raw"),
      join(folder, "volumes", "link.raw"),
      join(folder, "volumes"),
    ]) {
      expect(await put(path)).toMatchObject({
        status: 400,
        body: { error: { code: "input.invalid" } },
      });
    }
    expect(await put(join(folder, "volumes", "missing.raw"))).toMatchObject({
      status: 409,
      body: { error: { code: "volume.not-attached" } },
    });
    expect(await readFile(join(folder, "outside.raw"), "utf8")).toBe("outside");
  });

  it("accepts a repeated order, and refuses another one under the same id", async () => {
    await startGateway();
    await enrolled();
    const put = (body: object) => call({ method: "PUT", path: "/v1/sessions/s-1", body });

    expect(await put(order())).toMatchObject({ status: 200, body: { state: "running" } });
    expect(await put(order())).toMatchObject({ status: 200, body: { state: "running" } });
    expect(await put({ ...order(), mode: "delta" })).toMatchObject({ status: 409 });
  });

  it("notices a restart of its machine and still goes on with the session", async () => {
    const first = await startGateway({}, { HYPERMOTION_BOOT_ID: "boot-1" });
    await first.says("the console knows this gateway");
    await call({ method: "PUT", path: "/v1/sessions/s-1", body: order() });
    await first.kill("SIGKILL");
    const second = await startGateway({}, { HYPERMOTION_BOOT_ID: "boot-2" });
    await second.says("its boot id changed");
    await second.says("goes on after a restart");

    const { body } = await call({ path: "/v1/health" });
    expect(body).toMatchObject({
      bootId: expect.stringMatching(/\/boot-2$/),
      sessions: [{ sessionId: "s-1", state: "running", restarted: true }],
    });
  });

  it("tells the console that a session was stopped, also when it is away at first", async () => {
    const gateway = await startGateway();
    await gateway.says("the console knows this gateway");
    await call({ method: "PUT", path: "/v1/sessions/s-1", body: order() });
    await console.stop();
    await call({ method: "DELETE", path: "/v1/sessions/s-1" });
    await gateway.says("waiting for the console to take a report");
    await gateway.kill("SIGKILL");
    const second = await startGateway();
    await second.says("the gateway listens");
    await console.start();
    await console.until("the report", () =>
      console.callbacks.some((c) => c.body.kind === "failed"),
    );

    expect(console.callbacks.at(-1)).toMatchObject({
      token: "opaque",
      body: { error: { code: "sync.stopped" } },
    });
    expect((await call({ path: "/v1/sessions/s-1" })).body).toEqual({ state: "stopped" });
  });

  it("stops a session that nobody waits for any more", async () => {
    const gateway = await startGateway();
    await gateway.says("the console knows this gateway");
    console.refusals.set("/v1/callbacks", 404);
    await call({ method: "PUT", path: "/v1/sessions/s-1", body: order() });
    await gateway.says("nobody waits for this session any more");
    await gateway.says("session ended");

    expect((await call({ path: "/v1/sessions/s-1" })).body).toEqual({ state: "stopped" });
  });
});
