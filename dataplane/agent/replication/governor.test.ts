import fc from "fast-check";
import { expect, test } from "vitest";
import { type Limits, noLimits } from "#domain/copy-limits.ts";
import { Governor } from "./governor.ts";
import { Pacing } from "./pacing.ts";

/** A copy that uses all CPUs whenever it is not held. @returns the share of them it used */
function shareUsed(limits: () => Limits, cpus: number, seconds: number): number {
  const pacing = new Pacing(Pacing.memory());
  let ms = 1000;
  let cpuMs = 0;
  const clocks = { now: () => new Date(0), elapsedMs: () => ms, cpuMs: () => cpuMs };
  const governor = new Governor(limits, pacing, clocks, cpus);
  let heldUntil = 0;
  pacing.hold = (forMs) => {
    heldUntil = ms + forMs;
  };
  for (let step = 0; step < seconds * 1000; step += 1) {
    ms += 1;
    if (ms >= heldUntil) cpuMs += cpus;
    if (step % 100 === 0) governor.look();
  }
  return cpuMs / (seconds * 1000 * cpus);
}

test("over some seconds a cap on the CPU holds, whatever the cap and the CPUs", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 5, max: 99 }),
      fc.integer({ min: 1, max: 64 }),
      (percent, cpus) => {
        const share = shareUsed(() => ({ ...noLimits, cpuPercent: percent }), cpus, 60);
        expect(share).toBeLessThan(percent / 100 + 0.02);
        expect(share).toBeGreaterThan(percent / 100 - 0.05);
      },
    ),
    { numRuns: 50 },
  );
});

test("without a cap nobody is held; paused, nobody works", () => {
  expect(shareUsed(() => noLimits, 4, 10)).toBe(1);
  expect(shareUsed(() => ({ ...noLimits, paused: true }), 4, 10)).toBeLessThan(0.01);
});

test("what is set holds from the next look on", () => {
  const pacing = new Pacing(Pacing.memory());
  let limits: Limits = { ...noLimits, rateBytesPerSecond: 1000 };
  const governor = new Governor(() => limits, pacing);

  governor.look();
  expect(pacing.rateBytesPerSecond).toBe(1000);
  limits = { ...noLimits, paused: true };
  governor.look();
  expect([pacing.rateBytesPerSecond, governor.isPaused]).toEqual([0, true]);
  expect(pacing.stillHoldsMs()).toBe(100);
  limits = noLimits;
  governor.look();
  expect(pacing.stillHoldsMs()).toBe(0);
});
