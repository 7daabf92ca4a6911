/**
 * How much of the time this thread worked, or wanted to and was not let: a CPU that is too slow, shared or
 * rationed shows in both. The event loop tells the first; a timer that comes late while the loop was idle tells
 * the second, because a thread that is put off while it waits looks idle to itself.
 */
import { performance } from "node:perf_hooks";

const tickEveryMs = 20;
/** A timer is a little late on a machine at rest too. */
const usualLatenessMs = 5;

export class ThreadLoad {
  #starvedMs = 0;
  #tickedMs = performance.now();
  #activeAtTickMs = activeMs();

  constructor() {
    setInterval(() => this.#tick(), tickEveryMs).unref();
  }

  /** Since the thread began; never goes back. */
  busyMs(): number {
    return activeMs() + this.#starvedMs + this.#lateMs();
  }

  #tick(): void {
    this.#starvedMs += this.#lateMs();
    this.#tickedMs = performance.now();
    this.#activeAtTickMs = activeMs();
  }

  /** How late the next tick is already, and not by the thread's own work. */
  #lateMs(): number {
    const lateMs = performance.now() - this.#tickedMs - tickEveryMs;
    const unexplainedMs = lateMs - (activeMs() - this.#activeAtTickMs);
    return unexplainedMs > usualLatenessMs ? unexplainedMs : 0;
  }
}

function activeMs(): number {
  return performance.eventLoopUtilization().active;
}
