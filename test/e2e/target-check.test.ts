/** The deep check of a target on this machine: what it proves, and that nothing of it stays, whatever happens. */
import { once } from "node:events";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { RunDetails } from "#api/runs.ts";
import { keepSession } from "#cli/sessions.ts";
import { hostWith } from "#functions/deps.ts";
import { invokeStep } from "#local/steps.ts";
import { Operator, openRunningSite, type RunningSite, runNode, until } from "./site.ts";

let site: RunningSite;

afterEach(() => site.close());

async function check(): Promise<string> {
  const { operator, targetId } = site;
  const path = `/v1/targets/${targetId}/deep-check`;
  return (await operator.call<{ id: string }>("POST", path)).id;
}

async function migrate(): Promise<void> {
  const { operator, serverId, targetId } = site;
  await operator.succeeded(await operator.start(serverId, "migrate", { targetId }));
}

/** Part → what came of it, in the order in which they are shown. */
function resultsOf(run: unknown): [string, string][] {
  return ((run as RunDetails).checked ?? []).map(({ part, result }) => [part, result]);
}

/** What is at the target of this run, in its ledger, and on gateways. */
async function leftOf(runId: string): Promise<string[]> {
  const { store } = site.standalone.deps;
  const left = (await site.provider.listOwned(runId)).map(({ kind, id }) => `${kind} ${id}`);
  for await (const { kind, state } of store.resources.all(runId)) {
    if (state !== "gone") left.push(`ledger: ${kind} ${state}`);
  }
  for await (const { slots } of store.gateways.all()) {
    left.push(...Object.keys(slots).filter((name) => name.startsWith(runId)));
  }
  return left;
}

async function typesTold(of: string): Promise<string[]> {
  const path = `/v1/events?serverId=${of}&limit=100`;
  const { items } = await site.operator.call<{ items: { type: string }[] }>("GET", path);
  return items.map(({ type }) => type);
}

const allProved = [
  ["credentials", "proved"],
  ["gateway-size", "not-tried"],
  ["create", "proved"],
  ["attach", "proved"],
  ["device", "proved"],
  ["detach", "proved"],
  ["snapshot", "proved"],
  ["delete", "proved"],
  ["empty", "proved"],
];

test("without a gateway a check proves the rest, says what hanging would take, and leaves nothing", async () => {
  site = await openRunningSite();
  const { operator, targetId } = site;

  const runId = await check();
  const run = await operator.succeeded(runId);

  expect(resultsOf(run)).toEqual(
    allProved.map(([part, result]) => {
      const needsGateway = part === "attach" || part === "device" || part === "detach";
      return [part, needsGateway ? "not-tried" : result];
    }),
  );
  const { checked = [] } = run as unknown as RunDetails;
  expect(checked.find(({ part }) => part === "attach")?.text).toContain("has no gateway yet");
  expect(await leftOf(runId)).toEqual([]);
  expect(await typesTold(targetId)).toEqual(["run.started", "run.succeeded"]);
}, 120_000);

test("beside a replica a check hangs its volume on the gateway, which finds it; the replica and its places stay as they were, though every step runs twice", async () => {
  site = await openRunningSite({
    async invoke(name, payload) {
      await invokeStep(name, payload);
      return invokeStep(name, payload);
    },
  });
  const { operator, serverId, standalone } = site;
  await migrate();
  const before = await operator.server(serverId);
  const { gatewayId = "" } = await standalone.deps.store.servers.get(serverId);
  const { slots } = await standalone.deps.store.gateways.get(gatewayId);

  const runId = await check();
  const run = await operator.succeeded(runId);

  expect(resultsOf(run)).toEqual(allProved);
  const { checked = [] } = run as unknown as RunDetails;
  expect(checked.find(({ part }) => part === "device")?.text).toContain(site.targetFolder);
  expect(await leftOf(runId)).toEqual([]);
  expect((await standalone.deps.store.gateways.get(gatewayId)).slots).toEqual(slots);
  expect(await operator.server(serverId)).toMatchObject({
    ...{ state: before.state, volumes: before.volumes, recoveryPointId: before.recoveryPointId },
  });
}, 180_000);

test("where volumes say nothing of themselves, a check finds its volume by its having appeared", async () => {
  site = await openRunningSite({ target: { config: { deviceMapping: "difference" } } });
  await migrate();

  const runId = await check();

  expect(resultsOf(await site.operator.succeeded(runId))).toEqual(allProved);
  expect(await leftOf(runId)).toEqual([]);
}, 120_000);

test("a full gateway is not used: the check says so", async () => {
  site = await openRunningSite({ target: { gatewayMaxVolumes: 4, maxGateways: 1 } });
  await migrate();

  const runId = await check();
  const { checked = [] } = (await site.operator.succeeded(runId)) as unknown as RunDetails;

  // Two disks, and the places that are kept for their clones.
  expect(checked.find(({ part }) => part === "attach")).toMatchObject({ result: "not-tried" });
  expect(checked.find(({ part }) => part === "attach")?.text).toContain("with a free place");
  expect(await leftOf(runId)).toEqual([]);
}, 120_000);

