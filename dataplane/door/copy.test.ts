import { randomBytes } from "node:crypto";
import { type FileHandle, mkdtemp, open, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { copyDisk, type Disk } from "./copy.ts";

const MiB = 1024 ** 2;
const headBytes = 2 * MiB;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hypermotion-copy-"));
});

afterEach(() => rm(folder, { recursive: true }));

async function onDisks<T>(
  source: Buffer,
  target: Buffer | undefined,
  work: (source: FileHandle, target: FileHandle) => Promise<T>,
): Promise<T> {
  await writeFile(join(folder, "source"), source);
  if (target !== undefined) await writeFile(join(folder, "target"), target);
  const [from, to] = [await open(join(folder, "source")), await open(join(folder, "target"), "r+")];
  try {
    return await work(from, to);
  } finally {
    await from.close();
    await to.close();
  }
}

const targetNow = () => readFile(join(folder, "target"));

/** A disk in pieces of 256 KiB, each of zeros or of noise. */
const disk = fc
  .array(fc.boolean(), { minLength: 1, maxLength: 20 })
  .map((full) =>
    Buffer.concat(full.map((is) => (is ? randomBytes(MiB / 4) : Buffer.alloc(MiB / 4)))),
  );

test("whatever is on either disk, the target ends as the source is, and what lies behind is left alone", async () => {
  await fc.assert(
    fc.asyncProperty(disk, disk, async (source, before) => {
      const behind = randomBytes(4096);
      const target = Buffer.concat([before, Buffer.alloc(source.length), behind]);

      const done = await onDisks(source, target, (from, to) =>
        copyDisk({ source: from, target: to, sizeBytes: source.length, headBytes }),
      );

      const now = await targetNow();
      expect(now.subarray(0, source.length).equals(source)).toBe(true);
      expect(now.subarray(source.length).equals(target.subarray(source.length))).toBe(true);
      expect(done).toMatchObject({ totalBytes: source.length, doneBytes: source.length });
    }),
    { numRuns: 25 },
  );
});

test("on a fresh disk zeros are not written, and a second copy writes nothing", async () => {
  const source = Buffer.concat([randomBytes(MiB), Buffer.alloc(6 * MiB), randomBytes(MiB)]);
  const order = { sizeBytes: source.length, headBytes };

  const first = await onDisks(source, Buffer.alloc(source.length), (from, to) =>
    copyDisk({ source: from, target: to, ...order }),
  );
  const second = await onDisks(source, undefined, (from, to) =>
    copyDisk({ source: from, target: to, ...order }),
  );

  expect(first.writtenBytes).toBe(2 * MiB);
  expect(second.writtenBytes).toBe(0);
});

test("power cut at any write before the head leaves the head as it was, and the next copy ends well", async () => {
  const source = randomBytes(8 * MiB);
  const before = randomBytes(8 * MiB);

  for (const writes of [0, 1, 3, 5]) {
    const cut = onDisks(source, before, (from, to) =>
      copyDisk({
        source: from,
        target: failing(to, { writes }),
        sizeBytes: source.length,
        headBytes,
      }),
    );
    await expect(cut).rejects.toMatchObject({ code: "hyperdoor.io" });
    expect((await targetNow()).subarray(0, headBytes).equals(before.subarray(0, headBytes))).toBe(
      true,
    );
    await onDisks(source, undefined, (from, to) =>
      copyDisk({ source: from, target: to, sizeBytes: source.length, headBytes }),
    );
    expect((await targetNow()).equals(source)).toBe(true);
  }
});

test("a disk that keeps something else than what was written is found out, by the first place", async () => {
  const source = randomBytes(6 * MiB);

  const copied = onDisks(source, Buffer.alloc(source.length), (from, to) =>
    copyDisk({ source: from, target: lying(to, 4 * MiB), sizeBytes: source.length, headBytes }),
  );

  await expect(copied).rejects.toMatchObject({
    code: "hyperdoor.differs",
    params: { pieces: 1, offsetBytes: 4 * MiB },
  });
});

test("a disk that ends early names the disk and the place", async () => {
  const source = randomBytes(3 * MiB);

  const copied = onDisks(source, Buffer.alloc(2 * MiB + 5), (from, to) =>
    copyDisk({ source: from, target: to, sizeBytes: source.length, headBytes }),
  );

  await expect(copied).rejects.toMatchObject({
    params: { disk: "the system disk", offsetBytes: 2 * MiB + 5, problem: "it ends there" },
  });
});

function failing(file: FileHandle, after: { writes: number }): Disk {
  let left = after.writes;
  return {
    read: file.read.bind(file),
    datasync: () => file.datasync(),
    write: (async (...args: Parameters<FileHandle["write"]>) => {
      if (left === 0) throw new Error("no power");
      left -= 1;
      return file.write(...args);
    }) as FileHandle["write"],
  };
}

/** Flips a bit of what is written at one place. */
function lying(file: FileHandle, at: number): Disk {
  return {
    read: file.read.bind(file),
    datasync: () => file.datasync(),
    write: (async (bytes: Buffer, offset: number, length: number, position: number) => {
      if (position !== at) return file.write(bytes, offset, length, position);
      const other = Buffer.from(bytes);
      other[offset] = (other[offset] ?? 0) ^ 1;
      return file.write(other, offset, length, position);
    }) as FileHandle["write"],
  };
}
