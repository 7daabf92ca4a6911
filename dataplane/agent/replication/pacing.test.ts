import fc from "fast-check";
import { expect, test } from "vitest";
import { Pacing } from "./pacing.ts";

test("however many streams book, what is sent up to any moment stays within the rate", () => {
  const booking = fc.record({
    stream: fc.nat(2),
    bytes: fc.integer({ min: 1, max: 1_000_000 }),
    pauseMs: fc.nat(500),
  });
  fc.assert(
    fc.property(fc.array(booking, { minLength: 1 }), (bookings) => {
      const rate = 1_000_000;
      const memory = Pacing.memory();
      const streams = [0, 1, 2].map(() => new Pacing(memory));
      new Pacing(memory).rateBytesPerSecond = rate;
      let nowMs = 1000;
      let before = 0;
      for (const { stream, bytes, pauseMs } of bookings) {
        nowMs += pauseMs;
        const startsMs = nowMs + (streams[stream]?.book(bytes, BigInt(nowMs) * 1_000_000n) ?? 0);
        expect(before).toBeLessThanOrEqual(((startsMs - 1000) / 1000) * rate + 1);
        before += bytes;
      }
    }),
  );
});

test("without a limit nobody waits", () => {
  const pacing = new Pacing(Pacing.memory());

  expect(pacing.book(1e9)).toBe(0);
});
