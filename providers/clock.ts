/** Time and chance as the wrappers see them; tests bring their own. */
import { setTimeout } from "node:timers/promises";

export interface Clock {
  /** Milliseconds since whenever; only differences count. */
  now(): number;
  sleep(ms: number): Promise<void>;
  /** At least 0, below 1. */
  random(): number;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: async (ms) => {
    await setTimeout(ms);
  },
  random: Math.random,
};
