import { expect, test } from "vitest";
import { Speedometer } from "./speedometer.ts";

/** A speedometer that is looked at once a second. */
function running() {
  let nowMs = 0;
  let doneBytes = 0;
  const speed = new Speedometer(() => nowMs);
  return {
    speed,
    seconds(count: number, bytesPerSecond: number, isMoving = true) {
      for (let second = 0; second < count; second += 1) {
        nowMs += 1000;
        doneBytes += bytesPerSecond;
        speed.look(doneBytes, isMoving);
      }
    },
  };
}

test("a copy that stands still has no rate, and goes on with the one it has then", () => {
  const { speed, seconds } = running();
  seconds(20, 100);
  expect(speed.rateBytesPerSecond).toBe(100);

  seconds(1, 0, false);
  expect(speed.rateBytesPerSecond).toBe(0);
  seconds(3600, 0, false);
  seconds(1, 100);
  expect(speed.rateBytesPerSecond).toBe(100);
});

test("after a stall the rate is not that of the stall", () => {
  const { speed, seconds } = running();
  seconds(20, 100);

  seconds(30, 0);
  expect(speed.rateBytesPerSecond).toBe(0);
  seconds(2, 100);
  expect(speed.rateBytesPerSecond).toBe(100);
});

test("what was given back when a line broke makes no rate below zero", () => {
  const { speed, seconds } = running();
  seconds(5, 100);

  seconds(1, -400);
  expect(speed.rateBytesPerSecond).toBe(100 / 6);
  seconds(1, -400);
  expect(speed.rateBytesPerSecond).toBe(0);
});

test("where most of the time went is the bottleneck, and it is forgotten when it is no more", () => {
  const { speed, seconds } = running();
  const counts = (waited: Partial<Record<"disk" | "line" | "limit", number>>, computedMs = 0) => ({
    waitedMs: { ...{ disk: 0, line: 0, gateway: 0, volume: 0, limit: 0 }, ...waited },
    computedMs,
  });

  speed.add(counts({ disk: 300, line: 500 }, 200));
  seconds(1, 1);
  expect(speed.bottleneck).toBe("line");
  for (let second = 0; second < 4; second += 1) {
    speed.add(counts({ limit: 1000 }));
    seconds(1, 1);
  }
  expect(speed.bottleneck).toBe("limit");
  seconds(5, 1);
  expect(speed.bottleneck).toBe("unknown");
});
