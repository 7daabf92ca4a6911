import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { deliverEvents } from "#functions/deliveries.ts";
import type { Deps } from "#functions/deps.ts";
import { keepHouse } from "#functions/housekeeping.ts";
import { watchLag } from "#functions/lag.ts";
import { tendPools } from "#functions/pool.ts";
import { runSchedules } from "#functions/schedules.ts";
import { tell } from "#functions/tell.ts";
import { openRunningSite, type RunningSite, until } from "./site.ts";

let site: RunningSite;
let deps: Deps;

beforeEach(async () => {
  site = await openRunningSite();
  ({ deps } = site.standalone);
});

afterEach(() => site.close());

const inFuture = (ms: number): Deps => ({ ...deps, now: () => new Date(Date.now() + ms) });
const minute = 60_000;

interface ScheduleSeen {
  id: string;
  enabled: boolean;
  nextDueAt?: string;
  lastRunIds: string[];
  skippedBusy: number;
  lastProblem?: { code: string };
}

async function addSchedule(body: Record<string, unknown>): Promise<ScheduleSeen> {
  return site.operator.call("POST", "/v1/schedules", { name: "often", ...body });
}

async function schedule(id: string): Promise<ScheduleSeen> {
  const { items } = await site.operator.call<{ items: ScheduleSeen[] }>("GET", "/v1/schedules");
  const found = items.find((item) => item.id === id);
  if (found === undefined) throw new Error("the schedule is gone");
  return found;
}

async function eventTypes(): Promise<string[]> {
  const path = `/v1/events?serverId=${site.serverId}`;
  const { items } = await site.operator.call<{ items: { type: string }[] }>("GET", path);
  return items.map(({ type }) => type);
}

async function migrated(): Promise<void> {
  const { operator, serverId, targetId } = site;
  await operator.succeeded(await operator.start(serverId, "migrate", { targetId }));
}

test("a target's servers are synced at their times; missed times are caught up by one run, looking twice starts nothing twice", async () => {
  await migrated();
  const { id, nextDueAt = "" } = await addSchedule({
    targetId: site.targetId,
    expression: "rate(15 minutes)",
  });
  expect(Date.parse(nextDueAt) - Date.now()).toBeLessThanOrEqual(15 * minute);

  await runSchedules(deps);
  expect((await schedule(id)).lastRunIds).toEqual([]);
  // The console was off for hours.
  const late = inFuture(200 * minute);
  await Promise.all([runSchedules(late), runSchedules(late)]);
  const after = await schedule(id);
  const [runId = ""] = after.lastRunIds;
  await site.operator.succeeded(runId);
  await runSchedules(late);

  expect(after.lastRunIds).toHaveLength(1);
  expect(after.lastProblem).toBeUndefined();
  const next = Date.parse(after.nextDueAt ?? "");
  expect(next).toBeGreaterThan(late.now().getTime() - 1000);
  expect((next - Date.parse(nextDueAt)) % (15 * minute)).toBe(0);
  expect((await schedule(id)).lastRunIds).toEqual([runId]);
}, 120_000);

test("a sync that is still running is not overlapped, and a server that can't be synced says why", async () => {
  const { operator, serverId, targetId } = site;
  const { id } = await addSchedule({ serverId, expression: "rate(1 minute)" });

  await runSchedules(inFuture(2 * minute));
  expect((await schedule(id)).lastProblem?.code).toBe("server.wrong-state");
  const migration = await operator.start(serverId, "migrate", { targetId });
  await runSchedules(inFuture(4 * minute));
  const busy = await schedule(id);
  await operator.succeeded(migration);

  expect(busy).toMatchObject({
    skippedBusy: 1,
    lastRunIds: [],
    lastProblem: { code: "server.busy" },
  });
}, 120_000);

