import { expect, test } from "vitest";
import { killSides } from "./kills.ts";

test("40 kills -9 of agent and gateway lose no acknowledged block, and no start begins from zero", async () => {
  const counts = await killSides(40, 3);

  expect(counts.lostBlocks).toBe(0);
  expect(counts.comparedBlocks).toBeGreaterThan(10_000);
  expect(counts.agentKills).toBeGreaterThan(5);
  expect(counts.gatewayKills).toBeGreaterThan(5);
  expect(counts.midway).toBeGreaterThan(5);
  // Handshakes and the heads of frames: less than four blocks.
  expect(counts.mostExcessBytes).toBeLessThan(256 * 1024);
}, 600_000);
