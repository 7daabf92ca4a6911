import { ThreadLoad } from "#dataplane/thread-load.ts";
import type { StreamCounts } from "./stream-messages.ts";

export type WaitsFor = keyof StreamCounts["waitedMs"];

interface Wait {
  readonly what: () => WaitsFor;
  sinceMs: number;
  busyMs: number;
}

/**
 * Where a stream's time goes: what its thread works, and what it waits for in between. It waits for one thing
 * at a time. Time in which it had something else to do meanwhile, such as to encrypt, is work and no waiting.
 */
export class TimeSpent {
  readonly #load = new ThreadLoad();
  #waitedMs = nothing();
  #takenBusyMs = this.#load.busyMs();
  #wait: Wait | undefined;

  /**
   * Waits for this work, and counts that.
   * @param what asked again and again while it lasts: another side may be what holds it up by then
   * @returns the work's result, with how long was waited
   */
  async waiting<T>(
    what: WaitsFor | (() => WaitsFor),
    work: Promise<T>,
  ): Promise<{ result: T; waitedMs: number }> {
    const startedMs = performance.now();
    const wait: Wait = {
      what: typeof what === "string" ? () => what : what,
      sinceMs: startedMs,
      busyMs: this.#load.busyMs(),
    };
    this.#wait = wait;
    try {
      const result = await work;
      return { result, waitedMs: performance.now() - startedMs };
    } finally {
      this.#settle();
      this.#wait = undefined;
    }
  }

  /** Since it was last called; a wait that goes on counts up to now. */
  take(): StreamCounts {
    this.#settle();
    const busyMs = this.#load.busyMs();
    const counts = { waitedMs: this.#waitedMs, computedMs: busyMs - this.#takenBusyMs };
    this.#takenBusyMs = busyMs;
    this.#waitedMs = nothing();
    return counts;
  }

  #settle(): void {
    const wait = this.#wait;
    if (wait === undefined) return;
    const [nowMs, busyMs] = [performance.now(), this.#load.busyMs()];
    this.#waitedMs[wait.what()] += Math.max(0, nowMs - wait.sinceMs - (busyMs - wait.busyMs));
    wait.sinceMs = nowMs;
    wait.busyMs = busyMs;
  }
}

function nothing(): StreamCounts["waitedMs"] {
  return { disk: 0, line: 0, gateway: 0, volume: 0, limit: 0 };
}
