import { expect, test } from "vitest";
import { killSides } from "./kills.ts";

test("30 kills -9 of agent and gateway lose no acknowledged block, and no start begins from zero", async () => {
  const counts = await killSides(30, 3);

  expect(counts.lostBlocks).toBe(0);
  expect(counts.comparedBlocks).toBeGreaterThan(10_000);
  expect(counts.agentKills).toBeGreaterThan(3);
  expect(counts.gatewayKills).toBeGreaterThan(3);
  expect(counts.midway).toBeGreaterThan(3);
  // After a kill crosses what the volume lacks, and less than four blocks of handshakes and heads of frames.
  expect(counts.mostExcessBytes).toBeLessThan(256 * 1024);
}, 600_000);
