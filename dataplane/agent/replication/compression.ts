import { constants, zstdCompressSync } from "node:zlib";

const options = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
/** A run that shrinks to more than this is sent as it is: the other side is spared the work. */
const worthwhile = 0.9;
/** How much is sent between two looks at what pays. */
const periodBytes = 16 * 1024 * 1024;
/** After so many periods that went well, the other way is tried for one. */
const mostPatience = 64;

interface Period {
  bytes: number;
  startedMs: number;
}

/**
 * Compresses while that gets more of the disk over the line per second. It decides by trying: some
 * periods with, some without, whichever moved more bytes of disk is kept, and the other is tried again
 * ever more rarely. So a fast line or a slow CPU switches it off, and a slow line switches it on.
 */
export class Compression {
  #isOn = true;
  #period: Period;
  readonly #rates: { on: number | undefined; off: number | undefined } = {
    on: undefined,
    off: undefined,
  };
  #patience = 1;
  #periodsLeft = 1;
  #isTrial = false;
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#period = { bytes: 0, startedMs: now() };
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
  sent(bytes: number): void {
    this.#period.bytes += bytes;
    if (this.#period.bytes < periodBytes) return;
    const seconds = Math.max(0.001, (this.#now() - this.#period.startedMs) / 1000);
    this.#rates[this.#isOn ? "on" : "off"] = this.#period.bytes / seconds;
    this.#period = { bytes: 0, startedMs: this.#now() };
    this.#choose();
  }

  /** A pause (nothing to send, line broken) says nothing about rates: begin the period anew. */
  restart(): void {
    this.#period = { bytes: 0, startedMs: this.#now() };
  }

  #choose(): void {
    const { on, off } = this.#rates;
    if (on === undefined || off === undefined) {
      this.#isOn = !this.#isOn;
      this.#isTrial = true;
      return;
    }
    const better = on > off;
    if (this.#isTrial) {
      // A trial that won starts over with short turns, one that lost is not repeated so soon.
      this.#patience = this.#isOn === better ? 1 : Math.min(this.#patience * 2, mostPatience);
      this.#isTrial = false;
      this.#isOn = better;
      this.#periodsLeft = this.#patience;
      return;
    }
    this.#periodsLeft -= 1;
    this.#isTrial = this.#periodsLeft <= 0 || this.#isOn !== better;
    if (this.#isTrial) this.#isOn = !this.#isOn;
  }
}
