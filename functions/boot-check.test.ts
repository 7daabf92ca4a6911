/** The check of a launched server on a cloud that shows nobody a guest's console. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeTencent, startFakeTencent } from "#test/clouds/tencent/fake-tencent.ts";
import { openTestConsole, place, registerAgent, type TestConsole } from "#test/fixtures/console.ts";
import { bootCheck } from "./steps/boot-check/index.ts";
import { recordLaunch } from "./steps/record-launch/index.ts";

const runId = "run-1";
let console: TestConsole;
let cloud: FakeTencent;
let serverId: string;
let instanceId: string;

beforeEach(async () => {
  console = await openTestConsole();
  cloud = await startFakeTencent({ delays: { bootMs: 0 } });
  ({ serverId } = await registerAgent(console));
  const token = await console.personOf("administrator");
  const target = await console.call("POST", "/v1/targets", {
    token,
    body: { name: "cloud", ...cloud.target },
  });
  const { deps } = console;
  const provider = await deps.providerFor(await deps.store.targets.get(target.body.id), runId);
  const naming = (name: string) => ({
    token: name,
    tags: { "hypermotion:console": "hm-test", "hypermotion:owner": serverId, Name: name },
  });
  const group = await provider.network.ensureSecurityGroup({ ...naming("group"), rules: [] });
  const launched = await provider.compute.launch({
    ...{ ...naming("server"), instanceType: "S5.SMALL2", securityGroupId: group.id },
    ...{ firmware: "bios", strategy: "imageFromSnapshot", volumeIds: [], imageId: "img-20261001" },
  });
  instanceId = launched.id;
  await deps.store.runs.ensure({
    ...{ id: runId, kind: "launch-server", state: "running", input: {}, serverId },
  });
  await place(console, serverId, {
    ...{ targetId: target.body.id, activeRunId: runId, state: "ready-for-test" },
    launches: [
      {
        ...{ kind: "test", runId, instanceType: "S5.SMALL2", repaired: true, volumeIds: [] },
        ...{ instanceId, launchedAt: deps.now().toISOString() },
      },
    ],
  });
});
afterEach(async () => {
  await cloud.close();
  await console.close();
});

test("a server that nobody can see is waited for, then launched with a warning to look at it, not thrown away", async () => {
  const { deps } = console;
  const waiting = bootCheck({ runId, serverId }, { ...deps, stepPatienceMs: 0 });
  await expect(waiting).rejects.toMatchObject({ code: "not-ready" });
  console.pass(301);

  await bootCheck({ runId, serverId }, deps);
  const { state } = await recordLaunch({ runId, serverId }, deps);

  const { launches } = await deps.store.servers.get(serverId);
  expect(launches[0]).toMatchObject({ unseen: true, evidence: expect.stringContaining("silent") });
  expect(state).toBe("testing");
  const told = (await deps.store.events.list(serverId)).map(({ type }) => type);
  expect(told).toContain("launch.unseen");
  expect(told).not.toContain("launch.booted");
});

test("one that stopped by itself did not boot, console or not", async () => {
  const { deps } = console;
  const instance = cloud.account.instances.get(instanceId);
  Object.assign(instance ?? {}, { state: "STOPPED", changesAt: Number.POSITIVE_INFINITY });
  console.pass(301);

  const checked = bootCheck({ runId, serverId }, deps);

  await expect(checked).rejects.toMatchObject({ code: "launch.not-booted" });
});
