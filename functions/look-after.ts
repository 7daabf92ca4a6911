/** What a crash leaves to do, and what is kept for a while only. May be repeated at any time. */
import type { Deps } from "./deps.ts";
import { resumeRuns } from "./runs.ts";

/** A late repetition of a registration or a callback is still answered alike. */
const keepCodesMs = 24 * 3600_000;
const keepCallbacksMs = 7 * 24 * 3600_000;

export async function lookAfter(deps: Deps): Promise<void> {
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
