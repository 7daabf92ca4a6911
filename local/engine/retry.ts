import type { Retrier } from "./definition.ts";
import { type Failure, matchesFailure } from "./failure.ts";

/** Source: Amazon States Language, "Retriers". */
const defaults = { intervalSeconds: 1, backoffRate: 2, maxAttempts: 3 };

/**
 * The wait before retry number `attempt` (the first is 0), in seconds. Full jitter draws it evenly
 * between nothing and the computed wait, so that many failed tasks do not come back together.
 */
export function retryDelaySeconds(retrier: Retrier, attempt: number, random: () => number): number {
  const interval = retrier.IntervalSeconds ?? defaults.intervalSeconds;
  const grown = interval * (retrier.BackoffRate ?? defaults.backoffRate) ** attempt;
  // A rate above 1 outgrows every number; a year is the longest wait AWS allows.
  const delay = Math.min(grown, retrier.MaxDelaySeconds ?? Number.POSITIVE_INFINITY, 31_622_400);
  return retrier.JitterStrategy === "FULL" ? delay * random() : delay;
}

/**
 * Which retrier takes this failure, or undefined when none does or its attempts are used up: the
 * first that matches decides, as on AWS. `used` counts the retries each retrier has given so far.
 */
export function findRetrier(
  retriers: readonly Retrier[],
  used: readonly number[],
  failure: Failure,
): { index: number; retrier: Retrier; attempt: number } | undefined {
  for (const [index, retrier] of retriers.entries()) {
    if (!matchesFailure(retrier.ErrorEquals, failure)) continue;
    const attempt = used[index] ?? 0;
    const allowed = retrier.MaxAttempts ?? defaults.maxAttempts;
    return attempt < allowed ? { index, retrier, attempt } : undefined;
  }
  return undefined;
}
