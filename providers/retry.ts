/**
 * A few quick tries within one call, for what passes in seconds. Longer patience belongs to the state
 * machines, which do not hold a process while they wait.
 */
import { MigrationError } from "#domain/errors.ts";
import type { Clock } from "./clock.ts";
import type { Around } from "./decorate.ts";

export interface RetryLimits {
  readonly tries: number;
  /** Doubles with each try, up to `longestPauseMs`; each pause is drawn evenly from 0 to that. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}

export const defaultRetry: RetryLimits = { tries: 4, firstPauseMs: 250, longestPauseMs: 4_000 };

/** `not-ready` and the like are answers to the caller; only the cloud's own troubles are tried again. */
function mayPass(error: unknown): boolean {
  return error instanceof MigrationError && error.retryable && error.code.startsWith("cloud.");
}

/** Safe for creates too: by the contract, the same token gives the same resource. */
export function retrying(limits: RetryLimits, clock: Clock): Around {
  return async (_call, next) => {
    for (let tried = 1; ; tried += 1) {
      try {
        return await next();
      } catch (error) {
        if (tried >= limits.tries || !mayPass(error)) throw error;
      }
      // Full jitter: callers that were throttled together must not come back together.
      const ceilingMs = Math.min(limits.firstPauseMs * 2 ** (tried - 1), limits.longestPauseMs);
      await clock.sleep(clock.random() * ceilingMs);
    }
  };
}
