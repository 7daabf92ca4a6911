import fc from "fast-check";
import { expect, test } from "vitest";
import { findRetrier, retryDelaySeconds } from "./retry.ts";

const retriers = fc.record(
  {
    IntervalSeconds: fc.integer({ min: 1, max: 1_000 }),
    BackoffRate: fc.double({ min: 1, max: 10, noNaN: true }),
    MaxDelaySeconds: fc.integer({ min: 1_001, max: 100_000 }),
  },
  { requiredKeys: [] },
);
const attempts = fc.integer({ min: 0, max: 10_000 });

test("a wait never shrinks with the attempts and never passes MaxDelaySeconds", () => {
  fc.assert(
    fc.property(retriers, attempts, (given, attempt) => {
      const retrier = { ErrorEquals: ["A"], ...given };
      const delay = retryDelaySeconds(retrier, attempt, () => 0.5);
      const next = retryDelaySeconds(retrier, attempt + 1, () => 0.5);

      expect(delay).toBeGreaterThanOrEqual(given.IntervalSeconds ?? 1);
      expect(next).toBeGreaterThanOrEqual(delay);
      expect(delay).toBeLessThanOrEqual(given.MaxDelaySeconds ?? 31_622_400);
    }),
  );
});

test("full jitter stays between nothing and the wait without jitter", () => {
  const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(retriers, attempts, chance, (given, attempt, drawn) => {
      const plain = retryDelaySeconds({ ErrorEquals: ["A"], ...given }, attempt, () => drawn);
      const jittered = retryDelaySeconds(
        { ErrorEquals: ["A"], ...given, JitterStrategy: "FULL" },
        attempt,
        () => drawn,
      );

      expect(jittered).toBeCloseTo(plain * drawn);
    }),
  );
});

test("the documented example waits 3, 4.5 and 6.75 seconds", () => {
  // Source: Amazon States Language, "Retrying after error".
  const retrier = { ErrorEquals: ["A"], IntervalSeconds: 3, BackoffRate: 1.5 };

  const delays = [0, 1, 2].map((attempt) => retryDelaySeconds(retrier, attempt, () => 0));

  expect(delays).toEqual([3, 4.5, 6.75]);
});

test("the first retrier that matches decides, also when it is used up", () => {
  const list = [
    { ErrorEquals: ["A", "B"], MaxAttempts: 1 },
    { ErrorEquals: ["States.ALL"], MaxAttempts: 9 },
  ];

  expect(findRetrier(list, [], { error: "B" })).toMatchObject({ index: 0, attempt: 0 });
  expect(findRetrier(list, [1], { error: "A" })).toBeUndefined();
  expect(findRetrier(list, [1, 4], { error: "C" })).toMatchObject({ index: 1, attempt: 4 });
  expect(findRetrier(list, [], { error: "States.DataLimitExceeded" })).toBeUndefined();
  expect(findRetrier(list, [], { error: "States.Runtime" })).toBeUndefined();
});
