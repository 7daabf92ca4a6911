/** Waiting for a cloud. */
import { MigrationError } from "#domain/errors.ts";
import type { Deps } from "./deps.ts";

/** How long a step looks before it hands the wait back to its state machine, where every look costs. */
const patienceMs = 25_000;
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
  const until = deps.now().getTime() + patienceMs;
  for (;;) {
    const seen = await look();
    if ("ready" in seen) return seen.ready;
    if (deps.now().getTime() >= until)
      throw new MigrationError("not-ready", { what, state: seen.state });
    await deps.sleep(pauseMs);
  }
}
