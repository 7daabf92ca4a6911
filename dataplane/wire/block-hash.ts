/**
 * A block is known by its GMAC (AES-128-GCM over no plain text, the block as associated data, a nonce of
 * twelve zero bytes) under a key that the gateway draws for each volume and that only the two sides know.
 *
 * As a keyed hash it needs no fresh nonce: nothing is encrypted, and nobody without the key sees a hash. Two
 * different blocks that were chosen without the key have the same one with a chance below 2^-115 (4,097 terms
 * of a polynomial over 2^128), so a disk of 32 TiB, 2^29 comparisons of a block with its own predecessor, is
 * wrong with less than 2^-86; and whoever writes on the source has one such try for each write, with nothing
 * to compute on, where an unkeyed hash of sixteen bytes would let him search for two blocks that look equal.
 * It costs a seventh of SHA-256 where the CPU has instructions for that, and far less where it has none.
 */
import { createCipheriv, createSecretKey, type KeyObject } from "node:crypto";
import { blockBytes } from "./geometry.ts";

export const hashBytes = 16;
export const hashKeyBytes = 16;

/** Stands in a block map for "not known". A block whose hash is this by chance is sent every time. */
export const unknownHash: Buffer = Buffer.alloc(hashBytes);

const algorithm = "aes-128-gcm";
const nonce = Buffer.alloc(12);
const zeros = Buffer.alloc(blockBytes);

export function isZero(bytes: Buffer): boolean {
  return bytes.length === blockBytes
    ? bytes.equals(zeros)
    : bytes.equals(zeros.subarray(0, bytes.length));
}

/** Hashes the blocks of one volume. */
export class BlockHasher {
  /** A key object: Node takes a third of the time for it that it takes for the bytes. */
  readonly #key: KeyObject;
  readonly #zeroHashes = new Map<number, Buffer>();

  /** @param key of `hashKeyBytes` bytes, in hex */
  constructor(key: string) {
    this.#key = createSecretKey(key, "hex");
  }

  /** Writes a block's hash into `target` at `at`. A short last block is hashed as it is, not padded. */
  hashInto(block: Buffer, target: Buffer, at: number): void {
    const mac = createCipheriv(algorithm, this.#key, nonce);
    mac.setAAD(block);
    mac.final();
    mac.getAuthTag().copy(target, at);
  }

  /** The hash of a block of zeros. */
  zeroHash(lengthBytes: number): Buffer {
    // Two lengths at the most: whole blocks, and the volume's last.
    let hash = this.#zeroHashes.get(lengthBytes);
    if (hash === undefined) {
      hash = Buffer.alloc(hashBytes);
      this.hashInto(zeros.subarray(0, lengthBytes), hash, 0);
      this.#zeroHashes.set(lengthBytes, hash);
    }
    return hash;
  }
}

/** Whether entry `index` of a list of hashes equals the hash at `index` of another. */
export function sameHash(a: Buffer, aIndex: number, b: Buffer, bIndex: number): boolean {
  const from = bIndex * hashBytes;
  return a.compare(b, from, from + hashBytes, aIndex * hashBytes, (aIndex + 1) * hashBytes) === 0;
}

export function isUnknown(hashes: Buffer, index: number): boolean {
  return sameHash(hashes, index, unknownHash, 0);
}
