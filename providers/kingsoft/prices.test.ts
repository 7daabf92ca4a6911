import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeKingsoft, startFakeKingsoft } from "#test/clouds/kingsoft/fake-kingsoft.ts";
import { openProvider } from "../registry.ts";

let cloud: FakeKingsoft;
beforeEach(async () => {
  cloud = await startFakeKingsoft();
});
afterEach(() => cloud.close());

const open = (more: object = {}) => {
  const { config, credentials: secrets } = cloud.target;
  return openProvider("kingsoft", { config: { ...config, ...more }, secrets, consoleId: "c" });
};

test("a gateway costs what the account pays for its type and its disk of 100 GB, a volume what it pays for the type in stock", async () => {
  const prices = await (await open()).prices?.({});

  expect(prices?.currency).toBe("CNY");
  // S6.4B on SSD3.0.
  expect(prices?.gatewayHour).toBeCloseTo((4 * 0.1 + 8 * 0.05 + 100 * 0.001) * 0.8, 9);
  expect(prices?.volumeGibMonth).toBeCloseTo(0.001 * 0.8 * 730, 9);
});

test("another type, another disk and another type of volumes have their own prices", async () => {
  const gateway = { diskGiB: 200, diskType: "EHDD" };
  const provider = await open({ gateway, volume: { types: ["EHDD"] } });

  const prices = await provider.prices?.({ gatewayType: "S6.2B" });

  expect(prices?.gatewayHour).toBeCloseTo((2 * 0.1 + 4 * 0.05 + 200 * 0.0004) * 0.8, 9);
  expect(prices?.volumeGibMonth).toBeCloseTo(0.0004 * 0.8 * 730, 9);
});

test("the type of the target's settings is the one that is priced, on a disk that it takes", async () => {
  const gateway = { instanceType: "C7.4B" };
  const provider = await open({ gateway, volume: { types: ["ESSD_PL1"] } });

  const prices = await provider.prices?.({});

  expect(prices?.gatewayHour).toBeCloseTo((4 * 0.1 + 8 * 0.05 + 100 * 0.002) * 0.8, 9);
  expect(prices?.volumeGibMonth).toBeCloseTo(0.002 * 0.8 * 730, 9);
});

test("what is paid by the day costs a 24th of that each hour", async () => {
  const prices = await (await open({ billing: "Daily" })).prices?.({});

  const day = 18;
  expect(prices?.gatewayHour).toBeCloseTo(((0.9 * 0.8) / 24) * day, 9);
  expect(prices?.volumeGibMonth).toBeCloseTo(((0.001 * 0.8 * 730) / 24) * day, 9);
});

test.each([
  ["USD", "USD"],
  ["美元/小时", "USD"],
  ["元/小时", "CNY"],
  ["", "CNY"],
])("prices in %s are in %s", async (unit, currency) => {
  cloud.account.tariff.unit = unit;

  expect(await (await open()).prices?.({})).toMatchObject({ currency });
});

test("a price that is nothing is none", async () => {
  cloud.account.tariff.discount = 0;

  const prices = await (await open()).prices?.({});

  expect(prices).toEqual({
    ...{ currency: "CNY", gatewayHour: undefined, volumeGibMonth: undefined },
  });
});

test.each([
  ["kec", "DescribePrice"],
  ["ebs", "DescribeCreateVolumePrice"],
])(
  "who may not ask %s for %s is told so, and the target is none the worse",
  async (service, action) => {
    cloud.account.denied.add(action);
    const provider = await open();

    await expect(provider.prices?.({})).rejects.toMatchObject({
      code: "cloud.forbidden",
      params: { action: `${service}:${action}` },
    });
    await expect(provider.check()).resolves.toBeUndefined();
  },
);
