/** What agents and gateways call. */

import { afterEach, beforeEach, expect, test } from "vitest";
import { createIdentity } from "#dataplane/wire/identity.ts";
import { noLimits } from "#domain/copy-limits.ts";
import type { Progress } from "#domain/protocol/facts.ts";
import { hashSecret } from "#functions/ids.ts";
import { sessionIdOf } from "#functions/sessions.ts";
import {
  inventory,
  openTestConsole,
  place,
  type RegisteredAgent,
  registerAgent,
  type TestConsole,
} from "#test/fixtures/console.ts";

let console: TestConsole;
beforeEach(async () => {
  console = await openTestConsole();
});
afterEach(() => console.close());

async function register(code: string, certificatePem: string) {
  return console.call("POST", "/v1/agents/register", {
    body: { code, name: "web-2", certificatePem, agentVersion: "1", inventory },
  });
}

async function makeCode(body: object = {}): Promise<string> {
  const token = await console.personOf("operator");
  return (await console.call("POST", "/v1/codes", { token, body })).body.code;
}

test("a registration code holds the console's fingerprint, works once, and again for the same certificate", async () => {
  const code = await makeCode();
  const [mine, other] = await Promise.all([createIdentity("a"), createIdentity("b")]);

  const first = await register(code, mine.certificatePem);
  const again = await register(code, mine.certificatePem);
  const stranger = await register(code, other.certificatePem);

  expect(code.split(".")[1]).toBe(console.deps.console.fingerprint);
  expect(first.status).toBe(200);
  expect(again.body).toEqual(first.body);
  expect([stranger.status, stranger.body.error.code]).toEqual([401, "auth.wrong-code"]);
  expect((await console.deps.store.servers.list()).items).toHaveLength(1);
});

test("a code for three servers registers three and no fourth", async () => {
  const code = await makeCode({ uses: 3 });
  const statuses: number[] = [];
  for (let index = 0; index < 4; index++) {
    const { certificatePem } = await createIdentity(`agent ${index}`);
    statuses.push((await register(code, certificatePem)).status);
  }

  expect(statuses).toEqual([200, 200, 200, 401]);
});

test("an expired code is refused", async () => {
  const code = await makeCode({ validHours: 1 });
  console.pass(3601);
  const { certificatePem } = await createIdentity("late");

  expect((await register(code, certificatePem)).status).toBe(401);
});

test("whoever has a code and a server's certificate does not get that server's token", async () => {
  const agent = await registerAgent(console);

  const answer = await register(await makeCode(), agent.certificatePem);

  expect([answer.status, answer.body.error.code]).toEqual([409, "record.exists"]);
  expect((await orders(agent)).status).toBe(200);
});

