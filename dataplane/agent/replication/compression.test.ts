import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { Compression } from "./compression.ts";

const run = 1024 * 1024;

/** Sends runs over a line of some speed, on a CPU that compresses at another; gives the share compressed. */
function shareCompressed(lineBytesPerMs: number, compressBytesPerMs: number, runs: number): number {
  let nowMs = 0;
  const compression = new Compression(() => nowMs);
  let compressed = 0;
  for (let sent = 0; sent < runs; sent += 1) {
    const isOn = compression.isOn;
    const cpuMs = isOn ? run / compressBytesPerMs : 0.5;
    const lineMs = (isOn ? run / 4 : run) / lineBytesPerMs;
    nowMs += Math.max(cpuMs, lineMs);
    compression.sent(run, Math.max(0, lineMs - cpuMs));
    if (isOn) compressed += 1;
  }
  return compressed / runs;
}

test("a slow line switches compression on, and it stays on", () => {
  expect(shareCompressed(12_500, 200_000, 2000)).toBeGreaterThan(0.9);
});

test("a line faster than the compressor switches it off, and it is tried ever more rarely", () => {
  expect(shareCompressed(1_200_000, 200_000, 20_000)).toBeLessThan(0.05);
});

test("a line that is never waited for never switches it on", () => {
  expect(shareCompressed(1e12, 200_000, 2000)).toBe(0);
});

test("a run that hardly shrinks is sent as it is", () => {
  let nowMs = 0;
  const compression = new Compression(() => nowMs);
  for (let sent = 0; sent < 16; sent += 1) {
    nowMs += 100;
    compression.sent(run, 100);
  }

  expect(compression.isOn).toBe(true);
  expect(compression.compress(randomBytes(run))).toBeUndefined();
  expect(compression.compress(Buffer.alloc(run, "words "))?.length).toBeLessThan(run / 100);
});
