import { randomBytes } from "node:crypto";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { hashBytes } from "#dataplane/wire/block-hash.ts";
import { blockBytes, blocksInRange, rangeBytes, rangeCount } from "#dataplane/wire/geometry.ts";
import { HashTree, rangeDigest, zeroHashes } from "#dataplane/wire/hash-tree.ts";
import { BlockMap } from "./block-map.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hypermotion-map-"));
});
afterEach(() => rm(folder, { recursive: true }));

const sizeBytes = 5 * rangeBytes + 3 * blockBytes + 9;

function head(startsAsZeros: boolean, size = sizeBytes) {
  return {
    volumeId: "volume-1",
    hashKey: "0f".repeat(16),
    sizeBytes: size,
    startsAsZeros,
    generation: 0,
    volumeIdentity: { kind: "file" as const, id: "1" },
  };
}

test("a map gives back what was sealed, also after it was opened again", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ range: fc.nat(5), kind: fc.constantFrom("zero", "listed", "open") })),
      async (acts) => {
        const path = join(folder, "map");
        const model = new Map<number, { state: string; hashes: Buffer }>();
        const map = await BlockMap.create(path, head(false));
        for (const { range, kind } of acts) {
          const hashes = randomBytes(blocksInRange(sizeBytes, range) * hashBytes);
          if (kind === "open") await map.markOpen(range);
          else await map.seal(range, kind === "zero" ? "zero" : hashes);
          model.set(range, { state: kind, hashes: kind === "listed" ? hashes : Buffer.alloc(0) });
        }
        await map.sync();
        await map.close();

        const again = await BlockMap.find(path);
        for (let range = 0; range < rangeCount(sizeBytes); range += 1) {
          const expected = model.get(range) ?? { state: "unknown", hashes: Buffer.alloc(0) };
          expect(await again?.readRange(range)).toEqual(expected);
        }
        await again?.close();
      },
    ),
    { numRuns: 25 },
  );
});

test("a range whose hashes and record did not both reach the disk counts as open", async () => {
  const path = join(folder, "map");
  const map = await BlockMap.create(path, head(false));
  await map.seal(0, randomBytes(1024 * hashBytes));
  await map.seal(1, randomBytes(1024 * hashBytes));
  await map.close();
  const file = await open(path, "r+");
  // One byte of the first range's hashes, and one of the second range's record.
  await file.write(Buffer.from([0xee, 0xef]), 0, 2, 8192 + 100);
  await file.write(Buffer.from([0xee]), 0, 1, 4096 + 64 + 20);
  await file.close();

  const again = await BlockMap.find(path);

  expect((await again?.readRange(0))?.state).toBe("open");
  expect((await again?.readRange(1))?.state).toBe("open");
  expect(await again?.root()).toEqual({ missingRange: 1 });
  await again?.close();
});

test("a map that was distrusted knows nothing any more", async () => {
  const path = join(folder, "map");
  const map = await BlockMap.create(path, head(true));
  await map.seal(0, randomBytes(1024 * hashBytes));
  expect((await map.readRange(1)).state).toBe("zero");

  await map.distrust();
  await map.close();

  const again = await BlockMap.find(path);
  for (let range = 0; range < 6; range += 1)
    expect((await again?.readRange(range))?.state).toBe("open");
  await again?.close();
});

test("a damaged head is as good as no map", async () => {
  const path = join(folder, "map");
  await (await BlockMap.create(path, head(true))).close();
  const file = await open(path, "r+");
  await file.write(Buffer.from("x"), 0, 1, 30);
  await file.close();

  expect(await BlockMap.find(path)).toBeUndefined();
  expect(await BlockMap.find(join(folder, "none"))).toBeUndefined();
});

test("the root is that of the hash tree over all ranges", async () => {
  const map = await BlockMap.create(join(folder, "map"), head(true));
  const tree = new HashTree(sizeBytes);
  for (let range = 0; range < 6; range += 1) {
    const hashes =
      range % 2 === 0 ? zeroHashes(map.hasher, sizeBytes, range) : randomBytes(1024 * hashBytes);
    const own = range === 5 ? randomBytes(4 * hashBytes) : hashes;
    if (range % 2 === 1) await map.seal(range, own);
    tree.add(range, rangeDigest(own));
  }

  expect(await map.root()).toEqual({ root: tree.root() });
  await map.close();
});

test("a map that is no longer trusted takes nothing from those who still have it open", async () => {
  const path = join(folder, "map");
  const first = await BlockMap.create(path, head(true));
  const second = (await BlockMap.find(path)) as BlockMap;
  const third = (await BlockMap.find(path)) as BlockMap;

  await first.distrust();
  await second.seal(1, "zero");
  // Knows nothing of the first's, and must not end with the same generation.
  await third.distrust();
  await first.seal(2, "zero");
  await third.seal(3, "zero");
  await Promise.all([first, second, third].map((map) => map.close()));

  const found = (await BlockMap.find(path)) as BlockMap;
  const states = await Promise.all([0, 1, 2, 3].map((range) => found.readRange(range)));
  await found.close();
  expect(states.map(({ state }) => state)).toEqual(["open", "open", "open", "zero"]);
});