test("a schedule can be paused; one that never comes is refused; one for a time ends after it", async () => {
  const { operator, serverId } = site;
  const soon = new Date(Date.now() + 2 * minute).toISOString().slice(0, 19);
  const { id } = await addSchedule({ serverId, expression: `at(${soon})` });

  await operator.call("PATCH", `/v1/schedules/${id}`, { enabled: false });
  await runSchedules(inFuture(5 * minute));
  expect((await schedule(id)).lastProblem).toBeUndefined();
  await operator.call("PATCH", `/v1/schedules/${id}`, { enabled: true });
  await runSchedules(inFuture(5 * minute));

  const ended = await schedule(id);
  expect(ended.enabled).toBe(false);
  expect(ended.nextDueAt).toBeUndefined();
  for (const body of [
    { serverId, expression: "at(2020-01-01T00:00:00)" },
    { serverId, expression: "sometimes" },
    { serverId, expression: "rate(1 hour)", targetId: site.targetId },
    { expression: "rate(1 hour)" },
    { serverId, expression: "cron(0 9 * * ? *)", timeZone: "Mars/Olympus" },
  ]) {
    await expect(addSchedule(body)).rejects.toMatchObject({ code: "input.invalid" });
  }
}, 60_000);

test("a lag over its target is told once, and once when it is over", async () => {
  await migrated();
  await site.operator.call("PATCH", `/v1/servers/${site.serverId}`, { lagTargetSeconds: 600 });

  const pointIsOld = async (ms: number) => {
    const recoveryPointAt = new Date(Date.now() - ms).toISOString();
    await deps.store.servers.update(site.serverId, (found) => ({ ...found, recoveryPointAt }));
    await watchLag(deps);
    await watchLag(deps);
  };
  await pointIsOld(9 * minute);
  await pointIsOld(11 * minute);
  await pointIsOld(0);

  const lag = (await eventTypes()).filter((type) => type.startsWith("lag."));
  expect(lag).toEqual(["lag.over-target", "lag.within-target"]);
}, 120_000);

test("what a finished move still keeps is told with its cost, and an idle gateway is given back", async () => {
  const { operator, serverId, targetId, provider } = site;
  const launch = { kind: "cutover", repair: false };
  await operator.succeeded(await operator.start(serverId, "migrate", { targetId, launch }));

  await keepHouse(deps);
  expect(await eventTypes()).not.toContain("leftovers.cost");
  await keepHouse(inFuture(3 * 24 * 60 * minute));
  await keepHouse(inFuture(3 * 24 * 60 * minute));
  expect((await eventTypes()).filter((type) => type === "leftovers.cost")).toHaveLength(1);

  // Somebody else's server kept the gateway at clean-up, and left it later.
  const { gatewayIds } = await deps.store.targets.get(targetId);
  const [gatewayId = ""] = gatewayIds;
  await deps.store.gateways.update(gatewayId, (gateway) => ({ ...gateway, slots: {} }));
  await tendPools(inFuture(29 * minute));
  expect((await deps.store.gateways.get(gatewayId)).state).toBe("ready");
  await tendPools(inFuture(31 * minute));

  expect((await deps.store.gateways.get(gatewayId)).state).toBe("retired");
  const instances = (await provider.listOwned(gatewayId)).filter(({ kind }) => kind === "instance");
  expect(instances).toEqual([]);
}, 180_000);

