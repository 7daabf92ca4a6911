import fc from "fast-check";
import { expect, test } from "vitest";
import { nextDue } from "./schedules.ts";

const at = (text: string) => new Date(text);

test.each([
  // In Berlin 2027-03-28 has no half past two, and 2026-10-25 has it twice.
  ["cron(30 2 * * ? *)", "Europe/Berlin", "2027-03-27T12:00:00Z", "2027-03-28T01:00:00.000Z"],
  ["cron(0 12 * * ? *)", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-25T11:00:00.000Z"],
  ["cron(0 18 ? * MON-FRI *)", "UTC", "2026-11-27T19:00:00Z", "2026-11-30T18:00:00.000Z"],
  ["cron(0 9 ? * 2#1 *)", "UTC", "2026-11-24T00:00:00Z", "2026-12-07T09:00:00.000Z"],
  ["cron(0 0 L * ? *)", "UTC", "2027-02-01T00:00:00Z", "2027-02-28T00:00:00.000Z"],
  ["at(2026-12-01T22:00:00)", "Asia/Shanghai", "2026-11-24T00:00:00Z", "2026-12-01T14:00:00.000Z"],
])("%s in %s after %s is due at %s", (expression, timeZone, after, due) => {
  expect(nextDue({ expression, timeZone }, at(after), at(after))?.toISOString()).toBe(due);
});

test("a time that is past does not come again", () => {
  const timing = { expression: "at(2026-11-01T00:00:00)", timeZone: "UTC" };

  expect(nextDue(timing, at("2026-11-24T00:00:00Z"), at("2026-11-24T00:00:00Z"))).toBeUndefined();
});

test("a zone or a field that does not exist is refused", () => {
  const now = at("2026-11-24T00:00:00Z");

  for (const timing of [
    { expression: "cron(0 9 * * ? *)", timeZone: "Mars/Olympus" },
    { expression: "cron(99 9 * * ? *)", timeZone: "UTC" },
  ]) {
    expect(() => nextDue(timing, now, now)).toThrow(/schedule cron/);
  }
});

test("a rate keeps its beat: the next time is after now, by at most one period, in whole periods", () => {
  const minute = 60_000;
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9999 }), fc.nat(10 ** 10), (minutes, laterMs) => {
      const from = new Date(0);
      const now = new Date(laterMs);
      const timing = { expression: `rate(${minutes} minutes)`, timeZone: "UTC" };

      const due = nextDue(timing, from, now)?.getTime() ?? Number.NaN;

      expect(due).toBeGreaterThan(laterMs);
      expect(due - laterMs).toBeLessThanOrEqual(minutes * minute);
      expect(due % (minutes * minute)).toBe(0);
    }),
  );
});
