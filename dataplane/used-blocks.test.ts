/**
 * The proof that leaving out free blocks loses nothing: on real file systems that are written to while they are
 * copied, the volume has every block that anybody needs, its file system is in order, and its files are the source's.
 */
import { execFile } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { constants, createReadStream } from "node:fs";
import {
  copyFile,
  mkdir,
  open,
  readdir,
  readFile,
  truncate,
  unlink,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { hasBlock } from "./agent/tracking/block-set.ts";
import { startTracker, type Tracker } from "./agent/tracking/tracker.ts";
import { createFreeFinder, findFreeBlocks } from "./agent/used-blocks/free-blocks.ts";
import {
  copy,
  makeScene,
  type Pair,
  receiverOrderOf,
  type Scene,
  scribble,
  startGateway,
} from "./copy-harness.ts";
import { disturb } from "./disturb.ts";
import type { Receiver } from "./gateway/receiver.ts";
import { alignedBuffer } from "./wire/aligned-buffer.ts";
import { blockBytes, blocksPerRange } from "./wire/geometry.ts";

const MiB = 1024 ** 2;
const sizeBytes = 448 * MiB;
const isRoot = process.getuid?.() === 0;
const because = isRoot ? "" : " (skipped: needs root, for loop devices)";
const tool = promisify(execFile);

let scene: Scene;
let gateway: Receiver;
let device: string;
let mountPoint: string;
let pair: Pair;
let session = 0;
let told: string[] = [];
const cleanups: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  if (!isRoot) return;
  scene = await makeScene();
  gateway = await startGateway(scene);
  told = [];
  const image = join(scene.folder, "disk.img");
  const volumePath = join(scene.folder, "volume.img");
  for (const path of [image, volumePath]) {
    await writeFile(path, "");
    await truncate(path, sizeBytes);
  }
  device = await attach(image);
  pair = { diskId: "d", volumeId: "v", sizeBytes, diskPath: device, volumePath };
  mountPoint = join(scene.folder, "mnt");
  await mkdir(mountPoint);
});

afterEach(async () => {
  if (!isRoot) return;
  for (const clean of cleanups.splice(0).reverse()) await clean();
  await gateway.close();
  await scene[Symbol.asyncDispose]();
});

async function attach(image: string): Promise<string> {
  const made = (await tool("losetup", ["--show", "-f", image])).stdout.trim();
  cleanups.push(() => tool("losetup", ["-d", made]));
  return made;
}

async function mount(what: string, where: string, options = "defaults"): Promise<void> {
  await mkdir(where, { recursive: true });
  await tool("mount", ["-o", options, what, where]);
  cleanups.push(() => untilNobodyLooks(() => unmount(where)));
}

/** Also when it is not mounted any more. */
async function unmount(where: string): Promise<void> {
  const mounts = await readFile("/proc/self/mounts", "utf8");
  if (mounts.includes(` ${where} `)) await tool("umount", [where]);
}

/** Partitions of a disk, at places that are no multiples of 64 KiB. @returns their devices */
async function partition(label: "gpt" | "dos", ...sizes: string[]): Promise<string[]> {
  const lines = sizes.map((size, index) => `${index === 0 ? "start=2055, " : ""}size=${size}`);
  const file = join(scene.folder, "parts");
  await writeFile(file, `label: ${label}\n${lines.join("\n")}\n`);
  await tool("sh", ["-c", `sfdisk -q --no-reread --no-tell-kernel ${device} < ${file}`]);
  await tool("partx", ["-a", device]);
  cleanups.push(() => untilNobodyLooks(() => tool("partx", ["-d", device])));
  return sizes.map((_, index) => `${device}p${index + 1}`);
}

/** A worn file system: its free space is full of what was there before. */
async function makeWorn(kind: string, on: string): Promise<void> {
  await scribbleAll(on);
  await tool(`mkfs.${kind}`, [
    ...(kind === "xfs" ? ["-q", "-K"] : ["-q", "-E", "nodiscard,lazy_itable_init=0"]),
    on,
  ]);
  await mount(on, mountPoint);
  for (const name of ["keep", "drop"]) {
    const file = await open(join(mountPoint, name), "w");
    for (let done = 0; done < 24; done += 1) await file.write(randomBytes(MiB));
    await file.sync();
    await file.close();
  }
  await unlink(join(mountPoint, "drop"));
}

