import { constants, zstdCompressSync } from "node:zlib";

const options = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
/** A run that shrinks to more than this is sent as it is: the other side is spared the work. */
const worthwhile = 0.9;
/** How much is sent between two looks at what pays. */
const periodBytes = 16 * 1024 * 1024;
/** After so many periods that went well, the other way is tried for one. */
const mostPatience = 64;

/** Below this share of the time spent waiting for the line, there is nothing to win by sending less. */
const leastWaiting = 0.3;
/** What compression must gain to be kept on: CPU time of a running server is not free. */
const leastGain = 1.15;

interface Period {
  bytes: number;
  waitedMs: number;
  startedMs: number;
}

/**
 * Compresses while that gets more of the disk over the line per second. It decides by trying: some
 * periods with, some without, and the other way is tried again ever more rarely. It begins without, and
 * where the line is not what is waited for, it never begins: so a fast line or a slow volume costs no
 * CPU, and a slow line switches it on.
 */
export class Compression {
  #isOn = false;
  #period: Period;
  readonly #rates = { on: 0, off: 0 };
  #patience = 1;
  #periodsLeft = 0;
  #isTrial = false;
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#period = { bytes: 0, waitedMs: 0, startedMs: now() };
  }

  get isOn(): boolean {
    return this.#isOn;
  }

  /** The run compressed, or undefined when it is better sent as it is. */
  compress(run: Buffer): Buffer | undefined {
    if (!this.#isOn) return undefined;
    const smaller = zstdCompressSync(run, options);
    return smaller.length < run.length * worthwhile ? smaller : undefined;
  }

  /** Counts what was handed to the line, in bytes of disk; every so often, chooses anew. */
  sent(bytes: number, waitedForLineMs: number): void {
    this.#period.bytes += bytes;
    this.#period.waitedMs += waitedForLineMs;
    if (this.#period.bytes < periodBytes) return;
    const lastedMs = Math.max(1, this.#now() - this.#period.startedMs);
    const waitingShare = this.#period.waitedMs / lastedMs;
    this.#rates[this.#isOn ? "on" : "off"] = this.#period.bytes / lastedMs;
    this.restart();
    this.#choose(waitingShare);
  }

  /** A pause (nothing to send, line broken) says nothing about rates: begin the period anew. */
  restart(): void {
    this.#period = { bytes: 0, waitedMs: 0, startedMs: this.#now() };
  }

  #choose(waitingShare: number): void {
    if (this.#isTrial) {
      this.#isTrial = false;
      const better = this.#rates.on > this.#rates.off * leastGain;
      // A trial that won starts over with short turns, one that lost is not repeated so soon.
      this.#patience = this.#isOn === better ? 1 : Math.min(this.#patience * 2, mostPatience);
      this.#isOn = better;
      this.#periodsLeft = this.#patience;
      return;
    }
    this.#periodsLeft -= 1;
    if (this.#periodsLeft > 0 || (!this.#isOn && waitingShare < leastWaiting)) return;
    this.#isTrial = true;
    this.#isOn = !this.#isOn;
  }
}
