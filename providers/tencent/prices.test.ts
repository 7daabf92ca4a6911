import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeTencent, startFakeTencent } from "#test/clouds/tencent/fake-tencent.ts";
import { openProvider } from "../registry.ts";

let cloud: FakeTencent;
beforeEach(async () => {
  cloud = await startFakeTencent();
});
afterEach(() => cloud.close());

const open = (more: object = {}) => {
  const { config, credentials: secrets } = cloud.target;
  return openProvider("tencent", { config: { ...config, ...more }, secrets, consoleId: "c" });
};

test("a gateway costs what the account pays for its type and its disk of 100 GiB, a volume what its type does", async () => {
  const prices = await (await open()).prices?.({});

  expect(prices?.currency).toBe("CNY");
  expect(prices?.gatewayHour).toBeCloseTo((4 * 0.12 + 8 * 0.06 + 100 * 0.0005) * 0.9, 6);
  expect(prices?.volumeGibMonth).toBeCloseTo(0.0005 * 0.9 * 730, 6);
});

test("another type and another disk have their own prices, in dollars on the international site", async () => {
  const { endpoints } = cloud.target.config;
  const provider = await open({ endpoints, site: "international", volume: { type: "CLOUD_SSD" } });

  const prices = await provider.prices?.({ gatewayType: "S5.2XLARGE16" });

  expect(prices?.currency).toBe("USD");
  expect(prices?.gatewayHour).toBeCloseTo((8 * 0.12 + 16 * 0.06 + 100 * 0.0005) * 0.9, 6);
  expect(prices?.volumeGibMonth).toBeCloseTo(0.001 * 0.9 * 730, 6);
});

test("who may not ask is told so", async () => {
  cloud.account.denied.add("InquiryPriceCreateDisks");

  await expect((await open()).prices?.({})).rejects.toMatchObject({ code: "cloud.forbidden" });
});
