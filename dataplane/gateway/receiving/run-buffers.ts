import { alignedBuffer, directBytes } from "#dataplane/wire/aligned-buffer.ts";
import { maxDataBodyBytes, rawPayloadOffset } from "#dataplane/wire/frames.ts";
import { runBytes } from "#dataplane/wire/geometry.ts";

/** Memory for data frames of one lane, shared fairly by its connections through credit. */
const budgetBytes = 24 * runBytes;
const leastBytes = runBytes;
const mostBytes = 8 * runBytes;
/** Bodies below this are taken fresh in their own size: a pooled buffer would be mostly empty. */
const pooledFromBytes = runBytes / 2;
/** A frame's head and hashes come before the place where the blocks begin. */
const slabBytes = directBytes + maxDataBodyBytes;

export class RunBuffers {
  readonly #free: Buffer[] = [];
  /** What is never given back, because its connection is gone, is left to the garbage collector. */
  readonly #taken = new WeakMap<ArrayBufferLike, Buffer>();
  connections = 0;

  /** How many bytes one connection may have on the way or in work now. */
  get shareBytes(): number {
    return Math.max(
      leastBytes,
      Math.min(mostBytes, Math.floor(budgetBytes / Math.max(1, this.connections))),
    );
  }

  /** Lies so that blocks which come as they are can be written past the page cache from where they are. */
  take(lengthBytes: number): Buffer | undefined {
    if (lengthBytes < pooledFromBytes) return undefined;
    const slab = this.#free.pop() ?? alignedBuffer(slabBytes);
    this.#taken.set(slab.buffer, slab);
    const from = directBytes - rawPayloadOffset(lengthBytes);
    return slab.subarray(from, from + lengthBytes);
  }

  /** Takes back what `take` gave; anything else is let be. */
  giveBack(body: Buffer): void {
    const slab = this.#taken.get(body.buffer);
    if (slab === undefined) return;
    this.#taken.delete(body.buffer);
    if (this.#free.length * runBytes < budgetBytes) this.#free.push(slab);
  }
}
