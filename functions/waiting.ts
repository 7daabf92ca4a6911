/** Waiting for a cloud. */
import { MigrationError } from "#domain/errors.ts";
import type { Deps } from "./deps.ts";

/** Where waiting costs nothing. */
export const freePatienceMs = 25_000;
/** In a Lambda: longer costs more than the transition it saves (docs/decisions/0004). */
export const paidPatienceMs = 5_000;
const pauseMs = 500;

/**
 * Looks until `look` gives something or the patience of one step is used up.
 * @throws `not-ready`, which the state machine answers by running the step again
 */
export async function waitBriefly<T>(
  deps: Deps,
  what: string,
  look: () => Promise<{ ready: T } | { state: string }>,
): Promise<T> {
  const until = deps.now().getTime() + deps.stepPatienceMs;
  for (;;) {
    const seen = await look();
    if ("ready" in seen) return seen.ready;
    if (deps.now().getTime() >= until)
      throw new MigrationError("not-ready", { what, state: seen.state });
    await deps.sleep(pauseMs);
  }
}