test("a check that is stopped while it waits cleans up first, and ends as stopped", async () => {
  site = await openRunningSite();
  const { operator, standalone } = site;
  hostWith({
    ...standalone.deps,
    stepPatienceMs: 0,
    async providerFor(target, runId) {
      const provider = await standalone.deps.providerFor(target, runId);
      // A snapshot that is never ready, as of a cloud that is busy for long.
      const findSnapshot: typeof provider.volumes.findSnapshot = async (id) => {
        const found = await provider.volumes.findSnapshot(id);
        return found && { ...found, state: "pending" };
      };
      return { ...provider, volumes: { ...provider.volumes, findSnapshot } };
    },
  });
  const runId = await check();
  await until("it to wait", async () => (await operator.run(runId)).waitsFor);
  const inUse = operator.call("DELETE", `/v1/targets/${site.targetId}`);
  await expect(inUse).rejects.toMatchObject({ code: "target.in-use" });

  await operator.call("POST", `/v1/runs/${runId}/stop`);
  const run = await operator.ended(runId);
  hostWith(standalone.deps);

  expect(run).toMatchObject({ state: "stopped", error: { code: "run.stopped" } });
  expect(resultsOf(run)).toContainEqual(["empty", "proved"]);
  expect(await leftOf(runId)).toEqual([]);
  await operator.call("DELETE", `/v1/targets/${site.targetId}`);
}, 120_000);

test("of a check whose execution was ended from outside, housekeeping gives back what it made", async () => {
  site = await openRunningSite();
  const { operator, standalone } = site;
  const { deps } = standalone;
  hostWith({
    ...deps,
    stepPatienceMs: 0,
    providerFor: (target, runId) => neverReady(target, runId),
  });
  const runId = await check();
  await until("it to wait", async () => (await operator.run(runId)).waitsFor);
  await deps.machines.stop("check-target", runId, "by hand, in the cloud's own console");
  hostWith(deps);
  const { removeAbandonedProbes } = await import("#functions/target-checks.ts");
  await deps.store.runs.update(runId, (run) => ({ ...run, state: "failed" }));
  const before = await leftOf(runId);

  await removeAbandonedProbes(deps);

  expect(before).not.toEqual([]);
  expect(await leftOf(runId)).toEqual([]);

  async function neverReady(...[target, id]: Parameters<typeof deps.providerFor>) {
    const provider = await deps.providerFor(target, id);
    const findVolume: typeof provider.volumes.findVolume = async (volumeId) => {
      const found = await provider.volumes.findVolume(volumeId);
      return found && { ...found, state: "pending" };
    };
    return { ...provider, volumes: { ...provider.volumes, findVolume } };
  }
}, 120_000);

test("the command asks first, shows a table in the reader's language, or JSON lines for programs", async () => {
  site = await openRunningSite();
  const user = await site.operator.call<{ oneTimePassword: string }>("POST", "/v1/users", {
    ...{ name: "ada", role: "operator" },
  });
  const env = { XDG_CONFIG_HOME: join(site.folder, "ada"), LC_ALL: "C" };
  const { url } = site.standalone;
  const token = await new Operator(() => url).login("ada", user.oneTimePassword);
  await keepSession(env, url, { token, user: "ada" });
  const { name } = await site.standalone.deps.store.targets.get(site.targetId);
  const hypermotion = async (...args: string[]) => {
    const deep = ["cli/hypermotion.mjs", "target", "check", name, "--deep", "--console", url];
    const { child, output } = runNode([...deep, ...args], env);
    await once(child, "close");
    return { status: child.exitCode, output: output() };
  };

  const unasked = await hypermotion();
  const shown = await hypermotion("--yes");
  const chinese = await hypermotion("--yes", "--lang", "zh");
  const json = await hypermotion("--yes", "--json");

  expect(unasked.status, unasked.output).toBe(2);
  expect(unasked.output).toContain("needs --yes where nobody can be asked");
  expect(shown.status, shown.output).toBe(0);
  expect(shown.output).toMatch(/make a volume +proved +Volume \S+ of 0.001 GiB was made/);
  expect(shown.output).toMatch(/hang it on a gateway +not tried +The target has no gateway yet/);
  expect(shown.output).toMatch(/nothing is left +proved/);
  expect(chinese.output).toMatch(/没有遗留 +已证明/);
  const lines = json.output
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines.at(-1)).toMatchObject({ type: "run", run: { state: "succeeded" } });
  expect(resultsOf(lines.at(-1).run)).toContainEqual(["empty", "proved"]);
}, 180_000);