test("what is no certificate is refused before a code is used up", async () => {
  const code = await makeCode();
  const bad = await register(code, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----");
  const { certificatePem } = await createIdentity("good");

  expect(bad.status).toBe(400);
  expect((await register(code, certificatePem)).status).toBe(200);
});

function orders(agent: RegisteredAgent, query = "") {
  return console.call("GET", `/v1/agents/me/orders${query}`, { token: agent.token });
}

test("an agent is known by server and token together", async () => {
  const one = await registerAgent(console, "one");
  const two = await registerAgent(console, "two");
  const crossed = `${two.serverId}.${one.token.split(".")[1]}`;

  for (const token of [crossed, one.serverId, `${one.serverId}.`, "x", ""]) {
    const answer = await console.call("GET", "/v1/agents/me/orders", { token });
    expect([answer.status, answer.body.error.code], token).toEqual([401, "auth.unknown-agent"]);
  }
});

test("an agent's inventory replaces the old one, and a call is noted at most every half minute", async () => {
  const agent = await registerAgent(console);
  const { lastSeenAt: atFirst } = await console.deps.store.servers.get(agent.serverId);
  console.pass(29);
  await orders(agent);
  const soon = await console.deps.store.servers.get(agent.serverId);
  console.pass(2);
  await orders(agent);
  const later = await console.deps.store.servers.get(agent.serverId);

  const put = await console.call("PUT", "/v1/agents/me/inventory", {
    token: agent.token,
    body: { agentVersion: "2", inventory: { ...inventory, hostName: "renamed" } },
  });

  expect(soon.lastSeenAt).toBe(atFirst);
  expect(later.lastSeenAt > atFirst).toBe(true);
  expect(put.status).toBe(204);
  const server = await console.deps.store.servers.get(agent.serverId);
  expect([server.agentVersion, server.inventory.hostName]).toEqual(["2", "renamed"]);
});

const taskToken = "task-token-1";
const callbackSecret = "callback-secret-1";

/** A copy under way: gateway, session, waiting task, as the steps leave them. */
async function startCopy(agent: RegisteredAgent) {
  const { store } = console.deps;
  const sessionId = sessionIdOf({ runId: "run-1", taskToken });
  await store.runs.create({
    id: "run-1",
    kind: "sync-server",
    serverId: agent.serverId,
    state: "running",
    input: { serverId: agent.serverId },
  });
  await store.gateways.create({
    id: "gw-1",
    targetId: "tgt-1",
    state: "ready",
    maxSlots: 4,
    spareSlots: 0,
    slots: {},
    host: "192.0.2.1",
    ports: { control: 18090, blocks: 12222 },
    certificateFingerprint: "cd".repeat(32),
    awaitedBy: [],
    repairCarriers: [],
  });
  await store.callbacks.create({
    id: hashSecret(callbackSecret),
    taskToken,
    purpose: "sync",
    serverId: agent.serverId,
    runId: "run-1",
    state: "open",
  });
  await store.sessions.create({
    id: sessionId,
    serverId: agent.serverId,
    gatewayId: "gw-1",
    runId: "run-1",
    mode: "delta",
    state: "open",
    quiesce: false,
    callbackId: hashSecret(callbackSecret),
  });
  const server = await store.servers.get(agent.serverId);
  await place(console, agent.serverId, {
    state: "ready-for-test",
    activeRunId: "run-1",
    replication: { ...server.replication, status: "delta-sync", sessionId },
    volumes: [
      {
        diskId: "disk-1",
        deviceName: "sda",
        role: "system",
        diskBytes: 1 << 20,
        sizeBytes: 1 << 20,
        volumeId: "vol-1",
      },
    ],
  });
  return sessionId;
}

const figures = {
  diskId: "disk-1",
  volumeId: "vol-1",
  totalBytes: 1000,
  doneBytes: 400,
  readBytes: 400,
  sentBytes: 100,
  writtenBytes: 200,
  changedBytes: 200,
  skippedBytes: 50,
};
const progress: Progress = {
  volumes: [figures],
  rateBytesPerSecond: 10,
  etaSeconds: 60,
  bottleneck: "line",
  waitingForAgent: false,
};
const result = { volumes: [{ ...figures, rootHash: "aa" }], seconds: 3 };

const tell = (body: unknown, secret = callbackSecret) =>
  console.call("POST", `/v1/callbacks/${secret}`, { body });
const replicationOf = async (agent: RegisteredAgent) =>
  (await console.deps.store.servers.get(agent.serverId)).replication;
const eventsOf = async (agent: RegisteredAgent) =>
  (await console.deps.store.events.list(agent.serverId)).map(({ type }) => type);

test("an agent gets the open session as its order, with the gateway's address and fingerprint", async () => {
  const agent = await registerAgent(console);
  const idle = await orders(agent);
  const sessionId = await startCopy(agent);

  const busy = await orders(agent, `?revision=${idle.body.revision}&wait=25`);

  expect(idle.body.orders).toEqual([]);
  expect(busy.body.orders).toEqual([
    {
      sessionId,
      mode: "delta",
      gateway: {
        id: "gw-1",
        host: "192.0.2.1",
        port: 12222,
        certificateFingerprint: "cd".repeat(32),
      },
      disks: [{ diskId: "disk-1", volumeId: "vol-1", sizeBytes: 1 << 20 }],
      limits: { ...noLimits, rateBytesPerSecond: 0 },
      quiesce: false,
    },
  ]);
});

test("a waiting agent is answered when its orders change", async () => {
  const agent = await registerAgent(console);
  const { body } = await orders(agent);

  const waiting = orders(agent, `?revision=${body.revision}&wait=25`);
  await startCopy(agent);

  expect((await waiting).body.orders).toHaveLength(1);
});

test("agent and gateway report one progress between them: bytes, rate and time left (S-26)", async () => {
  const agent = await registerAgent(console);
  const sessionId = await startCopy(agent);

  await console.call("POST", `/v1/agents/me/sessions/${sessionId}/report`, {
    token: agent.token,
    body: { state: "running", progress },
  });
  await tell({ kind: "heartbeat", progress: { ...progress, bottleneck: "unknown" } });

  expect(await replicationOf(agent)).toEqual({
    status: "delta-sync",
    sessionId,
    totalBytes: 1000,
    doneBytes: 400,
    rateBytesPerSecond: 10,
    etaSeconds: 60,
    bottleneck: "line",
  });
  expect(console.machines.of("heartbeat")).toHaveLength(1);
});

test("a copy that waits for its agent is told once as stalled and once as going on", async () => {
  const agent = await registerAgent(console);
  await startCopy(agent);
  const stalled = { ...progress, waitingForAgent: true };

  // A moment for the agent to take its order up is no stall.
  await tell({ kind: "heartbeat", progress: stalled });
  const atFirst = await replicationOf(agent);
  console.pass(21);
  await tell({ kind: "heartbeat", progress: stalled });
  const meanwhile = await replicationOf(agent);
  await tell({ kind: "heartbeat", progress: stalled });
  console.pass(1);
  await tell({ kind: "heartbeat", progress });

  expect(atFirst.status).toBe("delta-sync");
  expect([meanwhile.status, meanwhile.rateBytesPerSecond]).toEqual(["stalled", 0]);
  expect((await replicationOf(agent)).status).toBe("delta-sync");
  expect(await eventsOf(agent)).toEqual(["server.registered", "sync.stalled", "sync.recovered"]);
});

test("a finished copy ends the session, the orders and the waiting task, and may be told again", async () => {
  const agent = await registerAgent(console);
  const sessionId = await startCopy(agent);
  await console.call("POST", `/v1/agents/me/sessions/${sessionId}/report`, {
    token: agent.token,
    body: { state: "done", frozenSeconds: 1.5 },
  });

  const first = await tell({ kind: "sync-done", result });
  const again = await tell({ kind: "sync-done", result });

  expect([first.status, again.status]).toEqual([204, 204]);
  expect(console.machines.of("succeed").map(({ args }) => args)).toEqual([
    [taskToken, { sessionId }],
  ]);
  const session = await console.deps.store.sessions.get(sessionId);
  expect([session.state, session.result?.frozenSeconds]).toEqual(["done", 1.5]);
  expect((await replicationOf(agent)).status).toBe("idle");
  expect((await orders(agent)).body.orders).toEqual([]);
  expect(await eventsOf(agent)).toEqual(["server.registered", "sync.done"]);
  expect((await tell({ kind: "heartbeat" })).status).toBe(404);
});

test("a success whose answer was lost in a crash is told again without harm", async () => {
  const agent = await registerAgent(console);
  await startCopy(agent);
  // The task was ended, the callback's record was not written.
  console.machines.deadTokens.add(taskToken);

  expect((await tell({ kind: "sync-done", result })).status).toBe(204);
  expect((await replicationOf(agent)).status).toBe("idle");
});

test("a failed copy fails the task under the code, or as Retryable, and leaves its facts in the run", async () => {
  const agent = await registerAgent(console);
  const sessionId = await startCopy(agent);
  const error = { code: "volume.io", params: { volume: "vol-1", problem: "EIO" } };

  const answer = await tell({ kind: "failed", error });

  expect(answer.status).toBe(204);
  const [told] = console.machines.of("fail");
  expect(told?.args.slice(0, 2)).toEqual([taskToken, "volume.io"]);
  expect((await console.deps.store.runs.get("run-1")).error).toMatchObject(error);
  expect((await console.deps.store.sessions.get(sessionId)).state).toBe("failed");
  expect((await replicationOf(agent)).status).toBe("paused");
  expect((await tell({ kind: "failed", error })).status).toBe(404);
});

test("an agent's own failure ends the session and the task as well", async () => {
  const agent = await registerAgent(console);
  const sessionId = await startCopy(agent);
  const report = () =>
    console.call("POST", `/v1/agents/me/sessions/${sessionId}/report`, {
      token: agent.token,
      body: {
        state: "failed",
        error: { code: "wire.broken", params: { peer: "gw-1", problem: "reset" } },
      },
    });

  const first = await report();
  const again = await report();

  expect([first.status, again.status]).toEqual([204, 404]);
  expect(console.machines.of("fail").map(({ args }) => args[1])).toEqual(["Retryable"]);
  expect((await tell({ kind: "heartbeat" })).status).toBe(404);
});

test("a session of another server is nobody's business", async () => {
  const agent = await registerAgent(console, "one");
  const other = await registerAgent(console, "two");
  const sessionId = await startCopy(agent);

  const answer = await console.call("POST", `/v1/agents/me/sessions/${sessionId}/report`, {
    token: other.token,
    body: { state: "done" },
  });

  expect(answer.status).toBe(404);
});

test("a heartbeat of a task that waits no more tells the gateway to stop", async () => {
  const agent = await registerAgent(console);
  await startCopy(agent);
  console.machines.deadTokens.add(taskToken);

  expect((await tell({ kind: "heartbeat", progress })).status).toBe(404);
  expect((await tell({ kind: "sync-done", result })).status).toBe(404);
});

test("an unknown callback and one for something else are refused", async () => {
  const agent = await registerAgent(console);
  await startCopy(agent);
  const report = {
    carrier: "native",
    guest: {
      distribution: "debian",
      version: "12",
      kernels: [],
      bootLoader: "grub",
      initramfsTool: "x",
    },
    actions: [],
    checks: [],
    seconds: 1,
  };

  expect((await tell({ kind: "heartbeat" }, "no-such-secret")).status).toBe(404);
  expect((await tell({ kind: "repair-done", report })).status).toBe(400);
  expect(console.machines.told).toEqual([]);
});

test("a finished driver repair leaves its report in the run and ends the task", async () => {
  const agent = await registerAgent(console);
  await startCopy(agent);
  await console.deps.store.callbacks.create({
    id: hashSecret("repair-secret"),
    taskToken: "repair-task",
    purpose: "repair",
    serverId: agent.serverId,
    runId: "run-1",
    state: "open",
  });
  const report = {
    carrier: "native",
    guest: {
      distribution: "debian",
      version: "12",
      kernels: ["6.1"],
      bootLoader: "grub",
      initramfsTool: "initramfs-tools",
    },
    actions: [{ action: "write", subject: "/etc/fstab", detail: "by UUID" }],
    checks: [{ check: "driver", passed: true, seen: "virtio_blk" }],
    seconds: 2,
  };

  await tell({ kind: "heartbeat", doing: "update-initramfs" }, "repair-secret");
  const meanwhile = await console.deps.store.runs.get("run-1");
  const answer = await tell({ kind: "repair-done", report }, "repair-secret");

  expect(meanwhile.waitsFor).toBe("update-initramfs");
  expect(answer.status).toBe(204);
  expect((await console.deps.store.runs.get("run-1")).repair).toEqual(report);
  expect(console.machines.of("succeed").map(({ args }) => args)).toEqual([["repair-task", {}]]);
  expect(await eventsOf(agent)).toContain("repair.done");
});

test("a gateway enrols with its own code once, keeps its token out of the records, and wakes who waits", async () => {
  const { store, secrets } = console.deps;
  await store.gateways.create({
    id: "gw-9",
    targetId: "tgt-1",
    state: "provisioning",
    maxSlots: 4,
    spareSlots: 0,
    slots: {},
    host: "192.0.2.9",
    awaitedBy: [hashSecret("waits")],
    repairCarriers: [],
  });
  await store.callbacks.create({
    id: hashSecret("waits"),
    taskToken: "enrolment-task",
    purpose: "enrolment",
    gatewayId: "gw-9",
    runId: "run-9",
    state: "open",
  });
  await store.codes.create({
    id: hashSecret("gateway-code"),
    purpose: "gateway",
    gatewayId: "gw-9",
    expiresAt: "2099-01-01T00:00:00.000Z",
    usesLeft: 1,
    usedBy: [],
  });
  const [mine, other] = await Promise.all([createIdentity("gw"), createIdentity("thief")]);
  const controlToken = "t".repeat(40);
  const enrol = (certificatePem: string, gatewayId = "gw-9") =>
    console.call("POST", "/v1/gateways/enrol", {
      body: {
        code: "gateway-code",
        gatewayId,
        certificatePem,
        controlToken,
        ports: { control: 1, blocks: 2 },
        bootId: "boot",
        version: "1",
        vcpus: 2,
        repairCarriers: ["native"],
      },
    });

  const elsewhere = await enrol(mine.certificatePem, "gw-1");
  const first = await enrol(mine.certificatePem);
  const again = await enrol(mine.certificatePem);
  const thief = await enrol(other.certificatePem);

  expect([elsewhere.status, first.status, again.status, thief.status]).toEqual([
    401, 200, 200, 401,
  ]);
  const gateway = await store.gateways.get("gw-9");
  expect(gateway).toMatchObject({
    state: "ready",
    host: "192.0.2.9",
    certificateFingerprint: mine.fingerprint,
    vcpus: 2,
  });
  expect(JSON.stringify(gateway)).not.toContain(controlToken);
  expect(await secrets.get("gateway/gw-9/control-token")).toBe(controlToken);
  expect(console.machines.of("succeed").map(({ args }) => args)).toEqual([
    ["enrolment-task", { gatewayId: "gw-9" }],
  ]);
});
