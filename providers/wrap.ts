/** What every provider gets around it, whichever cloud it speaks to. */
import { type Clock, systemClock } from "./clock.ts";
import { decorate } from "./decorate.ts";
import { keepingLedger, type Ledger } from "./ledger.ts";
import { type Log, logged, secretTexts } from "./logging.ts";
import type { Provider } from "./provider.ts";
import { type CallRate, rateLimited, rateLimiterFor } from "./rate-limit.ts";
import { defaultRetry, type RetryLimits, retrying } from "./retry.ts";

export interface Wrapping {
  readonly ledger: Ledger;
  /** The run that the ledger names as the maker of what is made. */
  readonly runId: string;
  readonly log: Log;
  readonly limits: {
    /** Whose calls count together, such as a target's id. */
    readonly account: string;
    readonly rate?: CallRate;
    readonly retry?: RetryLimits;
  };
  /** The target's secrets, to be kept out of the log. */
  readonly secrets?: unknown;
  readonly clock?: Clock;
}

/** What is asked of a cloud before there is a target. */
interface Question {
  readonly platform: string;
  /** As the log has it. */
  readonly method: string;
  readonly log: Log;
  readonly secrets: unknown;
  readonly retry?: RetryLimits;
  readonly clock?: Clock;
}

/** Asks as a provider's calls do: what passes in seconds is tried again, each try has its line in the log. */
export function askCloud<T>(question: Question, ask: () => Promise<T>): Promise<T> {
  const { platform, method, log, secrets, retry = defaultRetry, clock = systemClock } = question;
  const call = { method, args: [] };
  const logging = logged(platform, log, secretTexts(secrets), clock);
  return retrying(retry, clock)(call, () => logging(call, ask));
}

const defaultRate: CallRate = { callsPerSecond: 20, burst: 40 };

/**
 * From the outside in: the ledger (once per call), retries, the rate limit and the log (each once per
 * try).
 */
export function wrapProvider(provider: Provider, wrapping: Wrapping): Provider {
  const { ledger, runId, log, limits, secrets, clock = systemClock } = wrapping;
  const { account, rate = defaultRate, retry = defaultRetry } = limits;
  const layers = [
    logged(provider.platform, log, secretTexts(secrets), clock),
    rateLimited(rateLimiterFor(account, rate, clock)),
    retrying(retry, clock),
    keepingLedger(ledger, runId),
  ];
  return layers.reduce(decorate, provider);
}
