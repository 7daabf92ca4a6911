import { expect, test } from "vitest";
import { parseExpression } from "./schedule-expression.ts";

test.each([
  ["rate(1 minute)", { kind: "rate", everyMs: 60_000 }],
  ["rate(36 hours)", { kind: "rate", everyMs: 129_600_000 }],
  ["at(2026-12-01T22:00:00)", { kind: "at", localTime: "2026-12-01T22:00:00" }],
  ["cron(0 10 * * ? *)", { kind: "cron", pattern: "0 10 * * * *" }],
  // Sunday is 1 there and 0 here.
  ["cron(15 12 ? * 1,7 2027)", { kind: "cron", pattern: "15 12 * * 0,6 2027" }],
  ["cron(0 18 ? * MON-FRI *)", { kind: "cron", pattern: "0 18 * * 1-5 *" }],
  ["cron(0 9 ? * 2#1 *)", { kind: "cron", pattern: "0 9 * * 1#1 *" }],
  ["cron(0 9 ? * 6L *)", { kind: "cron", pattern: "0 9 * * 5L *" }],
  ["cron(0/15 8-17 L * ? *)", { kind: "cron", pattern: "0/15 8-17 L * * *" }],
])("%s is understood", (text, expected) => {
  expect(parseExpression(text)).toEqual(expected);
});

test.each([
  ["every day", /must be rate/],
  ["rate(0 minutes)", /a rate is/],
  ["rate(5 seconds)", /a rate is/],
  ["cron(0 10 * * *)", /5 fields/],
  ["cron(0 10 * * * *)", /must be \?/],
  ["cron(0 10 ? * ? *)", /must be \?/],
  ["at(2026-02-30T10:00:00)", /a time is/],
  ["at(2026-12-01T22:00:00Z)", /a time is/],
])("%s is refused and says why", (text, problem) => {
  expect(() => parseExpression(text)).toThrow(problem);
});
