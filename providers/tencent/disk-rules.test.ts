import { afterEach, expect, test } from "vitest";
import { MigrationError } from "#domain/errors.ts";
import { effectiveLimits } from "#domain/limits/effective.ts";
import { volumeRules } from "#domain/limits/volume-rules.ts";
import type { Target } from "#domain/records.ts";
import { volumeSizeBytes } from "#domain/volume-size.ts";
import { limitSources } from "#functions/limits.ts";
import { type FakeTencent, startFakeTencent } from "#test/clouds/tencent/fake-tencent.ts";
import { openProvider } from "../registry.ts";

const GiB = 1024 ** 3;
let cloud: FakeTencent;

afterEach(() => cloud.close());

async function capabilities(type = "CLOUD_PREMIUM") {
  cloud = await startFakeTencent();
  const provider = await openProvider("tencent", {
    config: { ...cloud.target.config, volume: { type } },
    secrets: cloud.target.credentials,
    consoleId: "c",
  });
  return provider.capabilities();
}

/** What a disk of so many GiB becomes by the document's limits and Tencent's own, in GiB, or the refusal. */
async function sizes(type: string, role: "system" | "data", disksGiB: readonly number[]) {
  const can = await capabilities(type);
  const limits = effectiveLimits(limitSources({ platform: "tencent" } as Target, can));
  const rule = volumeRules(limits, can.volumes.system.isSsd === true)[role];
  return disksGiB.map((sizeGiB) => {
    try {
      const disk = { id: "sda", sizeBytes: sizeGiB * GiB };
      return volumeSizeBytes(disk, rule, "tencent") / GiB;
    } catch (error) {
      return error instanceof MigrationError ? error.code : String(error);
    }
  });
}

test("Tencent's own sizes are told, those of a system volume keep to what disks and system disks may have", async () => {
  const { volumes } = await capabilities("CLOUD_SSD");

  const own = { type: "CLOUD_SSD", isSsd: true, stepBytes: 10 * GiB };
  expect(volumes.data).toEqual({ ...own, minBytes: 20 * GiB, maxBytes: 32_000 * GiB });
  expect(volumes.system).toEqual({ ...own, minBytes: 20 * GiB, maxBytes: 2048 * GiB });
});

test("a system volume has 50 GB to 1 TB, and 500 GB at most on an SSD (R-184)", async () => {
  const premium = await sizes("CLOUD_PREMIUM", "system", [8, 51, 1000, 1025]);
  await cloud.close();
  const ssd = await sizes("CLOUD_SSD", "system", [500, 501]);

  expect(premium).toEqual([50, 60, 1000, "volume.too-large"]);
  expect(ssd).toEqual([500, "volume.too-large"]);
});

test("a data volume has 10 to 16000 GB in steps of 10 GB (R-185)", async () => {
  const made = await sizes("CLOUD_PREMIUM", "data", [1, 11, 15_991, 16_001]);

  expect(made).toEqual([10, 20, 16_000, "volume.too-large"]);
});

test("a type that the zone does not sell is found out when the target is added", async () => {
  cloud = await startFakeTencent();
  cloud.account.soldOut.add("CLOUD_HSSD");
  const provider = await openProvider("tencent", {
    config: { ...cloud.target.config, volume: { type: "CLOUD_HSSD" } },
    secrets: cloud.target.credentials,
    consoleId: "c",
  });

  await expect(provider.check()).rejects.toMatchObject({ code: "cloud.capacity" });
});
