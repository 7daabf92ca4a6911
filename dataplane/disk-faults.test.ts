/** Copies between disks and volumes that really fail: named at both sides, nothing written wrongly, gone on with. */
import { execFileSync } from "node:child_process";
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import type { MigrationError } from "#domain/errors.ts";
import type { Progress } from "#domain/protocol/facts.ts";
import {
  copy,
  makePair,
  makeScene,
  type Pair,
  receiverOrderOf,
  type Scene,
  scribble,
  sha256,
  startGateway,
} from "./copy-harness.ts";
import { type FaultyDisk, mountDisk, mountFaultyDisk, noFaultyDisks } from "./faulty-disk.ts";
import type { Receiver, SessionState } from "./gateway/receiver.ts";

const mib = 1024 * 1024;
const sizeBytes = 80 * mib;
const blockBytes = 64 * 1024;
/** In the first range, and not yet read when a copy at 16 MiB/s is at its first 16 MiB. */
const badPlace = { from: 60 * mib + 12_288, to: 60 * mib + 12_289 };

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

/** Removed after what is mounted in it. */
async function ownScene(): Promise<Scene> {
  const scene = await makeScene();
  cleanups.push(() => scene[Symbol.asyncDispose]());
  return scene;
}

async function faultyDisk(scene: Scene, name: string): Promise<FaultyDisk> {
  const disk = await mountFaultyDisk(scene.folder, name, sizeBytes);
  cleanups.push(() => disk.unmount());
  return disk;
}

async function gatewayOf(scene: Scene): Promise<Receiver> {
  const receiver = await startGateway(scene);
  cleanups.push(() => receiver.close());
  return receiver;
}

interface End {
  progress: Progress | undefined;
  error: MigrationError | undefined;
  end: SessionState;
}

/** One session; `midway` happens once at 16 MiB. */
async function pass(
  scene: Scene,
  receiver: Receiver,
  pair: Pair,
  sessionId: string,
  midway?: () => Promise<void>,
): Promise<End> {
  await receiver.open(sessionId, receiverOrderOf(scene, [pair]));
  let underWay: Promise<void> | undefined;
  let progress: Progress | undefined;
  let error: MigrationError | undefined;
  try {
    progress = await copy(scene, [pair], {
      sessionId,
      port: receiver.port,
      ...(midway === undefined ? {} : { rate: 16 * mib }),
      onProgress: ({ volumes }) => {
        if ((volumes[0]?.doneBytes ?? 0) >= 16 * mib) underWay ??= midway?.();
      },
    });
  } catch (thrown) {
    error = thrown as MigrationError;
  }
  await underWay;
  return { progress, error, end: await receiver.waitForEnd(sessionId) };
}

/** Blocks of the volume that are neither as on the disk nor as they were, which is zeros. */
async function wrongBlocks(diskPath: string, volumePath: string): Promise<number[]> {
  const [disk, volume] = [await open(diskPath, "r"), await open(volumePath, "r")];
  const [is, should] = [Buffer.alloc(blockBytes), Buffer.alloc(blockBytes)];
  const zeros = Buffer.alloc(blockBytes);
  const wrong: number[] = [];
  for (let at = 0; at < sizeBytes; at += blockBytes) {
    await disk.read(should, 0, blockBytes, at);
    await volume.read(is, 0, blockBytes, at);
    if (!is.equals(should) && !is.equals(zeros)) wrong.push(at / blockBytes);
  }
  await disk.close();
  await volume.close();
  return wrong;
}

async function expectEqual(onePath: string, otherPath: string): Promise<void> {
  expect(await sha256(onePath, sizeBytes)).toBe(await sha256(otherPath, sizeBytes));
}

const all = { offsetBytes: 0, lengthBytes: sizeBytes };
const suite = noFaultyDisks === undefined ? describe : describe.skip;
const why = noFaultyDisks === undefined ? "" : ` (skipped: ${noFaultyDisks})`;

