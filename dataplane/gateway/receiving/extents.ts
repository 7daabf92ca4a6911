import { blockBytes } from "#dataplane/wire/geometry.ts";
import type { Differences, Extent } from "#domain/protocol/facts.ts";

/** Counts all, lists the first: what came in ascending order is joined where it touches. */
export class Extents {
  readonly #limit: number;
  readonly #found: Differences = { blocks: 0, bytes: 0, extentCount: 0, extents: [] };
  #last: Extent | undefined;
  writtenBlocks = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** After everything that was added before. */
  add(extent: Extent): void {
    const found = this.#found;
    const blocks = Math.ceil(extent.lengthBytes / blockBytes);
    found.blocks += blocks;
    found.bytes += extent.lengthBytes;
    if (extent.written === true) this.writtenBlocks += blocks;
    const last = this.#last;
    const isNext =
      last !== undefined &&
      last.offsetBytes + last.lengthBytes === extent.offsetBytes &&
      last.written === extent.written;
    if (isNext) {
      last.lengthBytes += extent.lengthBytes;
      return;
    }
    this.#last = { ...extent };
    found.extentCount += 1;
    if (found.extents.length < this.#limit) found.extents.push(this.#last);
  }

  get differences(): Differences {
    return this.#found;
  }
}
