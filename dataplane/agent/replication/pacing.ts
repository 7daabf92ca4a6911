/**
 * A rate limit that all streams of a copy share: one number in shared memory says until when the line
 * is spoken for, and whoever sends moves it on.
 */
export class Pacing {
  readonly #rateBytesPerSecond: number;
  /** Monotonic nanoseconds, the same clock in every thread. */
  readonly #spokenForUntil: BigInt64Array;

  /** A rate of 0 is no limit. `memory` has 8 bytes and begins as zero. */
  constructor(rateBytesPerSecond: number, memory: SharedArrayBuffer) {
    this.#rateBytesPerSecond = rateBytesPerSecond;
    this.#spokenForUntil = new BigInt64Array(memory);
  }

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(8);
  }

  /** Books the line for these bytes; they may be sent after the returned time in milliseconds. */
  book(bytes: number, nowNs: bigint = process.hrtime.bigint()): number {
    if (this.#rateBytesPerSecond === 0) return 0;
    const neededNs = BigInt(Math.ceil((bytes * 1e9) / this.#rateBytesPerSecond));
    for (;;) {
      const until = Atomics.load(this.#spokenForUntil, 0);
      const begin = until > nowNs ? until : nowNs;
      if (Atomics.compareExchange(this.#spokenForUntil, 0, until, begin + neededNs) === until) {
        return Number(begin - nowNs) / 1e6;
      }
    }
  }
}
