/** Waiting between tries: doubling from one second, with jitter so that many do not knock at once. */
import { setTimeout as delay } from "node:timers/promises";

const firstMs = 1_000;
const longestMs = 30_000;

/** The wait after the `attempt`-th failure (from 0). Half of it is fixed, half is random. */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  const whole = Math.min(firstMs * 2 ** Math.min(attempt, 30), longestMs);
  return whole / 2 + (whole / 2) * random();
}

/** Returns early, without an error, when the signal aborts: callers ask the signal afterwards. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await delay(ms, undefined, { signal }).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
}
