import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { takeReplicaSlots } from "#domain/slots.ts";
import { startDatabase } from "#local/database.ts";
import { openStore, type Store } from "./store.ts";

let folder: string;
let database: Awaited<ReturnType<typeof startDatabase>>;
let store: Store;
let minute = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "hypermotion-store-"));
  database = await startDatabase(folder);
  // Every look at the clock is a minute later, so that records have an order.
  store = openStore(database.clientConfig, () => new Date(Date.UTC(2026, 0, 1, 0, minute++)));
  await store.prepare();
});

afterAll(async () => {
  store.close();
  await database.close();
  await rm(folder, { recursive: true, force: true });
});

const target = (id: string) => ({
  id,
  name: id,
  platform: "local" as const,
  config: {},
  maxGateways: 2,
  gatewayIdleMinutes: 30,
  gatewayIds: [],
  gatewaysMade: 0,
});

const gateway = (id: string, maxSlots: number) => ({
  id,
  targetId: "tgt-1",
  state: "ready" as const,
  maxSlots,
  spareSlots: 0,
  slots: {},
  awaitedBy: [],
  repairCarriers: [],
});

test("a record is created once; the second attempt is refused and changes nothing", async () => {
  await store.targets.create(target("tgt-once"));

  const again = store.targets.create({ ...target("tgt-once"), name: "another" });

  await expect(again).rejects.toMatchObject({ code: "record.exists" });
  expect((await store.targets.get("tgt-once")).name).toBe("tgt-once");
});

test("a record that is not there is found as undefined, and got as an error that names it", async () => {
  expect(await store.targets.find("tgt-none")).toBeUndefined();
  await expect(store.targets.get("tgt-none")).rejects.toThrow("There is no target tgt-none");
});

test("ensuring a record returns the one that is there", async () => {
  const first = await store.targets.ensure(target("tgt-ensured"));

  const second = await store.targets.ensure({ ...target("tgt-ensured"), name: "another" });

  expect(second).toEqual(first);
});

test("of many changes at once none is lost", async () => {
  await store.targets.create(target("tgt-busy"));
  const names = Array.from({ length: 30 }, (_, index) => `gw-${index}`);

  await Promise.all(
    names.map((name) =>
      store.targets.update("tgt-busy", (found) => ({
        ...found,
        gatewayIds: [...found.gatewayIds, name],
      })),
    ),
  );

  const { gatewayIds, version } = await store.targets.get("tgt-busy");
  expect([...gatewayIds].sort()).toEqual([...names].sort());
  expect(version).toBe(31);
});

test("of changes by several processes at once none is lost", async () => {
  await store.targets.create(target("tgt-shared"));
  const processes = Array.from({ length: 8 }, () =>
    openStore(database.clientConfig, () => new Date()),
  );

  await Promise.all(
    processes.flatMap((process, index) =>
      ["a", "b", "c"].map((name) =>
        process.targets.update("tgt-shared", (found) => ({
          ...found,
          gatewayIds: [...found.gatewayIds, `gw-${index}-${name}`],
        })),
      ),
    ),
  );

  const { gatewayIds } = await store.targets.get("tgt-shared");
  expect(new Set(gatewayIds).size).toBe(24);
});

test("of two hundred servers that want a gateway's slots at once, exactly as many get one as there are", async () => {
  await store.gateways.create(gateway("gw-crowded", 20));

  const took = await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      const serverId = `srv-${index}`;
      let got = false;
      await store.gateways.update("gw-crowded", (found) => {
        const slots = takeReplicaSlots(found, serverId, ["sda"], false);
        got = slots !== undefined;
        return slots === undefined ? found : { ...found, slots };
      });
      return got ? serverId : undefined;
    }),
  );

  const winners = took.filter((id) => id !== undefined);
  const { slots } = await store.gateways.get("gw-crowded");
  expect(winners).toHaveLength(20);
  expect(Object.values(slots).sort()).toEqual([...winners].sort());
});

test("a change that decides against itself writes nothing", async () => {
  await store.targets.create(target("tgt-same"));

  const same = await store.targets.update("tgt-same", (found) => found);

  expect(same.version).toBe(1);
});

test("a change that would make an invalid record is refused and not written", async () => {
  await store.targets.create(target("tgt-valid"));

  const change = store.targets.update("tgt-valid", (found) => ({ ...found, maxGateways: -1 }));

  await expect(change).rejects.toThrow();
  expect((await store.targets.get("tgt-valid")).maxGateways).toBe(2);
});

test("records are listed newest first, page by page, each once", async () => {
  for (let index = 0; index < 7; index++) {
    await store.codes.create({
      id: `code-${index}`,
      purpose: "agent",
      expiresAt: "2026-02-01T00:00:00.000Z",
      usesLeft: 1,
      usedBy: [],
    });
  }

  const first = await store.codes.list({ limit: 3 });
  const all: string[] = [];
  for await (const { id } of store.codes.all()) all.push(id);

  expect(first.items.map(({ id }) => id)).toEqual(["code-6", "code-5", "code-4"]);
  expect(first.cursor).toBeDefined();
  expect(all).toEqual([6, 5, 4, 3, 2, 1, 0].map((index) => `code-${index}`));
  await expect(store.codes.list({ cursor: "not one of ours" })).rejects.toMatchObject({
    code: "input.invalid",
  });
});

test("the ledger is listed by what a thing was made for", async () => {
  for (const owner of ["srv-a", "srv-b", "srv-a"]) {
    await store.resources.create({
      id: `res-${minute}`,
      targetId: "tgt-1",
      kind: "volume",
      token: `hm-${minute}`,
      owner,
      runId: "run-1",
      state: "creating",
      keptFor: [],
    });
  }

  const owned = [];
  for await (const resource of store.resources.all("srv-a")) owned.push(resource.owner);

  expect(owned).toEqual(["srv-a", "srv-a"]);
});

test("a server's events come in order, from any point on", async () => {
  const ids = ["1-a", "2-b", "3-c"];
  for (const id of ids) {
    const at = "2026-01-01T00:00:00.000Z";
    await store.events.append({
      id,
      serverId: "srv-e",
      at,
      type: "server.state",
      params: { state: id },
    });
  }

  const all = await store.events.list("srv-e");
  const later = await store.events.list("srv-e", { after: "1-a" });

  expect(all.map(({ id }) => id)).toEqual(ids);
  expect(later.map(({ id }) => id)).toEqual(["2-b", "3-c"]);
});
