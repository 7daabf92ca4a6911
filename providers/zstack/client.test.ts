import { afterEach, expect, test } from "vitest";
import { type FakeZstack, startFakeZstack } from "#test/clouds/zstack/fake-zstack.ts";
import type { Provider } from "../provider.ts";
import { openProvider } from "../registry.ts";

let site: FakeZstack;
afterEach(() => site.close());

const consoleId = "console-under-test";

async function open(config: object = {}, secrets: object = site.keys): Promise<Provider> {
  return openProvider("zstack", {
    config: { ...site.target.config, ...config },
    secrets,
    consoleId,
  });
}

const order = {
  token: "a-volume",
  tags: { "hypermotion:console": consoleId, "hypermotion:owner": "srv-1", Name: "a volume" },
  sizeBytes: 1024 ** 2,
  role: "data",
} as const;

const asked = (action: string) => site.calls.made.filter((call) => call.action === action).length;

test("an administrator's name and password do as well as an access key, which is signed with and never sent (R-213, S-18)", async () => {
  site = await startFakeZstack();

  for (const secrets of [site.account, site.keys]) {
    const provider = await open({}, secrets);
    await provider.check();
    expect((await provider.capabilities()).isAdministrator).toBe(true);
  }

  expect(asked("LogInByAccount")).toBe(1);
});

test("other accounts are known as such (R-213, R-214)", async () => {
  site = await startFakeZstack();
  site.cloud.accountType = "Normal";

  for (const secrets of [site.account, site.keys]) {
    expect((await (await open({}, secrets)).capabilities()).isAdministrator).toBe(false);
  }
});

test("wrong credentials are told apart from a call that is not allowed (R-213, S-18)", async () => {
  site = await startFakeZstack();

  for (const secrets of [
    { ...site.account, password: "another" },
    { ...site.keys, accessKeySecret: "another" },
  ]) {
    await expect((await open({}, secrets)).check()).rejects.toMatchObject({
      code: "cloud.credentials",
    });
  }
  site.cloud.denied.add("QueryPrimaryStorage");
  await expect((await open()).check()).rejects.toMatchObject({
    ...{ code: "cloud.forbidden", params: { action: "QueryPrimaryStorage" } },
  });
});

test("another context path, or none, is a part of the address, and is not signed (S-18)", async () => {
  site = await startFakeZstack({ contextPath: "/private/cloud" });
  await (await open()).check();
  await site.close();

  site = await startFakeZstack({ contextPath: "" });
  const { endpoint } = site.target.config;
  await (await open()).check();
  await (await open({ endpoint: String(endpoint).replace(/v1$/, "") })).check();
});

test("a console whose clock is wrong is told so", async () => {
  site = await startFakeZstack({ skewMs: 20 * 60_000 });

  await expect((await open()).check()).rejects.toMatchObject({ code: "cloud.clock-skew" });
});

test("a session that has ended is begun anew, without anybody noticing", async () => {
  site = await startFakeZstack();
  const provider = await open({}, site.account);
  await provider.check();
  site.cloud.sessions.clear();

  const { id } = await provider.volumes.createVolume(order);
  site.cloud.sessions.clear();

  expect((await provider.volumes.findVolume(id))?.sizeBytes).toBe(order.sizeBytes);
  expect(asked("LogInByAccount")).toBe(3);
});

test("an order whose answer is lost is followed by the job id it was given, and not made twice", async () => {
  site = await startFakeZstack();
  const provider = await open();

  for (const how of ["cut", "error"] as const) {
    site.calls.fail({ nth: 1, action: "CreateDataVolume", when: "after", how });
    await provider.volumes.createVolume({ ...order, token: how });
  }

  expect(asked("CreateDataVolume")).toBe(2);
  expect(site.cloud.volumes.size).toBe(2);
});

test("an order that did not get there is a passing failure", async () => {
  site = await startFakeZstack();
  const provider = await open();
  site.calls.fail({ nth: 1, action: "CreateDataVolume", when: "before", how: "cut" });

  await expect(provider.volumes.createVolume(order)).rejects.toMatchObject({
    code: "cloud.transient",
  });

  expect(site.cloud.volumes.size).toBe(0);
});

test("an order that takes long is left to itself, and what it makes is looked at", async () => {
  site = await startFakeZstack({ delays: { createMs: 2_000 } });
  const provider = await open({ jobPatienceMs: 100 });

  const { id } = await provider.volumes.createVolume(order);

  expect((await provider.volumes.findVolume(id))?.state).toBe("pending");
});

test("a list is read to its end, page by page", async () => {
  site = await startFakeZstack();
  const provider = await open();
  const orders = Array.from({ length: 105 }, (_, n) => ({ ...order, token: `volume-${n}` }));
  for (const one of orders) await provider.volumes.createVolume(one);
  const before = asked("QueryVolume");

  const owned = await provider.listOwned("srv-1");

  expect(owned).toHaveLength(105);
  expect(asked("QueryVolume") - before).toBe(2);
});

test("no secret is in what is told of a failure", async () => {
  site = await startFakeZstack();
  const provider = await open({}, { ...site.account, password: "a secret password" });

  const failure = await provider.check().catch((error: unknown) => error);

  expect(JSON.stringify(failure) + String(failure)).not.toContain("secret");
});