suite(`a disk that can't be read${why}`, () => {
  test("is named with its first bad sector at both sides, and the next session goes on", async () => {
    const scene = await ownScene();
    const made = await makePair(scene, "a", sizeBytes, []);
    const disk = await faultyDisk(scene, "disk");
    await scribble(disk.imagePath, 0, sizeBytes);
    const pair = { ...made, diskPath: disk.path };
    const receiver = await gatewayOf(scene);

    const failed = await pass(scene, receiver, pair, "s1", () => disk.breakPlace("read", badPlace));
    const wrong = await wrongBlocks(disk.imagePath, pair.volumePath);
    await disk.heal();
    const healed = await pass(scene, receiver, pair, "s2");

    const facts = {
      code: "disk.unreadable",
      params: { disk: "disk-a", offsetBytes: 60 * mib + 12_288 },
    };
    expect(failed.error).toMatchObject(facts);
    expect(failed.end).toMatchObject({ state: "failed", error: facts });
    expect(wrong).toEqual([]);
    expect(healed.end.state).toBe("done");
    expect(healed.progress?.volumes[0]?.changedBytes).toBeLessThanOrEqual(sizeBytes - 16 * mib);
    await expectEqual(disk.imagePath, pair.volumePath);
  });

  test("once, and then can, is copied", async () => {
    const scene = await ownScene();
    const made = await makePair(scene, "a", sizeBytes, []);
    const disk = await faultyDisk(scene, "disk");
    await scribble(disk.imagePath, 0, sizeBytes);
    await disk.breakPlace("read", { ...badPlace, once: true });
    const receiver = await gatewayOf(scene);

    const { end } = await pass(scene, receiver, { ...made, diskPath: disk.path }, "s1");

    expect(end.state).toBe("done");
    await expectEqual(disk.imagePath, made.volumePath);
  });
});

suite(`a volume${why}`, () => {
  const volumeFault = { code: "volume.io", params: { volume: "volume-a" } };

  test("that can't be written, then not be read, is named at both sides and healed by the next session that can", async () => {
    const scene = await ownScene();
    const made = await makePair(scene, "a", sizeBytes, [all]);
    const volume = await faultyDisk(scene, "volume");
    const pair = { ...made, volumePath: volume.path };
    const receiver = await gatewayOf(scene);

    const unwritten = await pass(scene, receiver, pair, "s1", () =>
      volume.breakPlace("write", badPlace),
    );
    const wrong = await wrongBlocks(pair.diskPath, volume.imagePath);
    await volume.heal();
    // What was left open has to be read.
    await volume.breakPlace("read", { from: 0, to: 64 * mib });
    const unread = await pass(scene, receiver, pair, "s2");
    await volume.heal();
    const healed = await pass(scene, receiver, pair, "s3");

    for (const { error, end } of [unwritten, unread]) {
      expect(error).toMatchObject(volumeFault);
      expect(end).toMatchObject({ state: "failed", error: volumeFault });
    }
    expect(wrong).toEqual([]);
    expect(healed.end.state).toBe("done");
    expect(healed.progress?.volumes[0]?.changedBytes).toBeLessThanOrEqual(sizeBytes - 16 * mib);
    await expectEqual(pair.diskPath, volume.imagePath);
  });

  test("that loses its cache at one flush and then flushes again is not believed in anything", async () => {
    const scene = await ownScene();
    const made = await makePair(scene, "a", sizeBytes, [all]);
    const volume = await faultyDisk(scene, "volume");
    const pair = { ...made, volumePath: volume.path };
    const receiver = await gatewayOf(scene);

    const lost = await pass(scene, receiver, pair, "s1", () => volume.loseNextFlush());
    const wrong = await wrongBlocks(pair.diskPath, volume.imagePath);
    const healed = await pass(scene, receiver, pair, "s2");

    expect(lost.error).toMatchObject(volumeFault);
    expect(lost.end).toMatchObject({ state: "failed", error: volumeFault });
    expect(wrong).toEqual([]);
    expect(healed.end.state).toBe("done");
    await expectEqual(pair.diskPath, volume.imagePath);
  });

  test("that fails a write now and then is named each time and whole in the end", async () => {
    const scene = await ownScene();
    const pair = await makePair(scene, "a", sizeBytes, [all]);
    const volume = await mountDisk(scene.folder, "volume", [
      ...["--filter=error", "file", pair.volumePath],
      ...["error=EIO", "error-pwrite-rate=10%"],
    ]);
    cleanups.push(() => volume.unmount());
    const receiver = await gatewayOf(scene);

    const ends: End[] = [];
    while (ends.at(-1)?.end.state !== "done" && ends.length < 60) {
      const id = `s${ends.length}`;
      ends.push(await pass(scene, receiver, { ...pair, volumePath: volume.path }, id));
    }

    expect(ends.at(-1)?.end.state).toBe("done");
    expect(ends.length).toBeGreaterThan(1);
    for (const { error, end } of ends.slice(0, -1)) {
      expect(error).toMatchObject(volumeFault);
      expect(end).toMatchObject({ state: "failed", error: volumeFault });
    }
    await expectEqual(pair.diskPath, pair.volumePath);
  });
});

