import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeHuawei, startFakeHuawei } from "#test/clouds/huawei/fake-huawei.ts";
import { openProvider } from "../registry.ts";
import { openClient } from "./client.ts";
import { huaweiConfig } from "./config.ts";

let cloud: FakeHuawei;
beforeEach(async () => {
  cloud = await startFakeHuawei();
});
afterEach(() => cloud.close());

async function pricesOf(of: { gatewayType?: string } = {}, config: object = {}) {
  const all = { ...cloud.target.config, ...config };
  const provider = await openProvider("huawei", {
    config: all,
    secrets: cloud.keys,
    consoleId: "c",
  });
  return provider.prices?.(of);
}

const near = (amount: number) => expect.closeTo(amount, 9);

test("a gateway costs what the account pays for its flavor and its disk of 100 GiB, a volume what its type does", async () => {
  expect(await pricesOf()).toEqual({
    currency: "CNY",
    gatewayHour: near((4 * 0.12 + 8 * 0.06 + 100 * 0.0005) * 0.9),
    volumeGibMonth: near(0.0005 * 0.9 * 730),
  });
});

test("another flavor, another disk and another type of volume have their own prices", async () => {
  const config = { volume: { type: "SSD" }, gateway: { diskGiB: 200 } };

  expect(await pricesOf({ gatewayType: "c7.2xlarge.2" }, config)).toEqual({
    currency: "CNY",
    gatewayHour: near((8 * 0.12 + 16 * 0.06 + 200 * 0.0005) * 0.9),
    volumeGibMonth: near(0.0014 * 0.9 * 730),
  });
});

test("an account of the international site is asked there, and pays in dollars where no currency is named", async () => {
  Object.assign(cloud.project.billing, { site: "bssintl", currency: undefined });
  expect((await pricesOf())?.currency).toBe("USD");

  cloud.project.billing.site = "bss";
  expect((await pricesOf())?.currency).toBe("CNY");
});

test("in a cloud of one site there is no other to ask, and no currency to guess", async () => {
  const domain = "myhuaweicloud.eu";
  cloud.project.billing.currency = "EUR";
  expect((await pricesOf({}, { domain }))?.currency).toBe("EUR");

  cloud.project.billing.currency = undefined;
  await expect(pricesOf({}, { domain })).rejects.toMatchObject({ code: "cloud.refused" });

  cloud.project.billing.site = "bssintl";
  await expect(pricesOf({}, { domain })).rejects.toMatchObject({ code: "cloud.forbidden" });
});

test("who may not see discounts is told the list price", async () => {
  cloud.project.billing.discount = undefined;

  expect(await pricesOf()).toEqual({
    currency: "CNY",
    gatewayHour: near(4 * 0.12 + 8 * 0.06 + 100 * 0.0005),
    volumeGibMonth: near(0.0005 * 730),
  });
});

test("what the cloud has no price of is left out; where that is all, it is said", async () => {
  const volume = { type: "ESSD" };

  expect(await pricesOf({}, { volume })).toMatchObject({
    gatewayHour: expect.any(Number),
    volumeGibMonth: undefined,
  });
  const nothing = pricesOf({}, { volume, gateway: { diskType: "ESSD" } });
  await expect(nothing).rejects.toMatchObject({ code: "cloud.refused" });
});

test("who may not ask is told so, by the right as the cloud names it, and the target is good all the same", async () => {
  cloud.project.denied.add("BssListOnDemandResourceRatings");

  await expect(pricesOf()).rejects.toMatchObject({
    code: "cloud.forbidden",
    params: { action: "billing:contract:viewDiscount" },
  });
  const { config } = cloud.target;
  await (await openProvider("huawei", { config, secrets: cloud.keys, consoleId: "c" })).check();
});

test("prices are asked of hosts that all regions share, for the account where that is told", async () => {
  const seen: (string | undefined)[] = [];
  const proxy = createServer((_, response) => response.end('{"domains": []}'));
  proxy.on("connect", ({ url }, socket) => {
    seen.push(url);
    socket.destroy();
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const { endpoints: _, ...target } = cloud.target.config;
  const { iam } = cloud.endpoints;
  const { port } = proxy.address() as AddressInfo;
  const config = { ...target, endpoints: { iam }, proxy: `http://127.0.0.1:${port}` };
  const client = openClient(huaweiConfig.parse(config), cloud.keys);

  for (const operation of [
    "BssListOnDemandResourceRatings",
    "BssintlListOnDemandResourceRatings",
  ] as const) {
    await expect(client.call(operation, { body: {} })).rejects.toThrow();
  }
  proxy.closeAllConnections();
  proxy.close();

  expect(seen).toEqual(["bss.myhuaweicloud.com:443", "bss-intl.myhuaweicloud.com:443"]);
});
