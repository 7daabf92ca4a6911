/**
 * The proof of change tracking: on real loop devices with real file systems that are written to in every
 * way there is, the volume after a delta is the disk, byte for byte, whatever was seen and whatever was lost.
 */
import { execFile, fork } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { constants } from "node:fs";
import { mkdir, open, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startTracker, type Tracker } from "./agent/tracking/tracker.ts";
import {
  copy,
  makeScene,
  type Pair,
  receiverOrderOf,
  type Scene,
  startGateway,
} from "./copy-harness.ts";
import { disturb } from "./disturb.ts";
import type { Receiver } from "./gateway/receiver.ts";

const MiB = 1024 ** 2;
const sizeBytes = 384 * MiB;
const isRoot = process.getuid?.() === 0;
const because = isRoot ? "" : " (skipped: needs root, for loop devices and tracefs)";
const tool = promisify(execFile);

let scene: Scene;
let gateway: Receiver;
let device: string;
let mountPoint: string;
let pair: Pair;
let session = 0;
let trackers: Tracker[] = [];

beforeEach(async () => {
  if (!isRoot) return;
  scene = await makeScene();
  gateway = await startGateway(scene);
  const image = join(scene.folder, "disk.img");
  const volumePath = join(scene.folder, "volume.img");
  for (const path of [image, volumePath]) {
    await writeFile(path, "");
    await truncate(path, sizeBytes);
  }
  // One that nobody gets who asks for any: a test lets go of it and takes it again.
  device = "/dev/loop231";
  await tool("losetup", [device, image]);
  pair = { diskId: "d", volumeId: "v", sizeBytes, diskPath: device, volumePath };
  mountPoint = join(scene.folder, "mnt");
  await mkdir(mountPoint);
});

afterEach(async () => {
  if (!isRoot) return;
  for (const tracker of trackers) await tracker.close();
  trackers = [];
  await tool("umount", [mountPoint]).catch(() => undefined);
  await tool("losetup", ["-d", device]);
  await gateway.close();
  await scene[Symbol.asyncDispose]();
});

async function track(bufferKiB?: number): Promise<Tracker> {
  const tracker = await startTracker([{ diskId: "d", path: device, sizeBytes }], bufferKiB);
  trackers.push(tracker);
  return tracker;
}

async function makeFileSystem(kind: string): Promise<void> {
  await tool(`mkfs.${kind}`, ["-q", device]);
  await tool("mount", [device, mountPoint]);
}

/** One pass. @returns bytes that the agent read from the disk */
async function sync(
  tracker: Pick<Tracker, "begin"> | undefined,
  signal?: AbortSignal,
): Promise<number> {
  session += 1;
  const sessionId = `session-${session}`;
  await gateway.open(sessionId, receiverOrderOf(scene, [pair]));
  const progress = await copy(scene, [pair], {
    ...{ sessionId, port: gateway.port },
    ...(tracker === undefined ? {} : { tracker }),
    ...(signal === undefined ? {} : { signal }),
  });
  return progress.volumes[0]?.readBytes ?? Number.NaN;
}

/** Past every cache. */
async function digestOf(path: string, flags = constants.O_RDONLY): Promise<string> {
  const hash = createHash("sha256");
  const file = await open(path, flags);
  const { alignedBuffer } = await import("./wire/aligned-buffer.ts");
  const buffer = alignedBuffer(MiB);
  for (let at = 0; at < sizeBytes; at += MiB) {
    await file.read(buffer, 0, MiB, at);
    hash.update(buffer);
  }
  await file.close();
  return hash.digest("hex");
}

/** To be called when nothing is mounted. */
async function expectEqual(): Promise<void> {
  const disk = await digestOf(device, constants.O_RDONLY | constants.O_DIRECT);
  expect(await digestOf(pair.volumePath)).toBe(disk);
}

