import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeAliyun, startFakeAliyun } from "#test/clouds/aliyun/fake-aliyun.ts";
import { openProvider } from "../registry.ts";

let fake: FakeAliyun;
beforeEach(async () => {
  fake = await startFakeAliyun();
});
afterEach(() => fake.close());

const open = (more: object = {}) =>
  openProvider("aliyun", {
    config: { ...fake.target.config, ...more },
    secrets: fake.keys,
    consoleId: "c",
  });

test("a gateway costs what the account pays for C5 and its ultra disk of 100 GiB, a volume what ESSD does", async () => {
  const prices = await (await open()).prices?.({});

  expect(prices?.currency).toBe("CNY");
  expect(prices?.gatewayHour).toBeCloseTo((4 * 0.15 + 8 * 0.06 + 100 * 0.0005) * 0.9, 9);
  expect(prices?.volumeGibMonth).toBeCloseTo(0.0014 * 0.9 * 730, 9);
});

test("another type has a price of its own, with the disk that it takes, and an account of the international site one in dollars", async () => {
  fake.account.currency = "USD";
  const provider = await open({ gateway: { diskGiB: 200 } });

  const prices = await provider.prices?.({ gatewayType: "ecs.c7.xlarge" });

  expect(prices?.currency).toBe("USD");
  expect(prices?.gatewayHour).toBeCloseTo((4 * 0.15 + 8 * 0.06 + 200 * 0.0014) * 0.9, 9);
});

test.each([
  ["cloud_efficiency", { categories: ["cloud_efficiency"] }, 0.0005],
  ["ESSD PL0", { performanceLevel: "PL0" }, 0.0007],
  ["ESSD PL3, of which the least is 1261 GiB", { performanceLevel: "PL3" }, 0.0056],
])("volumes of %s have their own price", async (_, volume, hour) => {
  const prices = await (await open({ volume })).prices?.({});

  expect(prices?.volumeGibMonth).toBeCloseTo(hour * 0.9 * 730, 9);
});

test("what has no price now is left out, and where nothing has one that is said", async () => {
  const provider = await open();
  delete fake.account.tariff.diskGiB["cloud_essd PL1"];

  const prices = await provider.prices?.({});
  delete fake.account.tariff.diskGiB.cloud_efficiency;
  const none = provider.prices?.({});

  expect(prices?.gatewayHour).toBeCloseTo((4 * 0.15 + 8 * 0.06 + 100 * 0.0005) * 0.9, 9);
  expect(prices?.volumeGibMonth).toBeUndefined();
  await expect(none).rejects.toMatchObject({ code: "cloud.refused", params: { what: "prices" } });
});

test("who may not ask is told so, and the target is as good without", async () => {
  fake.account.denied.add("DescribePrice");
  const provider = await open();

  await expect(provider.prices?.({})).rejects.toMatchObject({ code: "cloud.forbidden" });
  await expect(provider.check()).resolves.toBeUndefined();
});
