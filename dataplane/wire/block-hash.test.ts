import { createCipheriv, randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { BlockHasher, hashBytes, isUnknown, isZero, sameHash } from "./block-hash.ts";
import { blockBytes } from "./geometry.ts";

const key = "feffe9928665731c6d6a8f9467308308";

function hashOf(hasher: BlockHasher, block: Buffer): string {
  const target = Buffer.alloc(hashBytes);
  hasher.hashInto(block, target, 0);
  return target.toString("hex");
}

/** Multiplication in GF(2^128) as NIST SP 800-38D, 6.3 has it: slow, and nothing of OpenSSL's. */
function multiply(x: bigint, y: bigint): bigint {
  let [product, factor] = [0n, y];
  for (let bit = 127n; bit >= 0n; bit -= 1n) {
    if ((x >> bit) & 1n) product ^= factor;
    factor = factor & 1n ? (factor >> 1n) ^ (0xe1n << 120n) : factor >> 1n;
  }
  return product;
}

/** GMAC by its definition: GHASH over the padded block and its length, masked with the first counter's cipher. */
function gmac(keyBytes: Buffer, block: Buffer): string {
  const aes = (bytes: Buffer) =>
    BigInt(`0x${createCipheriv("aes-128-ecb", keyBytes, null).update(bytes).toString("hex")}`);
  const h = aes(Buffer.alloc(16));
  const lengths = Buffer.alloc(16);
  lengths.writeBigUInt64BE(BigInt(block.length * 8), 0);
  const padded = Buffer.concat([block, Buffer.alloc((16 - (block.length % 16)) % 16), lengths]);
  let y = 0n;
  for (let at = 0; at < padded.length; at += 16) {
    y = multiply(y ^ BigInt(`0x${padded.subarray(at, at + 16).toString("hex")}`), h);
  }
  const counter = Buffer.alloc(16);
  counter[15] = 1;
  return (y ^ aes(counter)).toString(16).padStart(32, "0");
}

test("a hash is GMAC as the standard defines it, for blocks of any length", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      fc.uint8Array({ minLength: 1, maxLength: 600 }),
      (keyBytes, bytes) => {
        const hasher = new BlockHasher(Buffer.from(keyBytes).toString("hex"));
        expect(hashOf(hasher, Buffer.from(bytes))).toBe(
          gmac(Buffer.from(keyBytes), Buffer.from(bytes)),
        );
      },
    ),
    { numRuns: 30 },
  );
});

test("each volume's key gives other hashes, and one bit or one byte more another hash", () => {
  const block = randomBytes(blockBytes);
  const flipped = Buffer.from(block);
  flipped[40_000] = (flipped[40_000] ?? 0) ^ 4;
  const hasher = new BlockHasher(key);

  const hashes = new Set([
    hashOf(hasher, block),
    hashOf(hasher, flipped),
    hashOf(hasher, Buffer.concat([block.subarray(0, 100), Buffer.alloc(1)])),
    hashOf(hasher, block.subarray(0, 100)),
    hashOf(new BlockHasher(`00${key.slice(2)}`), block),
  ]);

  expect(hashes.size).toBe(5);
  expect(hashOf(new BlockHasher(key), block)).toBe(hashOf(hasher, block));
});

test("zeros are told from other blocks, and have a hash for each length", () => {
  const hasher = new BlockHasher(key);
  const almost = Buffer.alloc(blockBytes);
  almost[blockBytes - 1] = 1;
  const hashes = Buffer.concat([hasher.zeroHash(blockBytes), Buffer.alloc(hashBytes)]);

  expect([isZero(Buffer.alloc(blockBytes)), isZero(Buffer.alloc(9)), isZero(almost)]).toEqual([
    ...[true, true, false],
  ]);
  expect(hasher.zeroHash(9)).not.toEqual(hasher.zeroHash(blockBytes));
  expect(sameHash(hashes, 0, hasher.zeroHash(blockBytes), 0)).toBe(true);
  expect([isUnknown(hashes, 0), isUnknown(hashes, 1)]).toEqual([false, true]);
});
