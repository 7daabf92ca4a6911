import { expect, test } from "vitest";
import { killSides } from "./kills.ts";

test("40 kills -9 of agent and gateway lose no acknowledged block, and no start begins from zero", async () => {
  const counts = await killSides(40, 3);

  expect(counts.lostBlocks).toBe(0);
  expect(counts.comparedBlocks).toBeGreaterThan(10_000);
  expect(counts.agentKills).toBeGreaterThan(5);
  expect(counts.gatewayKills).toBeGreaterThan(5);
  expect(counts.midway).toBeGreaterThan(5);
  // After a kill crosses what the volume lacks, and less than four blocks of handshakes and heads of frames.
  expect(counts.mostExcessBytes).toBeLessThan(256 * 1024);
}, 600_000);
