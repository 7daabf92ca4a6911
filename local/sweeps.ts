/** What AWS does by itself (expiry) or what a crash leaves to do, looked after once a minute. */
import type { Deps } from "#functions/deps.ts";
import { resumeRuns } from "#functions/runs.ts";

const everyMs = 60_000;
/** A late repetition of a registration or a callback is still answered alike. */
const keepCodesMs = 24 * 3600_000;
const keepCallbacksMs = 7 * 24 * 3600_000;

/** The first sweep is done when this returns; the result ends the rest and waits for the present one. */
export async function startSweeps(deps: Deps): Promise<() => Promise<void>> {
  await sweep(deps);
  let running: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    running = running
      .then(() => sweep(deps))
      .catch((error: unknown) => deps.log.error({ err: error }, "a sweep failed"));
  }, everyMs);
  return async () => {
    clearInterval(timer);
    await running;
  };
}

export async function sweep(deps: Deps): Promise<void> {
  await resumeRuns(deps);
  const now = deps.now().getTime();
  for await (const code of deps.store.codes.all()) {
    if (Date.parse(code.expiresAt) + keepCodesMs < now) await deps.store.codes.delete(code.id);
  }
  for await (const callback of deps.store.callbacks.all()) {
    const isOver = callback.state !== "open";
    if (isOver && Date.parse(callback.updatedAt) + keepCallbacksMs < now) {
      await deps.store.callbacks.delete(callback.id);
    }
  }
}
