import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeUCloud, startFakeUCloud } from "#test/clouds/ucloud/fake-ucloud.ts";
import { openProvider } from "../registry.ts";

let cloud: FakeUCloud;
beforeEach(async () => {
  cloud = await startFakeUCloud();
});
afterEach(() => cloud.close());

const open = (more: object = {}) => {
  const { config, credentials: secrets } = cloud.target;
  return openProvider("ucloud", { config: { ...config, ...more }, secrets, consoleId: "c" });
};

test("a gateway costs what the account pays for its type, its disk of 100 GB and its address, a volume what it does with snapshots", async () => {
  const prices = await (await open()).prices?.({});

  expect(prices?.currency).toBe("CNY");
  // N-4-8 on a CLOUD_SSD.
  expect(prices?.gatewayHour).toBeCloseTo((4 * 0.1 + 8 * 0.05 + 100 * 0.001 + 0.1) * 0.9, 9);
  expect(prices?.volumeGibMonth).toBeCloseTo((0.001 + 0.0002) * 0.9 * 730, 9);
});

test("another type, another disk and no address have their own prices", async () => {
  const gateway = { diskGiB: 200, publicAddress: "none" };
  const provider = await open({ gateway, volume: { type: "CLOUD_NORMAL" } });

  const prices = await provider.prices?.({ gatewayType: "N-8-16" });

  expect(prices?.gatewayHour).toBeCloseTo((8 * 0.1 + 16 * 0.05 + 200 * 0.001) * 0.9, 9);
  expect(prices?.volumeGibMonth).toBeCloseTo((0.0005 + 0.0002) * 0.9 * 730, 9);
});

test("the type of the target's settings is the one that is priced, on its processors and its own kind of disk", async () => {
  const provider = await open({ gateway: { instanceType: "OM-4-8" } });

  const prices = await provider.prices?.({});

  const amd = 0.5;
  expect(prices?.gatewayHour).toBeCloseTo((4 * 0.1 + 8 * 0.05 + amd + 100 * 0.002 + 0.1) * 0.9, 9);
});

test("a volume without the snapshot service costs its disk only", async () => {
  const provider = await open({ volume: { type: "CLOUD_ESSD", snapshotService: false } });

  const prices = await provider.prices?.({});

  expect(prices?.volumeGibMonth).toBeCloseTo(0.0008 * 0.9 * 730, 9);
});

test("a price that is nothing is none", async () => {
  const { tariff } = cloud.project;
  Object.assign(tariff, { vcpu: 0, memoryGiB: 0, snapshotGiB: 0 });
  tariff.diskGiB.CLOUD_SSD = 0;

  const prices = await (await open()).prices?.({});

  expect(prices).toEqual({
    ...{ currency: "CNY", gatewayHour: undefined, volumeGibMonth: undefined },
  });
});

test.each(["DescribeUDiskPrice", "GetEIPPrice", "GetUHostInstancePrice"])(
  "who may not ask %s is told so, and the target is none the worse",
  async (action) => {
    cloud.project.denied.add(action);
    const provider = await open();

    await expect(provider.prices?.({})).rejects.toMatchObject({
      code: "cloud.forbidden",
      params: { action },
    });
    await expect(provider.check()).resolves.toBeUndefined();
  },
);
