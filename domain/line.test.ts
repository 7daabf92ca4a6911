import { expect, test } from "vitest";
import { effectiveLimits } from "./limits/effective.ts";
import { leastLine, megabits, shouldMeasure } from "./line.ts";

const now = new Date("2026-11-25T12:00:00.000Z");

test("the line is measured before every initial sync, before a delta sync once a day, before a final sync never (X-11)", () => {
  expect(shouldMeasure("initial", now.toISOString(), now)).toBe(true);
  expect(shouldMeasure("delta", undefined, now)).toBe(true);
  expect(shouldMeasure("delta", "2026-11-25T11:00:00.000Z", now)).toBe(false);
  expect(shouldMeasure("delta", "2026-11-24T11:00:00.000Z", now)).toBe(true);
  expect(shouldMeasure("final", undefined, now)).toBe(false);
});

test("an initial sync wants 10 Mbit/s, any other 1 (R-140, R-141)", () => {
  expect(leastLine("initial", effectiveLimits({ platform: "local" }))).toEqual({
    requirement: "R-140",
    bitsPerSecond: 10_000_000,
  });
  expect(leastLine("delta", effectiveLimits({ platform: "aws" }))).toEqual({
    requirement: "R-141",
    bitsPerSecond: 1_000_000,
  });
});

test("megabits have as many digits as people read", () => {
  expect(megabits(123_456_789)).toBe(123);
  expect(megabits(4_876_543)).toBe(4.88);
});
