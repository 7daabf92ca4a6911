/** Which blocks of a disk, one bit each: 2 MiB for 1 TiB. */
import { blockBytes, blocksPerRange } from "#dataplane/wire/geometry.ts";

const bytesPerRange = blocksPerRange / 8;

export class BlockSet {
  readonly #sizeBytes: number;
  readonly #bits: Uint8Array;

  constructor(sizeBytes: number) {
    this.#sizeBytes = sizeBytes;
    this.#bits = new Uint8Array(Math.ceil(Math.ceil(sizeBytes / blockBytes) / 8));
  }

  /** Every block that these bytes touch; what lies beyond the disk is left out. */
  addBytes(fromByte: number, lengthBytes: number): void {
    const from = Math.max(0, fromByte);
    const end = Math.min(this.#sizeBytes, fromByte + lengthBytes);
    if (end <= from) return;
    const last = Math.floor((end - 1) / blockBytes);
    for (let block = Math.floor(from / blockBytes); block <= last; ) {
      // A discard of a whole disk is one event.
      if (block % 8 === 0 && last - block >= 7) {
        const bytes = Math.floor((last - block + 1) / 8);
        this.#bits.fill(0xff, block / 8, block / 8 + bytes);
        block += bytes * 8;
      } else {
        this.#bits[block >> 3] = (this.#bits[block >> 3] ?? 0) | (1 << (block & 7));
        block += 1;
      }
    }
  }

  addAll(other: BlockSet): void {
    for (let index = 0; index < this.#bits.length; index += 1) {
      this.#bits[index] = (this.#bits[index] ?? 0) | (other.#bits[index] ?? 0);
    }
  }

  /** All of the other set but what a third has. */
  addAllBut(other: BlockSet, but: BlockSet): void {
    for (let index = 0; index < this.#bits.length; index += 1) {
      const added = (other.#bits[index] ?? 0) & ~(but.#bits[index] ?? 0);
      this.#bits[index] = (this.#bits[index] ?? 0) | added;
    }
  }

  get count(): number {
    let count = 0;
    for (let byte of this.#bits) for (; byte !== 0; byte &= byte - 1) count += 1;
    return count;
  }

  /** The bits of one range, for `hasBlock`; a copy. */
  ofRange(range: number): Uint8Array {
    return this.#bits.slice(range * bytesPerRange, (range + 1) * bytesPerRange);
  }
}

/** Whether a block, counted within its range, is in what `ofRange` gave. */
export function hasBlock(rangeBits: Uint8Array, block: number): boolean {
  return ((rangeBits[block >> 3] ?? 0) & (1 << (block & 7))) !== 0;
}