const rootSuite = process.getuid?.() === 0 ? describe : describe.skip;

rootSuite("a gateway (skipped when not root: mounts, loop devices)", () => {
  function mountTmpfs(folder: string, options: string): void {
    execFileSync("mount", ["-t", "tmpfs", "-o", options, "tmpfs", folder]);
    cleanups.push(() => execFileSync("umount", ["-l", folder]));
  }

  test("refuses a volume that is read-only before a byte is sent", async () => {
    const scene = await ownScene();
    const pair = await makePair(scene, "a", mib, []);
    const loop = execFileSync("losetup", ["--find", "--show", "--read-only", pair.volumePath])
      .toString()
      .trim();
    cleanups.push(() => execFileSync("losetup", ["--detach", loop]));
    const folder = join(scene.folder, "read-only");
    await mkdir(folder);
    mountTmpfs(folder, "size=8m");
    const onReadOnly = await makePair({ ...scene, folder }, "b", mib, []);
    execFileSync("mount", ["-o", "remount,ro", folder]);
    const receiver = await gatewayOf(scene);

    for (const volumePath of [loop, onReadOnly.volumePath]) {
      const order = receiverOrderOf(scene, [{ ...pair, volumePath }]);
      await expect(receiver.open("s1", order)).rejects.toMatchObject({
        code: "volume.io",
        params: { volume: "volume-a" },
      });
      expect(receiver.state("s1")).toBeUndefined();
    }
  });

  test("without room for its block map says so at both sides, and goes on when there is", async () => {
    const scene = await ownScene();
    const maps = join(scene.folder, "state", "maps");
    await mkdir(maps, { recursive: true });
    // Room for the head and a few records, none for hashes.
    mountTmpfs(maps, "size=12k");
    const pair = await makePair(scene, "a", sizeBytes, [all]);
    const receiver = await gatewayOf(scene);

    const full = await pass(scene, receiver, pair, "s1");
    execFileSync("mount", ["-o", "remount,size=8m", maps]);
    const healed = await pass(scene, receiver, pair, "s2");

    const facts = { code: "gateway.disk-full", params: { volume: "volume-a" } };
    expect(full.error).toMatchObject(facts);
    expect(full.end).toMatchObject({ state: "failed", error: facts });
    expect(healed.end.state).toBe("done");
    await expectEqual(pair.diskPath, pair.volumePath);
  });

  test("that can't write its block map refuses the session", async () => {
    const scene = await ownScene();
    const maps = join(scene.folder, "state", "maps");
    await mkdir(maps, { recursive: true });
    mountTmpfs(maps, "size=1m");
    execFileSync("mount", ["-o", "remount,ro", maps]);
    const pair = await makePair(scene, "a", mib, []);
    const receiver = await gatewayOf(scene);

    await expect(receiver.open("s1", receiverOrderOf(scene, [pair]))).rejects.toMatchObject({
      code: "volume.io",
      params: { volume: "volume-a", problem: expect.stringContaining("EROFS") },
    });
    expect(receiver.state("s1")).toBeUndefined();
  });
});
