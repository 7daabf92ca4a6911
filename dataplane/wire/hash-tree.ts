/**
 * The hash tree over all blocks of a volume.
 *
 *   range digest  = SHA-256(0x00 ‖ hashes of the range's blocks in order, 16 bytes each)
 *   inner node    = SHA-256(0x01 ‖ its 1 to 256 children in order, 32 bytes each)
 *   root          = SHA-256(0x02 ‖ volume size, u64 big endian ‖ block size, u32 big endian ‖ top node)
 *
 * Level 0 holds the range digests; each level above has one node per 256 below, until one is left.
 */
import { createHash } from "node:crypto";
import { type BlockHasher, hashBytes } from "./block-hash.ts";
import { blockBytes, blocksInRange, blocksPerRange, rangeCount } from "./geometry.ts";

export const digestBytes = 32;
const fanOut = 256;

/** The digest of one range from its blocks' hashes. */
export function rangeDigest(hashes: Buffer): Buffer {
  return createHash("sha256").update("\x00").update(hashes).digest();
}

const fullZeroDigests = new WeakMap<BlockHasher, Buffer>();

/** The digest of a range that reads as zeros. */
export function zeroRangeDigest(hasher: BlockHasher, volumeBytes: number, range: number): Buffer {
  const full = volumeBytes - range * blocksPerRange * blockBytes >= blocksPerRange * blockBytes;
  const known = full ? fullZeroDigests.get(hasher) : undefined;
  if (known !== undefined) return known;
  const digest = rangeDigest(zeroHashes(hasher, volumeBytes, range));
  if (full) fullZeroDigests.set(hasher, digest);
  return digest;
}

/** The hashes of a range that reads as zeros. */
export function zeroHashes(hasher: BlockHasher, volumeBytes: number, range: number): Buffer {
  const count = blocksInRange(volumeBytes, range);
  const hashes = Buffer.alloc(count * hashBytes, hasher.zeroHash(blockBytes));
  const odd = volumeBytes % blockBytes;
  if (odd > 0 && range === rangeCount(volumeBytes) - 1)
    hasher.zeroHash(odd).copy(hashes, (count - 1) * hashBytes);
  return hashes;
}

interface OpenNode {
  readonly children: Buffer;
  readonly width: number;
  filled: number;
}

/**
 * Builds the root from range digests that come in any order. A node is folded into its parent as soon
 * as it is complete, so memory follows how far the order is mixed, not the size of the volume.
 */
export class HashTree {
  readonly #volumeBytes: number;
  readonly #widths: number[];
  readonly #open = new Map<string, OpenNode>();
  #top: Buffer | undefined;

  constructor(volumeBytes: number) {
    this.#volumeBytes = volumeBytes;
    this.#widths = [rangeCount(volumeBytes)];
    for (let width = this.#widths[0] ?? 1; width > 1; ) {
      width = Math.ceil(width / fanOut);
      this.#widths.push(width);
    }
  }

  /** Each range exactly once. */
  add(range: number, digest: Buffer): void {
    this.#place(0, range, digest);
  }

  /** @throws when ranges are missing: that is a fault of the caller. */
  root(): string {
    if (this.#top === undefined)
      throw new Error("the hash tree has no root yet: ranges are missing");
    const head = Buffer.alloc(13);
    head.writeUInt8(2, 0);
    head.writeBigUInt64BE(BigInt(this.#volumeBytes), 1);
    head.writeUInt32BE(blockBytes, 9);
    return createHash("sha256").update(head).update(this.#top).digest("hex");
  }

  #place(level: number, index: number, digest: Buffer): void {
    if (level === this.#widths.length - 1) {
      this.#top = digest;
      return;
    }
    const parent = Math.floor(index / fanOut);
    const key = `${level}:${parent}`;
    let node = this.#open.get(key);
    if (node === undefined) {
      const width = Math.min(fanOut, (this.#widths[level] ?? 0) - parent * fanOut);
      node = { children: Buffer.alloc(width * digestBytes), width, filled: 0 };
      this.#open.set(key, node);
    }
    digest.copy(node.children, (index % fanOut) * digestBytes);
    node.filled += 1;
    if (node.filled < node.width) return;
    this.#open.delete(key);
    this.#place(
      level + 1,
      parent,
      createHash("sha256").update("\x01").update(node.children).digest(),
    );
  }
}
