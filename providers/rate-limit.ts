/** Keeps our calls to one cloud account below a rate, so that many servers at once do not throttle each other. */
import type { Clock } from "./clock.ts";
import type { Around } from "./decorate.ts";

export interface CallRate {
  readonly callsPerSecond: number;
  /** Calls that may come at once after a pause. */
  readonly burst: number;
}

export interface RateLimiter {
  /** Waits for a turn; turns are given in the order they were asked for. */
  take(): Promise<void>;
}

/** One per account, shared by all its providers in this process. */
export function createRateLimiter(rate: CallRate, clock: Clock): RateLimiter {
  const spacingMs = 1000 / rate.callsPerSecond;
  /** When the next turn would be due if all went at the even rate; in the past while calls are few. */
  let dueAt = Number.NEGATIVE_INFINITY;
  return {
    async take() {
      const now = clock.now();
      const turnAt = Math.max(dueAt, now - (rate.burst - 1) * spacingMs);
      dueAt = turnAt + spacingMs;
      if (turnAt > now) await clock.sleep(turnAt - now);
    },
  };
}

const limiters = new Map<string, RateLimiter>();

/** The limiter of an account in this process; the rate counts when it is first asked for. */
export function rateLimiterFor(account: string, rate: CallRate, clock: Clock): RateLimiter {
  const limiter = limiters.get(account) ?? createRateLimiter(rate, clock);
  limiters.set(account, limiter);
  return limiter;
}

export function rateLimited(limiter: RateLimiter): Around {
  return async (_call, next) => {
    await limiter.take();
    return next();
  };
}
