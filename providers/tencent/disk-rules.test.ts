import fc from "fast-check";
import { expect, test } from "vitest";
import { MigrationError } from "#domain/errors.ts";
import { volumeSizeBytes } from "#domain/volume-size.ts";
import { tencentConfig } from "./config.ts";
import { volumeRules } from "./disk-rules.ts";

const GiB = 1024 ** 3;
const place = { region: "ap-guangzhou", subnetId: "subnet-a1b2c3d4" };
const today = { least: 10, most: 32_000, step: 10 };

function sizeOf(
  sizeGiB: number,
  role: "system" | "data",
  volume: { type?: string } = {},
  sizes: Record<string, number> = {},
): number | string {
  const rules = volumeRules(tencentConfig.parse({ ...place, volume, sizes }), today);
  try {
    return volumeSizeBytes({ id: "sda", sizeBytes: sizeGiB * GiB }, rules[role], "tencent") / GiB;
  } catch (error) {
    return error instanceof MigrationError ? error.code : String(error);
  }
}

test("a system volume has 50 GB to 1 TB, and 500 GB at most on an SSD (R-184)", () => {
  expect(sizeOf(8, "system")).toBe(50);
  expect(sizeOf(1000, "system")).toBe(1000);
  expect(sizeOf(1025, "system")).toBe("volume.too-large");
  expect(sizeOf(500, "system", { type: "CLOUD_SSD" })).toBe(500);
  expect(sizeOf(501, "system", { type: "CLOUD_SSD" })).toBe("volume.too-large");
});

test("a data volume has 10 to 16000 GB in steps of 10 GB (R-185)", () => {
  expect(sizeOf(1, "data")).toBe(10);
  expect(sizeOf(11, "data")).toBe(20);
  expect(sizeOf(15_991, "data")).toBe(16_000);
  expect(sizeOf(16_001, "data")).toBe("volume.too-large");
});

test("the document's limits are settings of the target (X-19)", () => {
  expect(sizeOf(1025, "system", {}, { systemMostGiB: 2048 })).toBe(1030);
  expect(sizeOf(16_001, "data", {}, { dataMostGiB: 32_000 })).toBe(16_010);
});

test("whatever Tencent offers, a volume keeps to both the offer and the target's limits", () => {
  const offers = fc.record({
    least: fc.integer({ min: 1, max: 200 }),
    most: fc.integer({ min: 500, max: 40_000 }),
    step: fc.constantFrom(1, 10),
  });
  const disks = fc.integer({ min: 1, max: 40_000 });

  fc.assert(
    fc.property(offers, disks, fc.constantFrom("system", "data"), (offer, sizeGiB, role) => {
      const rule = volumeRules(tencentConfig.parse(place), offer)[role];
      const least = rule.minBytes / GiB;
      if (least < offer.least || rule.maxBytes / GiB > offer.most) return false;
      if (rule.minBytes % rule.stepBytes !== 0) return false;
      try {
        const disk = { id: "sda", sizeBytes: sizeGiB * GiB };
        const made = volumeSizeBytes(disk, rule, "tencent") / GiB;
        return made >= sizeGiB && made >= least && made <= offer.most && made % offer.step === 0;
      } catch {
        return sizeGiB + 10 > rule.maxBytes / GiB;
      }
    }),
  );
});
