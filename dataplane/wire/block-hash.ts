import { hash } from "node:crypto";
import { blockBytes } from "./geometry.ts";

/**
 * A block is known by the first 16 bytes of its SHA-256. A block is only ever compared with its own
 * predecessor, so a whole 32 TiB disk makes 2^29 comparisons, each wrong with a chance of 2^-128; and
 * somebody who writes on the source would need 2^64 tries for two blocks of his own that look equal.
 */
export const hashBytes = 16;

/** Stands in a block map for "not known". A block whose hash is this by chance is sent every time. */
export const unknownHash: Buffer = Buffer.alloc(hashBytes);

const zeros = Buffer.alloc(blockBytes);

export function isZero(bytes: Buffer): boolean {
  return bytes.length === blockBytes
    ? bytes.equals(zeros)
    : bytes.equals(zeros.subarray(0, bytes.length));
}

/** Writes a block's hash into `target` at `at`. A short last block is hashed as it is, not padded. */
export function hashBlockInto(block: Buffer, target: Buffer, at: number): void {
  // The result is a fresh buffer of 32 bytes: the one-shot call is the fastest that Node has.
  hash("sha256", block, "buffer").copy(target, at, 0, hashBytes);
}

const zeroHash = Buffer.alloc(hashBytes);
hashBlockInto(zeros, zeroHash, 0);

const shortZeroHashes = new Map<number, Buffer>();

/** The hash of a block of zeros. */
export function zeroHashOf(lengthBytes: number): Buffer {
  if (lengthBytes === blockBytes) return zeroHash;
  const known = shortZeroHashes.get(lengthBytes);
  if (known !== undefined) return known;
  const made = Buffer.alloc(hashBytes);
  hashBlockInto(zeros.subarray(0, lengthBytes), made, 0);
  // One entry per odd disk size; kept small for a gateway that lives for years.
  if (shortZeroHashes.size > 100) shortZeroHashes.clear();
  shortZeroHashes.set(lengthBytes, made);
  return made;
}

/** Whether entry `index` of a list of hashes equals the hash at `index` of another. */
export function sameHash(a: Buffer, aIndex: number, b: Buffer, bIndex: number): boolean {
  const from = bIndex * hashBytes;
  return a.compare(b, from, from + hashBytes, aIndex * hashBytes, (aIndex + 1) * hashBytes) === 0;
}

export function isUnknown(hashes: Buffer, index: number): boolean {
  return sameHash(hashes, index, unknownHash, 0);
}