interface Delivered {
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** Answers with the statuses in turn, then 200. */
async function startReceiver(
  statuses: number[],
): Promise<{ url: string; got: Delivered[]; server: Server }> {
  const got: Delivered[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    got.push({ headers: request.headers, body });
    response.writeHead(statuses.shift() ?? 200, { location: "http://127.0.0.1:1/elsewhere" }).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, got, server };
}

test("a webhook gets what it asked for, signed, again until it answers well, and nothing after it has", async () => {
  const { url, got, server } = await startReceiver([500, 302]);
  try {
    const webhook = await site.operator.call<{ id: string; key: string }>("POST", "/v1/webhooks", {
      name: "pager",
      url,
      types: ["server.state"],
    });
    await migrated();
    await until("the first tries", async () => got.length > 0);
    await deliverEvents(inFuture(minute));
    await deliverEvents(inFuture(10 * minute));
    await deliverEvents(inFuture(60 * minute));
    await until("the outbox to be empty", async () => {
      await deliverEvents(inFuture(60 * minute));
      const { items } = await deps.store.outbox.list();
      return items.length === 0;
    });

    const ids = got.map(({ headers }) => headers["hypermotion-delivery"]);
    expect(new Set(got.map(({ headers }) => headers["hypermotion-event"]))).toEqual(
      new Set(["server.state"]),
    );
    // Two of the answers were no success.
    expect(ids.length).toBeGreaterThanOrEqual(new Set(ids).size + 2);
    const states = got.map(({ body }) => JSON.parse(body).params.state);
    expect(new Set(states)).toEqual(new Set(["replicating", "ready-for-test"]));
    for (const { headers, body } of got) {
      const [, seconds, given] =
        /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers["hypermotion-signature"])) ?? [];
      const expected = createHmac("sha256", webhook.key).update(`${seconds}.${body}`).digest("hex");
      expect(given).toBe(expected);
      expect(JSON.parse(body)).toMatchObject({ serverId: site.serverId, type: "server.state" });
    }
    const list = await site.operator.call<{ items: object[] }>("GET", "/v1/webhooks");
    expect(JSON.stringify(list)).not.toContain(webhook.key);
  } finally {
    server.close();
  }
}, 120_000);

test("one that never answers is given up after a day, says so, and holds up nobody else", async () => {
  const dead = await startReceiver(Array.from({ length: 100 }, () => 503));
  const alive = await startReceiver([]);
  try {
    for (const [name, { url }] of Object.entries({ dead, alive })) {
      await site.operator.call("POST", "/v1/webhooks", { name, url, types: ["run.failed"] });
    }
    await tell(deps, site.serverId, "run.failed", { kind: "sync-server", message: "no" });
    await until("both tries to be written down", async () => {
      const { items } = await deps.store.outbox.list();
      return items.some(({ tries }) => Object.keys(tries).length === 2);
    });
    for (let hours = 1; hours < 40; hours += 0.5)
      await deliverEvents(inFuture(hours * 60 * minute));

    expect(alive.got).toHaveLength(1);
    expect(dead.got.length).toBeGreaterThan(5);
    expect((await deps.store.outbox.list()).items).toEqual([]);
    const seen = await site.operator.call<{
      items: { name: string; lastProblem?: { problem: string } }[];
    }>("GET", "/v1/webhooks");
    expect(seen.items.find(({ name }) => name === "dead")?.lastProblem?.problem).toBe(
      "it answered 503",
    );
  } finally {
    dead.server.close();
    alive.server.close();
  }
}, 60_000);

test("a test goes to the webhook that was asked for, whatever it listens to, and to no other", async () => {
  const asked = await startReceiver([]);
  const other = await startReceiver([]);
  try {
    const add = (name: string, url: string, types: string[]) =>
      site.operator.call<{ id: string }>("POST", "/v1/webhooks", { name, url, types });
    const { id } = await add("asked", asked.url, ["run.failed"]);
    await add("other", other.url, []);

    await site.operator.call("POST", `/v1/webhooks/${id}/test`);
    await until("it to be called", async () => asked.got.length > 0);
    await until("the outbox to be empty", async () => {
      const { items } = await deps.store.outbox.list();
      return items.length === 0;
    });

    expect(JSON.parse(asked.got[0]?.body ?? "")).toMatchObject({ type: "webhook.test" });
    expect(other.got.map(({ body }) => JSON.parse(body).type)).not.toContain("webhook.test");
  } finally {
    asked.server.close();
    other.server.close();
  }
}, 60_000);

test.each([
  "http://example.com/hook",
  "ftp://127.0.0.1/",
  "https://user:password@example.com/",
  "no url",
])("%s is no place to send events to", async (url) => {
  const request = site.operator.call("POST", "/v1/webhooks", { name: "x", url });

  await expect(request).rejects.toMatchObject({ code: "input.invalid" });
});
