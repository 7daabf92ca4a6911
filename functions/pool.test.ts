import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { PlanView } from "#api/plans.ts";
import { describeEvent } from "#domain/events.ts";
import type { Gateway } from "#domain/records.ts";
import {
  inventory,
  openTestConsole,
  registerAgent,
  type TestConsole,
} from "#test/fixtures/console.ts";
import type { Deps } from "./deps.ts";
import { freeLostSlots, tendPools } from "./pool.ts";
import { createVolumes } from "./steps/create-volumes/index.ts";
import { placeVolumes } from "./steps/plan-placement/index.ts";
import { precheck } from "./steps/precheck/index.ts";
import { releaseSlots } from "./steps/release-slots/index.ts";
import { retireGateway } from "./steps/retire-gateway/index.ts";

const MiB = 1024 ** 2;
const minute = 60;

let console: TestConsole;
let deps: Deps;

beforeEach(async () => {
  console = await openTestConsole();
  deps = console.deps;
});
afterEach(() => console.close());

async function addTarget(
  more: { config?: object } & Record<string, unknown> = {},
): Promise<string> {
  const { config, ...rest } = more;
  const { body } = await console.call("POST", "/v1/targets", {
    token: await console.personOf("administrator"),
    body: {
      ...{ name: "here", platform: "local", maxGateways: 1, gatewayMaxVolumes: 4, ...rest },
      config: { folder: `${console.folder}/target`, minFreeBytes: 0, ...config },
    },
  });
  return body.id;
}

/** A server whose migration is about to look for a place, with its run. */
async function addServer(targetId: string, name: string, disks = 1) {
  const { serverId } = await registerAgent(console, name);
  const runId = `run-${name}`;
  const [disk] = inventory.disks;
  if (disk === undefined) throw new Error("the fixture has no disk");
  const role = (index: number) => (index === 0 ? ("system" as const) : ("data" as const));
  await deps.store.servers.update(serverId, (server) => ({
    ...{ ...server, targetId, activeRunId: runId, state: "replicating" },
    inventory: {
      ...inventory,
      disks: Array.from({ length: disks }, (_, index) => ({
        ...{ ...disk, id: `disk-${index}`, deviceName: `sd${index}`, role: role(index) },
      })),
    },
  }));
  await deps.store.runs.create({
    ...{ id: runId, kind: "migrate-server", serverId, state: "running", input: {} },
  });
  return { serverId, runId };
}

type Moving = Awaited<ReturnType<typeof addServer>>;
const place = (moving: Moving) => placeVolumes(moving, deps);

/** As clean-up ends, when the server is nobody's any more. */
async function leave({ serverId, runId }: Moving): Promise<boolean> {
  await releaseSlots({ serverId, runId }, deps);
  const { retired } = await retireGateway({ serverId, runId }, deps);
  await deps.store.servers.update(serverId, ({ activeRunId: _, gatewayId: __, ...rest }) => ({
    ...rest,
    volumes: [],
  }));
  return retired;
}

async function gatewaysOf(targetId: string): Promise<Gateway[]> {
  const { gatewayIds } = await deps.store.targets.get(targetId);
  return Promise.all(gatewayIds.map((id) => deps.store.gateways.get(id)));
}

const eventsOf = async ({ serverId }: Moving) =>
  (await deps.store.events.list(serverId)).map((event) => describeEvent(event));

describe("a target that is full", () => {
  test("lets servers wait in the order in which they came, and says for what", async () => {
    const targetId = await addTarget();
    const first = await addServer(targetId, "first", 2);
    const second = await addServer(targetId, "second", 2);
    const third = await addServer(targetId, "third");
    await place(first);

    await expect(place(second)).rejects.toMatchObject({
      code: "not-ready",
      message: expect.stringMatching(/needs 2 slots on one gateway; at most 0 are free on the 1/),
    });
    await expect(place(third)).rejects.toThrow(/1 that came before it wait/);
    await leave(first);
    // The room is the second's, whoever asks first.
    await expect(place(third)).rejects.toMatchObject({ code: "not-ready" });
    await place(second);
    await leave(second);

    expect(await place(third)).toMatchObject({ gatewayId: expect.stringMatching(/^gw-/) });
    expect((await eventsOf(second)).filter((text) => text.includes("has room"))).toHaveLength(1);
    expect(await gatewaysOf(targetId)).toHaveLength(1);
  });

  test("keeps nothing for a server whose run was stopped while it waited", async () => {
    const targetId = await addTarget();
    const first = await addServer(targetId, "first", 1);
    const large = await addServer(targetId, "large", 4);
    const small = await addServer(targetId, "small", 1);
    await place(first);
    await expect(place(large)).rejects.toMatchObject({ code: "not-ready" });
    await expect(place(small)).rejects.toMatchObject({ code: "not-ready" });

    await deps.store.servers.update(large.serverId, ({ activeRunId: _, ...rest }) => rest);
    await tendPools(deps);

    expect(await place(small)).toMatchObject({ gatewayId: expect.any(String) });
  });

  test("grows to its number of gateways, and runs that plan at once mean the same new one", async () => {
    const targetId = await addTarget({ maxGateways: 2 });
    const servers = [];
    for (const name of ["a", "b", "c", "d"]) servers.push(await addServer(targetId, name, 1));

    await Promise.all(servers.map(place));

    // Three replicas and room for a clone in each.
    const gateways = await gatewaysOf(targetId);
    expect(gateways.map(({ slots }) => Object.keys(slots).length).sort()).toEqual([1, 3]);
    expect((await deps.store.targets.get(targetId)).gatewaysMade).toBe(2);
  });
});

