/** What the line from a source server to its gateway carries, and what it should. */
import { z } from "zod";
import type { Limits } from "./limits/effective.ts";
import type { SyncMode } from "./protocol/facts.ts";

export const lineMeasure = z.object({
  /** Of blocks, from the source to the gateway. */
  bitsPerSecond: z.number().nonnegative(),
  roundTripMs: z.number().nonnegative(),
});
export type LineMeasure = z.output<typeof lineMeasure>;

/** A line is measured before every initial sync, and before a delta sync when that was longer ago. */
const holdsForMs = 24 * 3600 * 1000;

/** @param measuredAt when it was measured last */
export function shouldMeasure(mode: SyncMode, measuredAt: string | undefined, now: Date): boolean {
  // At a final sync people wait, and file systems may stand still; a comparison sends next to nothing.
  if (mode === "final" || mode === "compare") return false;
  if (mode === "initial" || measuredAt === undefined) return true;
  return now.getTime() - Date.parse(measuredAt) > holdsForMs;
}

/** The least that is recommended at a target, with the requirement that says so. Less only makes a copy slow. */
export function leastLine(
  mode: SyncMode,
  limits: Limits,
): { requirement: string; bitsPerSecond: number } {
  const { row = "", value = 0 } =
    limits.find(mode === "initial" ? "fullSyncMinMbps" : "incrementalMinMbps") ?? {};
  return { requirement: row, bitsPerSecond: value * 1e6 };
}

/** As people read it. */
export function megabits(bitsPerSecond: number): number {
  const mbit = bitsPerSecond / 1e6;
  return mbit >= 100 ? Math.round(mbit) : Math.round(mbit * 100) / 100;
}