describe.skipIf(!isRoot)(`change tracking${because}`, () => {
  test.each(["ext4", "xfs"])(
    "%s: after passes amid writes, the last one gives the disk, reading little of it",
    async (kind) => {
      await makeFileSystem(kind);
      await disturb(mountPoint, 30);
      const tracker = await track();
      expect([...tracker.untracked]).toEqual([]);

      const first = await sync(tracker);
      for (let pass = 0; pass < 3; pass += 1) {
        await Promise.all([sync(tracker), disturb(mountPoint, 25)]);
      }
      await sync(tracker);
      await disturb(mountPoint, 20, { trims: false });
      await tool("sync", ["-f", mountPoint]);
      const last = await sync(tracker);
      await tool("fsfreeze", ["-f", mountPoint]);
      const frozen = await sync(tracker);
      await tool("fsfreeze", ["-u", mountPoint]);
      // Unmounting writes once more.
      await tool("umount", [mountPoint]);
      await sync(tracker);
      const nothing = await sync(tracker);
      await tool("mount", ["-o", "ro,norecovery", device, mountPoint]).catch(() =>
        tool("mount", ["-o", "ro", device, mountPoint]),
      );
      await sync(tracker);

      expect(first).toBe(sizeBytes);
      expect(last).toBeLessThan(sizeBytes / 2);
      expect(frozen).toBeLessThan(sizeBytes / 8);
      expect(nothing).toBe(0);
      await expectEqual();
    },
    120_000,
  );

  test("without tracking the volume is the disk as well", async () => {
    await makeFileSystem("ext4");
    await sync(undefined);
    await disturb(mountPoint, 40);
    await tool("umount", [mountPoint]);

    const read = await sync(undefined);

    expect(read).toBe(sizeBytes);
    await expectEqual();
  }, 60_000);

  test("a buffer too small for the writes: the loss is noticed, said, and all blocks are compared", async () => {
    await makeFileSystem("ext4");
    const tracker = await track(4);
    await sync(tracker);
    // Many small requests at once, more than the kernel keeps between two looks.
    await tool("xfs_io", [
      ...["-d", "-f", "-c", "truncate 100m", "-c", "pwrite -q -b 4k -V 1 -Z 7 0 60m"],
      join(mountPoint, "big"),
    ]);
    await tool("umount", [mountPoint]);

    const pass = await tracker.begin("d", "v");
    pass.undone();
    const read = await sync(tracker);

    expect(pass.since).toBeUndefined();
    expect(pass.because).toMatch(/threw \d+ events away|LOST \d+ EVENTS/);
    expect(read).toBe(sizeBytes);
    const after = await sync(tracker);
    expect(after).toBeLessThan(sizeBytes / 10);
    await expectEqual();
  }, 60_000);

  test("a pass that was stopped leaves its changes to the next; one to another volume compares all", async () => {
    await makeFileSystem("ext4");
    const tracker = await track();
    await sync(tracker);
    await disturb(mountPoint, 30, { trims: false });
    await tool("umount", [mountPoint]);
    const stop = new AbortController();
    const stopping: Pick<Tracker, "begin"> = {
      async begin(diskId, volumeId) {
        const pass = await tracker.begin(diskId, volumeId);
        stop.abort();
        return pass;
      },
    };
    await expect(sync(stopping, stop.signal)).rejects.toMatchObject({ code: "sync.stopped" });
    await gateway.stop(`session-${session}`);
    const other = await tracker.begin("d", "another volume");
    other.undone();

    const read = await sync(tracker);

    expect(other.since).toBeUndefined();
    expect(read).toBeGreaterThan(0);
    expect(read).toBeLessThan(sizeBytes / 2);
    await expectEqual();
  }, 60_000);

  test("what was written on the volume by others is not taken for unchanged", async () => {
    await makeFileSystem("ext4");
    await disturb(mountPoint, 20);
    const tracker = await track();
    await sync(tracker);
    await tool("umount", [mountPoint]);
    await sync(tracker);
    const volume = await open(pair.volumePath, "r+");
    await volume.write(randomBytes(5000), 0, 5000, 10 * MiB);
    await volume.close();

    await sync(tracker);

    await expectEqual();
  }, 60_000);

  test("an agent that was killed: the next one compares all, and nothing of the first is left", async () => {
    await makeFileSystem("ext4");
    const tracker = await track();
    await sync(tracker);
    const code = `
      import { startTracker } from ${JSON.stringify(new URL("agent/tracking/tracker.ts", import.meta.url).href)};
      await startTracker([{ diskId: "d", path: ${JSON.stringify(device)}, sizeBytes: ${sizeBytes} }]);
      process.send("ready");
      setInterval(() => {}, 1000);
    `;
    const file = join(scene.folder, "agent.ts");
    await writeFile(file, code);
    const child = fork(file, { execArgv: [] });
    await once(child, "message");
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
    await disturb(mountPoint, 20);
    await tool("umount", [mountPoint]);

    const next = await track();
    const read = await sync(next);
    const left = await readdir("/sys/kernel/tracing/instances");

    expect(read).toBe(sizeBytes);
    expect(left).not.toContain(`hypermotion-agent-${child.pid}`);
    await expectEqual();
  }, 60_000);

  test("a disk that was unplugged and came back is compared anew", async () => {
    await makeFileSystem("ext4");
    const tracker = await track();
    await tool("umount", [mountPoint]);
    await sync(tracker);
    await tool("losetup", ["-d", device]);
    await tool("losetup", [device, join(scene.folder, "disk.img")]);
    await sleep(100);

    const pass = await tracker.begin("d", "v");

    expect(pass.since).toBeUndefined();
    expect(pass.because).toContain("unplugged");
  }, 60_000);
});

test("a disk image is not tracked, and that is said", async () => {
  const files = await makeScene();
  const path = join(files.folder, "disk.raw");
  await writeFile(path, "");
  await truncate(path, MiB);

  const tracker = await startTracker([{ diskId: "d", path, sizeBytes: MiB }]);
  const pass = await tracker.begin("d", "v");
  await tracker.close();

  expect(tracker.untracked.get("d")).toContain("not a block device");
  expect([pass.since, pass.because]).toEqual([undefined, expect.stringContaining("file")]);
  await rm(files.folder, { recursive: true });
});
