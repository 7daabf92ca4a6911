import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { type FakeHuawei, startFakeHuawei } from "#test/clouds/huawei/fake-huawei.ts";
import { openProvider } from "../registry.ts";
import { wrapProvider } from "../wrap.ts";
import { openClient } from "./client.ts";
import { huaweiConfig } from "./config.ts";

let cloud: FakeHuawei;
afterEach(() => cloud?.close());

const consoleId = "console-under-test";

async function open(config: object = {}, credentials: object = cloud.keys) {
  return openProvider("huawei", {
    config: { ...cloud.target.config, ...config },
    secrets: credentials,
    consoleId,
  });
}

test("an access key that is not good is told apart from a missing permission (S-12)", async () => {
  cloud = await startFakeHuawei();

  const wrong = await open({}, { ...cloud.keys, secretAccessKey: "another" });
  await expect(wrong.check()).rejects.toMatchObject({ code: "cloud.credentials" });

  cloud.project.denied.add("CreatePostPaidServers");
  await expect((await open()).check()).rejects.toMatchObject({
    code: "cloud.forbidden",
    params: { action: "ecs:CreatePostPaidServers" },
  });
});

test("a temporary key works with its token, and not without (S-12)", async () => {
  cloud = await startFakeHuawei();
  const { securityToken: _, ...halves } = cloud.temporary;

  await (await open({}, cloud.temporary)).check();

  await expect((await open({}, halves)).check()).rejects.toMatchObject({
    code: "cloud.credentials",
  });
});

test("a console whose clock is wrong is told so", async () => {
  cloud = await startFakeHuawei({ skewMs: 20 * 60_000 });

  await expect((await open()).check()).rejects.toMatchObject({ code: "cloud.clock-skew" });
});

test("the project is the region's own unless a sub-project is told; a region without one is named (S-12)", async () => {
  cloud = await startFakeHuawei();
  const { calls, project } = cloud;
  const asked = () => calls.made.filter(({ action }) => action === "KeystoneListAuthProjects");

  await (await open({ projectId: project.projectId })).check();
  expect(asked()).toEqual([]);
  await (await open()).check();
  expect(asked()).toHaveLength(1);

  const elsewhere = await open({ region: "cn-south-1" });
  await expect(elsewhere.check()).rejects.toMatchObject({ code: "cloud.not-found" });
});

test("calls that come too fast are made again", async () => {
  cloud = await startFakeHuawei();
  const bare = await open();
  cloud.project.throttled = 1;
  await expect(bare.compute.listInstanceTypes()).rejects.toMatchObject({ code: "cloud.throttled" });

  cloud.project.throttled = 2;
  const silent = { debug: () => undefined, warn: () => undefined };
  const nothing = async () => undefined;
  const wrapped = wrapProvider(bare, {
    ledger: { before: nothing, after: nothing, gone: nothing },
    runId: "run",
    log: silent,
    limits: { account: "huawei-throttled" },
  });

  expect((await wrapped.compute.listInstanceTypes()).length).toBeGreaterThan(0);
});

test("more than one page of volumes is listed", async () => {
  cloud = await startFakeHuawei();
  const { project } = cloud;
  const tags = new Map([
    ["hypermotion-console", consoleId],
    ["hypermotion-owner", "srv-many"],
  ]);
  for (let n = 0; n < 501; n += 1) {
    const thing = project.newThing(`v${n}`, tags);
    const kept = { sizeGiB: 10, type: "SAS", metadata: {}, bootable: false, isPublicRoot: true };
    const volume = { ...thing, ...kept, status: "available" as const, changesAt: 0 };
    project.volumes.set(thing.id, volume);
  }

  expect(await (await open()).listOwned("srv-many")).toHaveLength(501);
});

test("calls go through the proxy that the target's settings name", async () => {
  cloud = await startFakeHuawei();
  const seen: string[] = [];
  const proxy = createServer((request, response) => {
    seen.push(request.url ?? "");
    response.end('{"availabilityZoneInfo": []}');
  }).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const { port } = proxy.address() as AddressInfo;
  const config = huaweiConfig.parse({
    ...cloud.target.config,
    projectId: cloud.project.projectId,
    endpoints: { ecs: "http://ecs.cn-north-4.example.invalid" },
    proxy: `http://127.0.0.1:${port}`,
  });

  const answer = await openClient(config, cloud.keys).call("NovaListAvailabilityZones");
  proxy.closeAllConnections();
  proxy.close();

  expect(answer).toEqual({ availabilityZoneInfo: [] });
  expect(seen).toEqual([
    `http://ecs.cn-north-4.example.invalid/v2.1/${cloud.project.projectId}/os-availability-zone`,
  ]);
});
