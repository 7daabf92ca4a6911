import { expect, test } from "vitest";
import { volumeSizeBytes } from "../volume-size.ts";
import { effectiveLimits } from "./effective.ts";
import { volumeRules } from "./volume-rules.ts";

const GiB = 1024 ** 3;

test("volumes are made in the sizes of the limits: least, step and most (R-184, R-185, R-196)", () => {
  const { system, data } = volumeRules(effectiveLimits({ platform: "tencent" }), false);

  expect(volumeSizeBytes({ id: "a", sizeBytes: 8 * GiB }, system, "tencent")).toBe(50 * GiB);
  expect(volumeSizeBytes({ id: "b", sizeBytes: GiB }, data, "tencent")).toBe(10 * GiB);
  expect(volumeSizeBytes({ id: "c", sizeBytes: 31 * GiB }, data, "tencent")).toBe(40 * GiB);
  expect(() => volumeSizeBytes({ id: "d", sizeBytes: 1025 * GiB }, system, "tencent")).toThrow();
});

test("a system disk of an SSD type has its own most (R-184)", () => {
  const limits = effectiveLimits({ platform: "tencent" });

  expect(volumeRules(limits, true).system.maxBytes).toBe(500 * GiB);
  expect(volumeRules(limits, true).data.maxBytes).toBe(16_000 * GiB);
});

test("a step of the document and one of the cloud are kept together", () => {
  const cloud = { dataDiskStepGB: 4, dataDiskMinGB: 20 };

  const { data } = volumeRules(effectiveLimits({ platform: "tencent", cloud }), false);

  expect(data).toMatchObject({ stepBytes: 20 * GiB, minBytes: 20 * GiB });
});

test("sizes of a cloud that counts in bytes stay exact", () => {
  const sizes = { minBytes: 1024 ** 2, maxBytes: 16 * 1024 ** 4, stepBytes: 3 * 512 };
  const cloud = {
    systemDiskMinGB: sizes.minBytes / GiB,
    systemDiskMaxGB: sizes.maxBytes / GiB,
    systemDiskStepGB: sizes.stepBytes / GiB,
  };

  expect(volumeRules(effectiveLimits({ platform: "local", cloud }), false).system).toEqual(sizes);
});

test("where nothing limits them volumes are made in whole sectors (X-27)", () => {
  const { system } = volumeRules(effectiveLimits({ platform: "ctyun" }), false);

  expect(volumeSizeBytes({ id: "a", sizeBytes: 1000 }, system, "ctyun")).toBe(1024);
});