describe("a pool of gateways", () => {
  test("gives an idle gateway back after the target's time, not before, and tells what it costs to keep", async () => {
    const targetId = await addTarget({ maxGateways: 2, gatewayIdleMinutes: 10 });
    const stays = await addServer(targetId, "stays", 2);
    const leaves = await addServer(targetId, "leaves", 2);
    await place(stays);
    await place(leaves);

    expect(await leave(leaves)).toBe(false);
    console.pass(9 * minute);
    await tendPools(deps);
    expect(await gatewaysOf(targetId)).toHaveLength(2);
    console.pass(2 * minute);
    await tendPools(deps);

    const [kept, ...others] = await gatewaysOf(targetId);
    expect(Object.values(kept?.slots ?? {})).toEqual([stays.serverId, stays.serverId]);
    expect(others).toEqual([]);
    expect((await eventsOf(leaves)).join()).toMatch(
      /given back in 10 minutes .* costs about \? a day/,
    );
  });

  test("gives the last gateway back at once when its last server is cleaned up", async () => {
    const targetId = await addTarget();
    const only = await addServer(targetId, "only");
    await place(only);

    expect(await leave(only)).toBe(true);
    expect(await gatewaysOf(targetId)).toEqual([]);
  });

  test("a gateway that was half removed is removed to the end at the next look", async () => {
    const targetId = await addTarget();
    await place(await addServer(targetId, "gone"));
    const [gateway] = await gatewaysOf(targetId);
    const id = gateway?.id ?? "";
    await deps.store.gateways.update(id, (found) => ({ ...found, slots: {}, state: "retired" }));

    await tendPools(deps);

    expect((await deps.store.targets.get(targetId)).gatewayIds).toEqual([]);
  });
});

describe("slots", () => {
  test("of a server are all given back, also those that a step running twice at a time left elsewhere", async () => {
    const targetId = await addTarget({ maxGateways: 2 });
    const twice = await addServer(targetId, "twice", 2);
    const other = await addServer(targetId, "other", 2);
    await place(twice);
    await place(other);
    const [, second] = await gatewaysOf(targetId);
    await deps.store.gateways.update(second?.id ?? "", (found) => ({
      ...found,
      slots: { ...found.slots, [`${twice.serverId}/disk-9`]: twice.serverId },
    }));

    await leave(twice);

    const taken = (await gatewaysOf(targetId)).flatMap(({ slots }) => Object.values(slots));
    expect(new Set(taken)).toEqual(new Set([other.serverId]));
  });

  test("whose taker is gone are freed, those of a run at work are not", async () => {
    const targetId = await addTarget({ gatewayMaxVolumes: 20 });
    const gone = await addServer(targetId, "gone");
    const atWork = await addServer(targetId, "at-work");
    const idle = await addServer(targetId, "idle");
    for (const moving of [gone, atWork, idle]) await place(moving);
    await deps.store.servers.delete(gone.serverId);
    await deps.store.servers.update(idle.serverId, ({ activeRunId: _, ...rest }) => rest);
    const [gateway] = await gatewaysOf(targetId);
    await deps.store.gateways.update(gateway?.id ?? "", (found) => ({
      ...found,
      slots: { ...found.slots, "run-former/disk-0": idle.serverId },
    }));

    await freeLostSlots(deps);

    const [left] = await gatewaysOf(targetId);
    expect(Object.keys(left?.slots ?? {}).sort()).toEqual(
      [`${atWork.serverId}/disk-0`, `${idle.serverId}/disk-0`].sort(),
    );
  });

  test("of a target that a server never reached are given back when it goes to another", async () => {
    const former = await addTarget();
    const moving = await addServer(former, "undecided");
    await place(moving);
    const targetId = await addTarget({
      name: "there",
      config: { folder: `${console.folder}/there` },
    });
    await deps.store.servers.update(moving.serverId, (found) => ({
      ...found,
      targetId,
      volumes: [],
    }));

    await place(moving);

    expect((await gatewaysOf(former)).map(({ slots }) => slots)).toEqual([{}]);
    expect((await gatewaysOf(targetId))[0]?.slots).toHaveProperty(`${moving.serverId}/disk-0`);
  });
});

