import { createHash, randomBytes } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { BlockHasher, hashBytes } from "./block-hash.ts";
import { blockBytes, rangeBytes } from "./geometry.ts";
import { HashTree, rangeDigest, zeroHashes, zeroRangeDigest } from "./hash-tree.ts";

/** The definition of the document, all at once. */
function rootOf(volumeBytes: number, digests: Buffer[]): string {
  let level = digests;
  while (level.length > 1) {
    const above: Buffer[] = [];
    for (let first = 0; first < level.length; first += 256) {
      above.push(
        createHash("sha256")
          .update(Buffer.from([1]))
          .update(Buffer.concat(level.slice(first, first + 256)))
          .digest(),
      );
    }
    level = above;
  }
  const head = Buffer.alloc(13);
  head[0] = 2;
  head.writeBigUInt64BE(BigInt(volumeBytes), 1);
  head.writeUInt32BE(blockBytes, 9);
  return createHash("sha256")
    .update(head)
    .update(level[0] ?? Buffer.alloc(0))
    .digest("hex");
}

test("the root is the same in whatever order ranges come, and is what the definition says", () => {
  fc.assert(
    fc.property(fc.constantFrom(1, 2, 255, 256, 257, 700, 66_000), fc.nat(), (ranges, seed) => {
      const volumeBytes = (ranges - 1) * rangeBytes + 1 + (seed % rangeBytes);
      const digests = Array.from({ length: ranges }, (_, index) =>
        createHash("sha256").update(`${seed} ${index}`).digest(),
      );
      const order = digests.map((_, index) => index);
      for (let index = order.length - 1; index > 0; index -= 1) {
        const other = (seed * (index + 1)) % (index + 1);
        [order[index], order[other]] = [order[other] ?? 0, order[index] ?? 0];
      }

      const tree = new HashTree(volumeBytes);
      for (const range of order) tree.add(range, digests[range] ?? Buffer.alloc(32));

      expect(tree.root()).toBe(rootOf(volumeBytes, digests));
    }),
    { numRuns: 20 },
  );
});

test("one changed block or another size changes the root", () => {
  const hashes = randomBytes(4 * hashBytes);
  const changed = Buffer.from(hashes);
  changed[17] = (changed[17] ?? 0) ^ 1;
  const root = (sizeBytes: number, of: Buffer) => {
    const tree = new HashTree(sizeBytes);
    tree.add(0, rangeDigest(of));
    return tree.root();
  };

  const roots = new Set([
    root(4 * blockBytes, hashes),
    root(4 * blockBytes, changed),
    root(4 * blockBytes - 1, hashes),
  ]);

  expect(roots.size).toBe(3);
});

test("a range of zeros has the digest of its zero blocks, also when its last block is short", () => {
  const volumeBytes = rangeBytes + 2 * blockBytes + 100;
  const hasher = new BlockHasher("0f".repeat(16));
  const last = Buffer.concat(
    [blockBytes, blockBytes, 100].map((length) => hasher.zeroHash(length)),
  );

  expect(zeroHashes(hasher, volumeBytes, 1)).toEqual(last);
  expect(zeroRangeDigest(hasher, volumeBytes, 1)).toEqual(rangeDigest(last));
  expect(zeroRangeDigest(hasher, volumeBytes, 0)).toEqual(
    rangeDigest(zeroHashes(hasher, volumeBytes, 0)),
  );
  expect(() => new HashTree(volumeBytes).root()).toThrow("missing");
});
