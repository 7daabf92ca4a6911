import fc from "fast-check";
import { expect, test } from "vitest";
import { type LimitWindow, limits, noLimits, rateAt } from "./copy-limits.ts";

const workdays = [1, 2, 3, 4, 5];
const day: LimitWindow = { days: workdays, from: "08:00", to: "18:00", rateBytesPerSecond: 5 };
const night: LimitWindow = { days: [5], from: "22:00", to: "06:00", rateBytesPerSecond: 9 };
const berlin = limits.parse({
  ...{ rateBytesPerSecond: 100, timeZone: "Europe/Berlin" },
  windows: [day, night],
});

test.each([
  // 2026-11-24 is a Tuesday; Berlin is an hour ahead.
  ["2026-11-24T06:59:59Z", 100],
  ["2026-11-24T07:00:00Z", 5],
  ["2026-11-24T16:59:00Z", 5],
  ["2026-11-24T17:00:00Z", 100],
  // Friday night, which ends on Saturday morning.
  ["2026-11-27T21:00:00Z", 9],
  ["2026-11-28T04:59:00Z", 9],
  ["2026-11-28T05:00:00Z", 100],
  ["2026-11-28T21:00:00Z", 100],
  // In summer it is two hours ahead.
  ["2026-07-01T06:00:00Z", 5],
])("at %s the rate is %d", (at, rate) => {
  expect(rateAt(berlin, new Date(at))).toBe(rate);
});

test("without windows the rate always holds", () => {
  fc.assert(
    fc.property(fc.date({ noInvalidDate: true }), fc.nat(), (at, rate) => {
      expect(rateAt({ ...noLimits, rateBytesPerSecond: rate }, at)).toBe(rate);
    }),
  );
});

test("a window of a whole week holds in every minute of it", () => {
  const always = { ...day, days: [0, 1, 2, 3, 4, 5, 6], from: "13:00", to: "13:00" };
  const week = limits.parse({ windows: [always], timeZone: "Asia/Kathmandu" });
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 7 * 1440 }), (minute) => {
      const at = new Date(Date.UTC(2026, 10, 23) + minute * 60_000);
      expect(rateAt(week, at)).toBe(5);
    }),
  );
});

test("what makes no sense is refused", () => {
  for (const wrong of [
    { rateBytesPerSecond: -1 },
    { cpuPercent: 0 },
    { cpuPercent: 101 },
    { windows: [{ ...day, from: "24:00" }] },
    { windows: [{ ...day, days: [] }] },
    { windows: [{ ...day, days: [7] }] },
    { speed: 5 },
    { timeZone: "Mars/Olympus" },
  ]) {
    expect(limits.safeParse(wrong).success, JSON.stringify(wrong)).toBe(false);
  }
});
