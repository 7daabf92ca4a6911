import { expect, test } from "vitest";
import { openProvider, targetSchemas } from "../registry.ts";
import { kingsoftConfig, kingsoftSecrets } from "./config.ts";

const least = { region: "cn-beijing-6", subnetId: "9fd83a5e-33cf-4196-b8df-59fc57478488" };
const keys = { accessKey: "AKLTxxxxxxxxxxxxxxxx", secretKey: "yyyyyyyyyyyyyyyyyyyy" };

test("a target begins with what the document says: by the hour, 100 GB of SSD cloud disk, an address of 5 Mbps by traffic (R-095, R-102 to R-106, X-10)", () => {
  const { billing, gateway } = kingsoftConfig.parse(least);

  expect(billing).toBe("HourlyInstantSettlement");
  expect(gateway).toMatchObject({
    ...{ diskType: "SSD3.0", diskGiB: 100, publicAddress: "elastic" },
    ...{ bandwidthMbps: 5, addressBilling: "TrafficMonthly" },
  });
});

test.each([
  ["a gateway's disk under 40 GB (R-102)", { gateway: { diskGiB: 39 } }],
  ["a gateway's disk that would go with its host", { gateway: { diskType: "Local_SSD" } }],
  ["paying by the month, which can't be given back", { billing: "Monthly" }],
  ["an address paid by bandwidth (R-105)", { gateway: { addressBilling: "Daily" } }],
  ["a subnet's name instead of its id", { subnetId: "my-subnet" }],
  ["a zone instead of a region", { region: "cn-beijing-6a" }],
  ["a region instead of a zone (R-097)", { zone: "cn-beijing-6" }],
  ["a setting nobody knows", { gateway: { colour: "red" } }],
])("%s is refused", (_what, change) => {
  expect(kingsoftConfig.safeParse({ ...least, ...change }).success).toBe(false);
});

test("access key and secret, region, zone and HyperDoor's image are what a target is told (S-13)", () => {
  const image = "33333333-0000-4000-8000-000000000001";
  const told = { ...least, zone: "cn-beijing-6a", hyperDoor: { image } };

  expect(kingsoftConfig.parse(told)).toMatchObject(told);
  expect(kingsoftSecrets.safeParse(keys).success).toBe(true);
  expect(kingsoftSecrets.safeParse({ accessKey: keys.accessKey }).success).toBe(false);
  expect(targetSchemas("kingsoft").policy).toBeDefined();
});

test.each([
  "short1A",
  "no-digits-At-all",
  "nocapitals1",
  "NOSMALL1LETTERS",
  `Aa1${"x".repeat(30)}`,
])("a gateway's password is what the platform takes: not %s", (gatewayPassword) => {
  expect(kingsoftSecrets.safeParse({ ...keys, gatewayPassword }).success).toBe(false);
});

test("wrong settings are named before Kingsoft Cloud is asked", async () => {
  const opened = openProvider("kingsoft", {
    config: { region: "here" },
    secrets: keys,
    consoleId: "c",
  });

  await expect(opened).rejects.toMatchObject({ code: "input.invalid" });
});