test("a launch whose clones can never hang beside the replica is refused before any is made", async () => {
  const targetId = await addTarget();
  const large = await addServer(targetId, "large", 3);
  await place(large);
  await deps.store.servers.update(large.serverId, ({ activeRunId: _, ...found }) => ({
    ...{ ...found, state: "ready-for-test", recoveryPointId: "rp-1" },
  }));

  const launch = (repair: boolean) =>
    precheck(
      {
        ...{ runId: `run-launch-${repair}`, kind: "launch-server" },
        input: { serverId: large.serverId, kind: "test", repair },
      },
      deps,
    );

  await expect(launch(true)).rejects.toMatchObject({
    code: "placement.no-repair-room",
    params: { needed: 6, allowed: 4 },
  });
  expect((await eventsOf(large)).join()).toMatch(/drivers can't be repaired .* needs 6 volumes/);
});

test("all volumes of a server are made in one storage pool, that of its first ones for ever (R-215)", async () => {
  const targetId = await addTarget({
    gatewayMaxVolumes: 20,
    config: { pools: { small: 2 * MiB, large: 8 * MiB } },
  });
  const three = await addServer(targetId, "three", 3);
  const one = await addServer(targetId, "one", 1);
  const four = await addServer(targetId, "four", 6);

  for (const moving of [three, one]) {
    await place(moving);
    await createVolumes(moving, deps);
  }
  const provider = await deps.providerFor(await deps.store.targets.get(targetId), "test");
  const poolsOf = async ({ serverId }: Moving) =>
    (await deps.store.servers.get(serverId)).volumes.map(({ pool }) => pool);

  expect(await poolsOf(three)).toEqual(["large", "large", "large"]);
  expect(await poolsOf(one)).toEqual(["small"]);
  expect(await provider.volumes.listPools?.()).toEqual([
    { id: "small", freeBytes: MiB },
    { id: "large", freeBytes: 5 * MiB },
  ]);
  await expect(place(four)).rejects.toThrow(/need 6291456 bytes in one storage pool/);
});

test("a plan for many says where each would go, with sizes and reasons in the reader's language, and changes nothing", async () => {
  const targetId = await addTarget({
    config: { volume: { minBytes: 4 * MiB, maxBytes: 64 * MiB } },
  });
  const small = await addServer(targetId, "small", 1);
  const large = await addServer(targetId, "large", 2);
  const huge = await addServer(targetId, "huge", 9);
  const before = await deps.store.targets.get(targetId);
  const ask = (language: string) =>
    console.call("POST", `/v1/targets/${targetId}/plan`, {
      ...{ token: "", body: { servers: [small, large, huge].map(({ serverId }) => serverId) } },
      headers: { "accept-language": language },
    });
  const viewer = await console.personOf("viewer");

  const { status, body } = await console.call("POST", `/v1/targets/${targetId}/plan`, {
    token: viewer,
    body: { servers: [small.serverId, large.serverId, huge.serverId] },
    headers: { "accept-language": "zh" },
  });
  const plan = body as PlanView;

  expect(body.error).toBeUndefined();
  expect(status).toBe(200);
  expect((await ask("en")).status).toBe(401);
  expect(plan.gateways).toMatchObject([
    {
      id: "new-1",
      isNew: true,
      maxSlots: 4,
      taken: 1,
      keptForRepair: 1,
      serverIds: [small.serverId],
    },
  ]);
  expect(plan.servers).toMatchObject([
    {
      name: "small",
      placement: "placed",
      slots: 1,
      volumes: [{ diskBytes: MiB, sizeBytes: 4 * MiB }],
    },
    { name: "large", placement: "waits", reason: { code: "placement.no-room" } },
    { name: "huge", placement: "refused", reason: { code: "check.blocked" } },
  ]);
  expect(plan.servers[1]?.reason?.message).toContain("槽位");
  expect(await deps.store.targets.get(targetId)).toEqual(before);
  expect((await deps.store.placeRequests.list({ owner: targetId })).items).toEqual([]);
});
