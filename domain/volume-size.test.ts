import fc from "fast-check";
import { expect, test } from "vitest";
import { volumeSizeBytes } from "./volume-size.ts";

const GB = 1024 ** 3;
const tencentData = { minBytes: 10 * GB, maxBytes: 16_000 * GB, stepBytes: 10 * GB };

test("a disk smaller than the platform's smallest volume gets the smallest", () => {
  expect(volumeSizeBytes({ id: "sdb", sizeBytes: 3 * GB }, tencentData, "tencent")).toBe(10 * GB);
});

test("sizes are rounded up to the platform's step, never down", () => {
  expect(volumeSizeBytes({ id: "sdb", sizeBytes: 20 * GB + 1 }, tencentData, "tencent")).toBe(
    30 * GB,
  );
});

test("a disk over the limit is refused with both figures", () => {
  expect(() =>
    volumeSizeBytes({ id: "sdb", sizeBytes: 16_001 * GB }, tencentData, "tencent"),
  ).toThrow(/Disk sdb needs \d+ bytes, tencent allows \d+/);
});

test("a volume always holds its disk, on a step, within one step of the least that does", () => {
  const sizes = fc.integer({ min: 1, max: 2 ** 50 });
  fc.assert(
    fc.property(
      sizes,
      fc.integer({ min: 1, max: 2 ** 40 }),
      fc.integer({ min: 1, max: 2 ** 35 }),
      (disk, min, step) => {
        const rule = { minBytes: min, maxBytes: Number.MAX_SAFE_INTEGER, stepBytes: step };

        const size = volumeSizeBytes({ id: "d", sizeBytes: disk }, rule, "p");

        expect(size).toBeGreaterThanOrEqual(disk);
        expect(size % step).toBe(0);
        expect(size - step).toBeLessThan(Math.max(disk, min));
      },
    ),
  );
});
