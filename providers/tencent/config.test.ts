import { expect, test } from "vitest";
import { openProvider, targetSchemas } from "../registry.ts";
import { tencentConfig, tencentSecrets } from "./config.ts";

const least = { region: "ap-guangzhou", subnetId: "subnet-a1b2c3d4" };

test("a target begins with what the document says: 100 GB of premium disk, a free address with 5 Mbps, 20 volumes (R-066 to R-068, R-190, X-16)", () => {
  const { gateway, volume } = tencentConfig.parse(least);

  expect(gateway).toMatchObject({
    ...{ diskType: "CLOUD_PREMIUM", diskGiB: 100, publicAddress: "assigned", bandwidthMbps: 5 },
    ...{ maxVolumes: 20, spareVolumes: 0 },
  });
  expect(volume.type).toBe("CLOUD_PREMIUM");
});

test.each([
  ["a gateway's disk under 50 GB (R-066)", { gateway: { diskGiB: 49 } }],
  ["more volumes than an instance takes (R-190)", { gateway: { maxVolumes: 21 } }],
  ["spare places beside 20 volumes", { gateway: { maxVolumes: 20, spareVolumes: 1 } }],
  ["a subnet's name instead of its id", { subnetId: "my-subnet" }],
  ["a zone instead of a region", { region: "ap-guangzhou-6" }],
  ["a disk type that is sold with an instance only", { volume: { type: "CLOUD_TSSD" } }],
  ["a setting nobody knows", { gateway: { colour: "red" } }],
])("%s is refused", (_what, change) => {
  expect(tencentConfig.safeParse({ ...least, ...change }).success).toBe(false);
});

test("SecretId and SecretKey are what a target needs, a token comes with temporary ones (S-11)", () => {
  const keys = { secretId: "AKIDxxxxxxxxxxxxxxxx", secretKey: "yyyyyyyyyyyyyyyyyyyy" };

  expect(tencentSecrets.safeParse(keys).success).toBe(true);
  expect(tencentSecrets.safeParse({ ...keys, token: "t" }).success).toBe(true);
  expect(tencentSecrets.safeParse({ secretId: keys.secretId }).success).toBe(false);
  expect(targetSchemas("tencent").policy).toBeDefined();
});

test("HyperDoor's image is the target's, and was imported for BIOS unless told (S-11)", () => {
  const given = (hyperDoor: unknown) => tencentConfig.safeParse({ ...least, hyperDoor });

  expect(given({ image: "img-hyprdoor" }).data?.hyperDoor?.firmware).toBe("bios");
  expect(given({ image: "img-hyprdoor", firmware: "uefi" }).success).toBe(true);
  expect(given({ image: "img-hyprdoor", firmware: "both" }).success).toBe(false);
  expect(given({}).success).toBe(false);
});

test("wrong settings are named before Tencent is asked", async () => {
  const secrets = { secretId: "AKIDxxxxxxxxxxxxxxxx", secretKey: "yyyyyyyyyyyyyyyyyyyy" };
  const opened = openProvider("tencent", { config: { region: "here" }, secrets, consoleId: "c" });

  await expect(opened).rejects.toMatchObject({ code: "input.invalid" });
});