async function scribbleAll(path: string): Promise<void> {
  const { stdout } = await tool("blockdev", ["--getsize64", path]);
  await scribble(path, 0, Number(stdout));
}

/** Other tests look at all disks of this machine, and have them open for a moment. */
async function untilNobodyLooks(work: () => Promise<unknown>): Promise<void> {
  for (let tries = 50; ; tries -= 1) {
    try {
      await work();
      return;
    } catch (error) {
      if (tries === 0) throw error;
      await sleep(100);
    }
  }
}

interface Passed {
  readonly readBytes: number;
  readonly skippedBytes: number;
}

async function sync(
  tracker: Pick<Tracker, "begin"> | undefined,
  isFrozen = false,
): Promise<Passed> {
  session += 1;
  const sessionId = `session-${session}`;
  const findFree = createFreeFinder((text) => told.push(text));
  await gateway.open(sessionId, receiverOrderOf(scene, [pair]));
  const { volumes } = await copy(scene, [pair], {
    ...{ sessionId, port: gateway.port },
    findFree: (disk, pass) => findFree(disk, pass, isFrozen),
    ...(tracker === undefined ? {} : { tracker }),
  });
  const { readBytes = Number.NaN, skippedBytes = Number.NaN } = volumes[0] ?? {};
  return { readBytes, skippedBytes };
}

/** Numbers of the blocks in which volume and disk differ, past every cache. */
async function differing(): Promise<number[]> {
  const disk = await open(device, constants.O_RDONLY | constants.O_DIRECT);
  const volume = await open(pair.volumePath, "r");
  const [ours, theirs] = [alignedBuffer(MiB), alignedBuffer(MiB)];
  const found: number[] = [];
  for (let at = 0; at < sizeBytes; at += MiB) {
    await disk.read(ours, 0, MiB, at);
    await volume.read(theirs, 0, MiB, at);
    for (let within = 0; within < MiB; within += blockBytes) {
      const end = within + blockBytes;
      if (!ours.subarray(within, end).equals(theirs.subarray(within, end)))
        found.push((at + within) / blockBytes);
    }
  }
  await disk.close();
  await volume.close();
  return found;
}

/** Whether a block of the disk is free by the map of this moment. */
async function freeNow(isFrozen: boolean): Promise<(block: number) => boolean> {
  const { free } = await findFreeBlocks({ path: device, sizeBytes }, isFrozen);
  return (block) =>
    hasBlock(free.ofRange(Math.floor(block / blocksPerRange)), block % blocksPerRange);
}

async function filesIn(folder: string): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const name of (await readdir(folder)).sort()) {
    if (name === "lost+found") continue;
    const hash = createHash("sha256");
    await pipeline(createReadStream(join(folder, name)), hash);
    digests[name] = hash.digest("hex");
  }
  return digests;
}

/** The files of the volume's file system, after it was mounted as a launched server would, and checked. */
async function filesOnVolume(kind: string, offsetBytes: number): Promise<Record<string, string>> {
  const image = join(scene.folder, "launched.img");
  await copyFile(pair.volumePath, image);
  const launched = (
    await tool("losetup", ["--show", "-f", "-o", String(offsetBytes), "--sizelimit", "0", image])
  ).stdout.trim();
  cleanups.push(() => tool("losetup", ["-d", launched]));
  const where = join(scene.folder, "launched");
  // nouuid: the source has the same file system mounted.
  await mount(launched, where, kind === "xfs" ? "nouuid" : "defaults");
  const files = await filesIn(where);
  await tool("umount", [where]);
  if (kind === "xfs") await tool("xfs_repair", ["-n", launched]);
  else await tool("e2fsck", ["-f", "-n", launched]);
  return files;
}

