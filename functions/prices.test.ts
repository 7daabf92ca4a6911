/** That what a cloud asks reaches those it is for: plans, deep checks, what is told of things that stay. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeTencent, startFakeTencent } from "#test/clouds/tencent/fake-tencent.ts";
import { openTestConsole, place, registerAgent, type TestConsole } from "#test/fixtures/console.ts";
import { keepHouse } from "./housekeeping.ts";
import { pricesOf } from "./prices.ts";

const GiB = 1024 ** 3;
const day = 86_400_000;

let console: TestConsole;
let tencent: FakeTencent;
let operator: string;
let targetId: string;

beforeEach(async () => {
  console = await openTestConsole();
  tencent = await startFakeTencent();
  operator = await console.personOf("operator");
  const { platform, config, credentials } = tencent.target;
  const { body } = await console.call("POST", "/v1/targets", {
    token: await console.personOf("administrator"),
    body: { name: "prod", platform, config, credentials },
  });
  targetId = body.id;
});
afterEach(async () => {
  await console.close();
  await tencent.close();
});

/** By the fake's tariff and its discount of a tenth. */
const gatewayHour = (4 * 0.12 + 8 * 0.06 + 100 * 0.0005) * 0.9;
const volumeGibMonth = 0.0005 * 0.9 * 730;

async function movedServer(): Promise<string> {
  const { serverId } = await registerAgent(console);
  const launchedAt = new Date(console.deps.now().getTime() - 3 * day).toISOString();
  await place(console, serverId, {
    ...{ targetId, state: "cut-over" },
    launches: [
      {
        ...{ kind: "cutover", runId: "run-1", instanceType: "S5.LARGE8", repaired: true },
        ...{ volumeIds: [], launchedAt },
      },
    ],
    volumes: [
      {
        ...{ diskId: "disk-1", deviceName: "sda", role: "system", volumeId: "disk-12345678" },
        ...{ diskBytes: 100 * GiB, sizeBytes: 100 * GiB },
      },
    ],
  });
  await console.deps.store.resources.create({
    ...{ id: "res-1", targetId, kind: "volume", token: "t", owner: serverId, runId: "run-1" },
    ...{ cloudId: "disk-12345678", state: "exists", keptFor: [] },
  });
  return serverId;
}

async function leftoversOf(serverId: string) {
  const events = await console.deps.store.events.list(serverId);
  return events.filter(({ type }) => type === "leftovers.cost").map(({ params }) => params);
}

test("a plan tells what its gateways cost each day, a deep check what its volume does", async () => {
  await registerAgent(console);
  const plan = await console.call("POST", `/v1/targets/${targetId}/plan`, {
    ...{ token: operator, body: {} },
  });
  const deep = await console.call("GET", `/v1/targets/${targetId}/deep-check`, { token: operator });

  expect(plan.body.gateways).toHaveLength(1);
  expect(plan.body.costPerDay.currency).toBe("CNY");
  expect(plan.body.costPerDay.amount).toBeCloseTo(24 * gatewayHour, 6);
  const gib = deep.body.volumeBytes / GiB;
  expect(deep.body.cost.amount).toBeCloseTo((2 * gib * volumeGibMonth) / 730, 9);
});

test("what a finished move still keeps is told with what it costs each month", async () => {
  const serverId = await movedServer();

  await keepHouse(console.deps);

  const cost = `${(100 * volumeGibMonth).toFixed(2)} CNY`;
  expect(await leftoversOf(serverId)).toMatchObject([{ days: 3, things: 1, gib: 100, cost }]);
});

test("where the price can't be asked it is told all the same, with a question mark", async () => {
  const serverId = await movedServer();
  tencent.account.denied.add("InquiryPriceCreateDisks");

  await keepHouse(console.deps);

  expect(await leftoversOf(serverId)).toMatchObject([{ things: 1, cost: "?" }]);
});

test("nor does it matter that the target itself can't be opened any more", async () => {
  const target = await console.deps.store.targets.get(targetId);
  const config = { ...target.config, region: 7 };

  expect(await pricesOf(console.deps, { ...target, config }, "people")).toBeUndefined();
});
