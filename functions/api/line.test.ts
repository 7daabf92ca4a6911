import { afterAll, beforeAll, expect, test } from "vitest";
import type { SyncMode } from "#domain/protocol/facts.ts";
import {
  openTestConsole,
  place,
  type RegisteredAgent,
  registerAgent,
  type TestConsole,
} from "#test/fixtures/console.ts";

let console: TestConsole;

beforeAll(async () => {
  console = await openTestConsole();
});
afterAll(() => console.close());

const gib = 1024 ** 3;

async function startSession(agent: RegisteredAgent, mode: SyncMode): Promise<string> {
  const { store } = console.deps;
  const sessionId = `ses-${agent.serverId}`;
  await store.sessions.create({
    ...{ id: sessionId, serverId: agent.serverId, gatewayId: "gw-1", runId: "run-1" },
    ...{ mode, state: "open", quiesce: false, measureLine: true, callbackId: "none" },
  });
  const { replication } = await store.servers.get(agent.serverId);
  const status = mode === "initial" ? "initial-sync" : "delta-sync";
  await place(console, agent.serverId, {
    replication: { ...replication, status, sessionId, totalBytes: 9 * gib },
  });
  return sessionId;
}

const report = (agent: RegisteredAgent, sessionId: string, body: unknown) =>
  console.call("POST", `/v1/agents/me/sessions/${sessionId}/report`, { token: agent.token, body });

const progress = {
  ...{ volumes: [], rateBytesPerSecond: 10, bottleneck: "limit", waitingForAgent: false },
};

/** Tells what was measured, as an agent does, and gives what people are told. */
async function told(agent: RegisteredAgent, mode: SyncMode, mbit: number) {
  const sessionId = await startSession(agent, mode);
  const line = { bitsPerSecond: mbit * 1e6, roundTripMs: 12.34 };
  const answers = [
    await report(agent, sessionId, { state: "running", progress, line }),
    await report(agent, sessionId, { state: "running", progress, line }),
    await report(agent, sessionId, { state: "done", line }),
  ];
  expect(answers.map(({ status }) => status)).toEqual([204, 204, 204]);
  const events = await console.deps.store.events.list(agent.serverId);
  return events.filter(({ type }) => type !== "server.registered");
}

test("a line too slow for an initial sync is kept, told once and warned of with its row, and the copy goes on (R-140, X-11)", async () => {
  const agent = await registerAgent(console, "slow");

  const events = await told(agent, "initial", 4.8);
  const { replication } = await console.deps.store.servers.get(agent.serverId);

  expect(events.map(({ type, params }) => ({ type, params }))).toEqual([
    { type: "line.measured", params: { mbit: 4.8, roundTripMs: 12.3 } },
    {
      type: "line.slow",
      params: { requirement: "R-140", mode: "initial", mbit: 4.8, least: 10 },
    },
    { type: "sync.estimated", params: { gib: 9, minutes: 269 } },
  ]);
  // Progress came after it and left it in place.
  expect(replication).toMatchObject({
    status: "initial-sync",
    bottleneck: "limit",
    line: { bitsPerSecond: 4.8e6, roundTripMs: 12.34, measuredAt: expect.any(String) },
  });
});

test("a line that carries enough is no warning, and a delta sync is content with less (R-140, R-141)", async () => {
  const fast = await told(await registerAgent(console, "fast"), "initial", 50);
  const delta = await told(await registerAgent(console, "delta"), "delta", 4.8);
  const crawling = await told(await registerAgent(console, "crawling"), "delta", 0.9);

  const types = (events: { type: string }[]) => events.map(({ type }) => type);
  expect(types(fast)).toEqual(["line.measured", "sync.estimated"]);
  expect(types(delta)).toEqual(["line.measured"]);
  expect(types(crawling)).toEqual(["line.measured", "line.slow"]);
  expect(crawling[1]?.params).toMatchObject({ requirement: "R-141", least: 1 });
});
