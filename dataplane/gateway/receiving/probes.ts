import { WireViolation } from "#dataplane/wire/frames.ts";
import { probeBytesPerConnection, probesPerConnection } from "#dataplane/wire/limits.ts";

/** What an agent sends to measure the line: counted and forgotten, within bounds. */
export class Probes {
  #count = 0;
  #firstMs = 0;
  #lastMs = 0;
  #isOver = false;
  bytes = 0;

  /** @throws {WireViolation} when they are too many, or come after the first range. */
  take(bytes: number): void {
    if (this.#isOver) throw new WireViolation("a probe after the first range");
    this.#lastMs = performance.now();
    if (this.#count === 0) this.#firstMs = this.#lastMs;
    this.#count += 1;
    this.bytes += bytes;
    if (this.#count > probesPerConnection || this.bytes > probeBytesPerConnection)
      throw new WireViolation(`${this.#count} probes of ${this.bytes} bytes`);
  }

  /** No more may come. */
  end(): void {
    this.#isOver = true;
  }

  /** From the first to the last. */
  get microseconds(): number {
    return Math.round((this.#lastMs - this.#firstMs) * 1000);
  }
}
