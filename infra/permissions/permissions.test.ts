import { AsyncLocalStorage } from "node:async_hooks";
import { afterEach, expect, test } from "vitest";
import { type Deps, hostWith } from "#functions/deps.ts";
import { invokeStep } from "#local/steps.ts";
import { openRunningSite, type RunningSite } from "#test/e2e/site.ts";
import { readTable, tableFromCode } from "./table.ts";

let site: RunningSite | undefined;

afterEach(async () => {
  await site?.close();
  site = undefined;
});

test("the table is what the code says; write it anew with: node infra/permissions/table.ts", async () => {
  expect(readTable()).toEqual(await tableFromCode());
});

test("what two steps need, read by hand, is what was found in them", async () => {
  const table = await tableFromCode();

  // functions/steps/record-launch: keeps what was launched, tells it, and step.ts notes the run.
  expect(table["record-launch"]).toEqual({
    collections: {
      events: ["append"],
      outbox: ["create"],
      resources: ["all", "update"],
      runs: ["find", "update"],
      servers: ["get", "update"],
    },
    secrets: [],
    machines: [],
    usesProviders: false,
    publishes: false,
    readsLists: false,
  });
  // functions/steps/await-enrolment: one callback, which may be answered at once.
  expect(table["await-enrolment"]?.machines).toEqual(["succeed"]);
  expect(table["await-enrolment"]?.collections.callbacks).toEqual(["ensure"]);
});

/** Writes down, for each step, what it does to records, secrets and runs. */
function recording(deps: Deps, now: AsyncLocalStorage<string>, seen: Set<string>): Deps {
  const watched = <T extends object>(thing: T, name: string): T =>
    new Proxy(thing, {
      get(target, method, receiver) {
        const value: unknown = Reflect.get(target, method, receiver);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          seen.add(`${now.getStore() ?? "nobody"} ${name} ${String(method)}`);
          return Reflect.apply(value, target, args);
        };
      },
    });
  const store = Object.fromEntries(
    Object.entries(deps.store).map(([name, collection]) => [
      name,
      typeof collection === "object" ? watched(collection, name) : collection,
    ]),
  ) as unknown as Deps["store"];
  return {
    ...deps,
    store,
    secrets: watched(deps.secrets, "secrets"),
    machines: watched(deps.machines, "machines"),
  };
}

test("in a whole migration no step does what the table does not allow it", async () => {
  const now = new AsyncLocalStorage<string>();
  const seen = new Set<string>();
  site = await openRunningSite({
    invoke: (name, payload) => now.run(name, () => invokeStep(name, payload)),
  });
  hostWith(recording(site.standalone.deps, now, seen));
  const { operator, serverId, targetId } = site;

  for (const [action, body] of [
    ["migrate", { targetId }],
    ["sync", {}],
    ["verify", { source: true }],
    ["launch", { kind: "test", repair: false }],
    ["accept", {}],
    ["launch", { kind: "cutover", repair: false }],
    ["clean-up", {}],
  ] as const) {
    await operator.succeeded(await operator.start(serverId, action, body));
  }

  const table = readTable();
  const forbidden = [...seen].filter((line) => {
    const [step = "", name = "", method = ""] = line.split(" ");
    const allowed = table[step];
    if (name === "secrets" || name === "machines") return !allowed?.[name].includes(method);
    return !allowed?.collections[name]?.includes(method);
  });
  expect(forbidden).toEqual([]);
  expect(seen.size).toBeGreaterThan(60);
}, 240_000);
