/**
 * The limits that all streams of a copy share, in memory that all of them see: the copy sets them, while it
 * runs, and whoever sends or works looks before each run.
 *
 *   0  rate, bytes per second; 0: none
 *   1  until when the line is spoken for, monotonic nanoseconds
 *   2  until when nobody works, for the CPU's sake; -1: until told otherwise
 */
export class Pacing {
  /** Monotonic nanoseconds are the same clock in every thread. */
  readonly #shared: BigInt64Array;

  /** `memory` begins as zero: no limits. */
  constructor(memory: SharedArrayBuffer) {
    this.#shared = new BigInt64Array(memory);
  }

  static memory(): SharedArrayBuffer {
    return new SharedArrayBuffer(3 * 8);
  }

  get rateBytesPerSecond(): number {
    return Number(Atomics.load(this.#shared, 0));
  }

  set rateBytesPerSecond(rate: number) {
    Atomics.store(this.#shared, 0, BigInt(Math.ceil(rate)));
  }

  /** Nobody works before this many milliseconds have passed; infinity: until it is called again. */
  hold(ms: number, nowNs: bigint = process.hrtime.bigint()): void {
    const until = ms === Number.POSITIVE_INFINITY ? -1n : nowNs + BigInt(Math.ceil(ms * 1e6));
    Atomics.store(this.#shared, 2, until);
  }

  /** How long to stand still before the next run, at most a tenth of a second: then ask again. */
  stillHoldsMs(nowNs: bigint = process.hrtime.bigint()): number {
    const until = Atomics.load(this.#shared, 2);
    if (until === -1n) return 100;
    return until <= nowNs ? 0 : Math.min(100, Number(until - nowNs) / 1e6);
  }

  /** Books the line for these bytes; they may be sent after the returned time in milliseconds. */
  book(bytes: number, nowNs: bigint = process.hrtime.bigint()): number {
    const rate = this.rateBytesPerSecond;
    if (rate === 0) return 0;
    const neededNs = BigInt(Math.ceil((bytes * 1e9) / rate));
    for (;;) {
      const until = Atomics.load(this.#shared, 1);
      const begin = until > nowNs ? until : nowNs;
      if (Atomics.compareExchange(this.#shared, 1, until, begin + neededNs) === until) {
        return Number(begin - nowNs) / 1e6;
      }
    }
  }
}
