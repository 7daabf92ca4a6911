import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeCtyun, startFakeCtyun } from "#test/clouds/ctyun/fake-ctyun.ts";
import { openProvider } from "../registry.ts";

let cloud: FakeCtyun;
beforeEach(async () => {
  cloud = await startFakeCtyun();
});
afterEach(() => cloud.close());

const open = (more: object = {}) => {
  const { config, credentials: secrets } = cloud.target;
  return openProvider("ctyun", { config: { ...config, ...more }, secrets, consoleId: "c" });
};

test("a gateway costs what the account pays for its type and its disk of 100 GiB, a volume what its type does", async () => {
  const prices = await (await open()).prices?.({});

  expect(prices?.currency).toBe("CNY");
  // c7.xlarge.2 on a SAS disk.
  expect(prices?.gatewayHour).toBeCloseTo((4 * 0.12 + 8 * 0.06 + 100 * 0.0005) * 0.9, 9);
  expect(prices?.volumeGibMonth).toBeCloseTo(0.0005 * 0.9 * 730, 9);
});

test("another type and other disks have their own prices", async () => {
  const gateway = { diskType: "SSD", diskGiB: 200 };
  const provider = await open({ gateway, volume: { type: "SATA" } });

  const prices = await provider.prices?.({ gatewayType: "m7.xlarge.8" });

  expect(prices?.gatewayHour).toBeCloseTo((4 * 0.12 + 32 * 0.06 + 200 * 0.0014) * 0.9, 9);
  expect(prices?.volumeGibMonth).toBeCloseTo(0.0003 * 0.9 * 730, 9);
});

test("the type of the target's settings is the one that is priced", async () => {
  const provider = await open({ gateway: { instanceType: "m7.xlarge.8" } });

  const prices = await provider.prices?.({});

  expect(prices?.gatewayHour).toBeCloseTo((4 * 0.12 + 32 * 0.06 + 100 * 0.0005) * 0.9, 9);
});

test("of a gateway whose disk is larger than the cloud prices only the volumes' price is told", async () => {
  const prices = await (await open({ gateway: { diskGiB: 2049 } })).prices?.({});

  expect(prices).toEqual({
    ...{ currency: "CNY", gatewayHour: undefined },
    volumeGibMonth: expect.closeTo(0.0005 * 0.9 * 730, 9),
  });
});

test("a price that is nothing is none", async () => {
  Object.assign(cloud.pool.tariff, { vcpu: 0, memoryGiB: 0 });
  cloud.pool.tariff.diskGiB.SAS = 0;

  const prices = await (await open()).prices?.({});

  expect(prices).toEqual({
    ...{ currency: "CNY", gatewayHour: undefined, volumeGibMonth: undefined },
  });
});

test("who may not ask is told so, and the target is none the worse", async () => {
  cloud.pool.denied.add("QueryNewOrderPrice");
  const provider = await open();

  await expect(provider.prices?.({})).rejects.toMatchObject({
    code: "cloud.forbidden",
    params: { action: expect.stringContaining("QueryNewOrderPrice") },
  });
  await expect(provider.check()).resolves.toBeUndefined();
});