describe.skipIf(!isRoot)(`used blocks only${because}`, () => {
  test.each([
    ["ext4", "tracked"],
    ["ext4", "compared"],
    ["xfs", "tracked"],
    ["xfs", "compared"],
  ])(
    "%s, %s: after passes amid writes, the last one has all that is needed, and the files are the source's",
    async (kind, how) => {
      const [part = ""] = await partition("gpt", "400MiB");
      const startBytes =
        Number((await tool("partx", ["-g", "-o", "START", device])).stdout.trim().split("\n")[0]) *
        512;
      await makeWorn(kind, part);
      const tracker =
        how === "tracked"
          ? await startTracker([{ diskId: "d", path: device, sizeBytes }])
          : undefined;
      cleanups.push(async () => tracker?.close());

      const first = await sync(tracker);
      const leftOut = await differing();
      for (let pass = 0; pass < 3; pass += 1) {
        await Promise.all([sync(tracker), disturb(mountPoint, 25)]);
      }
      await tool("fsfreeze", ["-f", mountPoint]);
      cleanups.push(() => tool("fsfreeze", ["-u", mountPoint]).catch(() => undefined));
      await sync(tracker, true);
      const isFree = await freeNow(true);
      const differ = await differing();
      await tool("fsfreeze", ["-u", mountPoint]);

      expect(told).toEqual([]);
      expect(startBytes % blockBytes).not.toBe(0);
      expect(first.readBytes + first.skippedBytes).toBe(sizeBytes);
      expect(first.skippedBytes).toBeGreaterThan(200 * MiB);
      expect(differ.filter((block) => !isFree(block))).toEqual([]);
      // The source's free space was full of old content, and the volume's is not.
      expect(leftOut.length).toBeGreaterThan(1000);
      expect(await filesOnVolume(kind, startBytes)).toEqual(await filesIn(mountPoint));
    },
    120_000,
  );

  test("why the map on the disk would not do: it calls free what was just written for good", async () => {
    await tool("mkfs.ext4", ["-q", device]);
    await mount(device, mountPoint, "commit=300");
    await tool("sync", ["-f", mountPoint]);
    const content = randomBytes(8 * MiB);
    const file = await open(join(mountPoint, "written"), "w");
    await file.write(content);
    // Its data is on the disk and its allocation in the journal; the map is still as it was.
    await file.sync();
    await file.close();
    const place = (await tool("filefrag", ["-e", "-b65536", join(mountPoint, "written")])).stdout;
    const block = Number(/^\s*0:\s+\d+\.\.\s*\d+:\s+(\d+)\.\./m.exec(place)?.[1]) + 1;
    // What a power cut would leave: the device itself would show the kernel's view from its cache.
    const copied = join(scene.folder, "copied.img");
    await tool("cp", ["--sparse=always", join(scene.folder, "disk.img"), copied]);
    const ondisk = (await tool("dumpe2fs", [copied])).stdout;
    const perBlock = 65_536 / Number(/^Block size:\s+(\d+)/m.exec(ondisk)?.[1]);
    const freeOnDisk = [...ondisk.matchAll(/Free blocks: ([\d, -]+)/g)].flatMap(([, list = ""]) =>
      list.split(", ").map((extent) => extent.split("-").map(Number)),
    );

    const isFree = await freeNow(false);
    const { skippedBytes } = await sync(undefined);

    expect(
      freeOnDisk.some(
        ([from = 0, to = from]) => from <= block * perBlock && (block + 1) * perBlock <= to + 1,
      ),
    ).toBe(true);
    expect(isFree(block)).toBe(false);
    expect(skippedBytes).toBeGreaterThan(300 * MiB);
    expect((await differing()).filter((each) => !isFree(each))).toEqual([]);
  });

  test.each([
    ["ext2", ["mkfs.ext2", "-q"]],
    ["ext4", ["mkfs.ext4", "-q"]],
    ["xfs", ["mkfs.xfs", "-q", "-f"]],
    ["ntfs", ["mkfs.ntfs", "-q", "-F", "-f"]],
    ["btrfs", ["mkfs.btrfs", "-q", "-f"]],
  ])(
    "%s at rest: what is free is not read, and the files are there",
    async (_, [make = "", ...options]) => {
      await scribbleAll(device);
      await tool(make, [...options, device]);
      await mount(device, mountPoint);
      await writeFile(join(mountPoint, "kept"), randomBytes(3 * MiB));
      const files = await filesIn(mountPoint);
      await tool("umount", [mountPoint]);
      // The kernel lets go of the device a moment later.
      await untilNobodyLooks(async () =>
        (await open(device, constants.O_RDONLY | constants.O_EXCL)).close(),
      );

      const { skippedBytes } = await sync(undefined);
      await tool("losetup", ["-d", device]);
      cleanups.shift();
      await mount(pair.volumePath, mountPoint, "loop");

      expect(told).toEqual([]);
      expect(skippedBytes).toBeGreaterThan(200 * MiB);
      expect(await filesIn(mountPoint)).toEqual(files);
    },
  );

  test.each([
    ["ext4", "its journal is not empty"],
    ["xfs", "its log is not empty"],
    ["btrfs", "its log is not empty"],
  ])("%s that was not left in order is read whole, and that is said", async (kind, why) => {
    await tool(`mkfs.${kind}`, ["-q", device]);
    await mount(device, mountPoint);
    const file = await open(join(mountPoint, "written"), "w");
    await file.write(randomBytes(MiB));
    await file.sync();
    await file.close();
    // As after a power cut: what the disk has at this moment.
    const crashed = join(scene.folder, "crashed.img");
    await tool("cp", ["--sparse=always", join(scene.folder, "disk.img"), crashed]);
    await tool("umount", [mountPoint]);

    const { free, readWhole } = await findFreeBlocks({ path: crashed, sizeBytes }, false);

    expect(readWhole).toEqual([{ name: `crashed.img (${kind})`, because: why }]);
    expect(free.count).toBe(0);
  });

  test("a file system that somebody else has in use is read whole: its own map may be behind", async () => {
    await tool("mkfs.ext4", ["-q", device]);
    const holder = await open(device, constants.O_RDWR | constants.O_EXCL);

    const held = await findFreeBlocks({ path: device, sizeBytes }, false);
    await holder.close();
    const released = await findFreeBlocks({ path: device, sizeBytes }, false);

    expect(held.readWhole).toMatchObject([{ because: "it is in use" }]);
    expect([held.free.count, released.readWhole]).toEqual([0, []]);
    expect(released.free.count).toBeGreaterThan(4000);
  });

  test("swap: its head is copied and nothing else, unless a system sleeps in it", async () => {
    const [swap = "", asleep = ""] = await partition("dos", "100MiB", "100MiB");
    for (const path of [swap, asleep]) {
      await scribbleAll(path);
      await tool("mkswap", [path]);
    }
    // Source: kernel/power/swap.c, HIBERNATE_SIG.
    const file = await open(asleep, "r+");
    await file.write(Buffer.from("S1SUSPEND\0"), 0, 10, 4096 - 10);
    await file.sync();
    await file.close();

    const { skippedBytes, readBytes } = await sync(undefined);
    const differ = await differing();

    expect(skippedBytes / MiB).toBeGreaterThan(99);
    expect(skippedBytes / MiB).toBeLessThan(100);
    expect(readBytes + skippedBytes).toBe(sizeBytes);
    expect(differ.length * blockBytes).toBe(skippedBytes);
    expect(Math.min(...differ) * blockBytes).toBeGreaterThan(MiB);
    expect(Math.max(...differ) * blockBytes).toBeLessThan(102 * MiB);
  });

  test("a volume keeps what it has where the source has nothing any more", async () => {
    await makeWorn("ext4", device);
    await sync(undefined);
    await unlink(join(mountPoint, "keep"));
    const before = await differing();

    await tool("fsfreeze", ["-f", mountPoint]);
    cleanups.push(() => tool("fsfreeze", ["-u", mountPoint]));
    const { skippedBytes } = await sync(undefined, true);
    const isFree = await freeNow(true);
    const differ = await differing();

    expect(skippedBytes).toBeGreaterThan(20 * MiB);
    expect(before.length).toBeGreaterThan(0);
    expect(differ.filter((block) => !isFree(block))).toEqual([]);
    // The deleted file's blocks were neither sent nor written over.
    expect(differ.length).toBeLessThanOrEqual(before.length);
  });
});
