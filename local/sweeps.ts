/** What a scheduled Lambda does in the SaaS edition, once a minute. */
import type { Deps } from "#functions/deps.ts";
import { lookAfter } from "#functions/look-after.ts";

const everyMs = 60_000;

/** The first is done when this returns; the result ends the rest and waits for the present one. */
export async function startSweeps(deps: Deps): Promise<() => Promise<void>> {
  await lookAfter(deps);
  let running: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    running = running
      .then(() => lookAfter(deps))
      .catch((error: unknown) => deps.log.error({ err: error }, "a sweep failed"));
  }, everyMs);
  return async () => {
    clearInterval(timer);
    await running;
  };
}
