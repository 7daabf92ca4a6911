import { expect, test } from "vitest";
import { openProvider } from "../registry.ts";
import { ctyunConfig, ctyunSecrets } from "./config.ts";

const least = { region: "81f7728662dd11ec810800155d307d5b", subnetId: "subnet-a1b2c3d4e5" };
const keys = { accessKey: "a".repeat(32), secretKey: "b".repeat(32) };

test("a target is its pool, zone, HyperDoor image and endpoint, of which the last is CTyun's own unless told (S-15)", () => {
  const told = {
    ...least,
    zone: "cn-huadong1-jsnj1A-public-ctcloud",
    hyperDoor: { image: "7d0a8a8e-2b7b-4b6f-9d62-5f7e1c0d4a11" },
    endpoints: { ecs: "https://ctecs.example.com" },
  };

  expect(ctyunConfig.parse(told)).toMatchObject(told);
  expect(ctyunConfig.parse(least)).toMatchObject({
    ...{ zone: "default", endpoints: {}, domain: "ctapi.ctyun.cn" },
  });
});

test("access key and secret are what a target needs; the gateway's password may come with them (S-03, S-15)", () => {
  const gatewayPassword = "Hyper-Gate-2026";

  expect(ctyunSecrets.safeParse(keys).success).toBe(true);
  expect(ctyunSecrets.safeParse({ ...keys, gatewayPassword }).success).toBe(true);
  expect(ctyunSecrets.safeParse({ accessKey: keys.accessKey }).success).toBe(false);
});

test.each(["Short1!", "onlysmallletters", "/Slash-first-1", "Root-of-all-1"])(
  "the gateway's password %s is refused before CTyun does it",
  (gatewayPassword) => {
    expect(ctyunSecrets.safeParse({ ...keys, gatewayPassword }).success).toBe(false);
  },
);

test("a gateway begins with what the document says: 100 GB of high I/O, its own address with 5 Mbit/s, and the API's eight volumes (S-03, R-012)", () => {
  const { gateway, volume } = ctyunConfig.parse(least);

  expect(gateway).toMatchObject({
    ...{ diskType: "SAS", diskGiB: 100, publicAddress: "elastic", bandwidthMbps: 5 },
    ...{ maxVolumes: 8, spareVolumes: 0, device: "serial" },
  });
  expect(volume.type).toBe("SAS");
});

test.each([
  ["a gateway's disk under 40 GB (R-012)", { gateway: { diskGiB: 39 } }],
  ["a disk type that wants figures of its own", { volume: { type: "XSSD-1" } }],
  ["a pool's name instead of its id", { region: "华东1" }],
  ["a setting nobody knows", { gateway: { colour: "red" } }],
])("%s is refused", (_what, change) => {
  expect(ctyunConfig.safeParse({ ...least, ...change }).success).toBe(false);
});

test("wrong settings are named before CTyun is asked", async () => {
  const opened = openProvider("ctyun", { config: { region: "" }, secrets: keys, consoleId: "c" });

  await expect(opened).rejects.toMatchObject({ code: "input.invalid" });
});
