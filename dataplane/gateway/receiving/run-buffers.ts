import { maxDataBodyBytes } from "#dataplane/wire/frames.ts";
import { runBytes } from "#dataplane/wire/geometry.ts";

/** Memory for data frames of one lane, shared fairly by its connections through credit. */
const budgetBytes = 24 * runBytes;
const leastBytes = runBytes;
const mostBytes = 8 * runBytes;
/** Bodies below this are taken fresh in their own size: a pooled buffer would be mostly empty. */
const pooledFromBytes = runBytes / 2;

export class RunBuffers {
  readonly #free: Buffer[] = [];
  connections = 0;

  /** How many bytes one connection may have on the way or in work now. */
  get shareBytes(): number {
    return Math.max(
      leastBytes,
      Math.min(mostBytes, Math.floor(budgetBytes / Math.max(1, this.connections))),
    );
  }

  take(lengthBytes: number): Buffer | undefined {
    if (lengthBytes < pooledFromBytes) return undefined;
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(maxDataBodyBytes);
  }

  /** Takes back what `take` gave; anything else is left to the garbage collector. */
  giveBack(body: Buffer): void {
    if (body.buffer.byteLength !== maxDataBodyBytes || body.byteOffset !== 0) return;
    if (this.#free.length * runBytes < budgetBytes)
      this.#free.push(Buffer.from(body.buffer, 0, maxDataBodyBytes));
  }
}
