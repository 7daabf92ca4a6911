/** Another volume takes the place of the one that a copy goes to: never written to by the old one's map. */
import { execFileSync } from "node:child_process";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import {
  copy,
  makePair,
  makeScene,
  type Pair,
  receiverOrderOf,
  type Scene,
  sha256,
  startGateway,
  verify,
} from "./copy-harness.ts";
import { exampleDevice } from "./example-device.ts";
import type { DeviceFinder } from "./gateway/devices.ts";
import type { Receiver } from "./gateway/receiver.ts";
import { openRecordFolder } from "./gateway/record-folder.ts";
import { createSessions, type Sessions, sessionRecord } from "./gateway/sessions.ts";

const mib = 1024 * 1024;
const sizeBytes = 24 * mib;
const isRoot = process.getuid?.() === 0;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

interface Swap {
  scene: Scene;
  /** To the device's path. */
  pair: Pair;
  /** What the device showed at first, and what is put in its place. */
  rightPath: string;
  wrongPath: string;
  swap(): Promise<void>;
}

/** A real block device, without a serial, that can be given to another backing file. */
async function loopDevice(): Promise<Swap> {
  const scene = await makeScene();
  cleanups.push(() => scene[Symbol.asyncDispose]());
  const made = await makePair(scene, "a", sizeBytes, [{ offsetBytes: 0, lengthBytes: sizeBytes }]);
  const other = await makePair(scene, "b", sizeBytes, []);
  // One that nobody gets who asks for any: a test lets go of it and takes it again.
  const loop = "/dev/loop232";
  execFileSync("losetup", [loop, made.volumePath]);
  const backing = () =>
    execFileSync("losetup", ["--noheadings", "--output", "BACK-FILE", loop]).toString().trim();
  cleanups.push(() => execFileSync("losetup", ["--detach", loop]));
  return {
    scene,
    pair: { ...made, volumePath: loop },
    rightPath: made.volumePath,
    wrongPath: other.volumePath,
    async swap() {
      execFileSync("losetup", ["--detach", loop]);
      // Whoever has it open keeps it: the kernel lets go when the last one closes it.
      while (listedLoops().includes(loop)) await delay(20);
      execFileSync("losetup", [loop, other.volumePath]);
      expect(backing()).toBe(other.volumePath);
    },
  };
}

function listedLoops(): string[] {
  return execFileSync("losetup", ["--noheadings", "--list", "--output", "NAME"])
    .toString()
    .split(/\s+/);
}

async function gatewayOf(scene: Scene): Promise<Receiver> {
  const receiver = await startGateway(scene);
  cleanups.push(() => receiver.close());
  return receiver;
}

/** A copy whose agent goes away in the middle; the session stays. */
async function copyHalf(scene: Scene, pair: Pair, receiver: Receiver): Promise<void> {
  const away = new AbortController();
  const copying = copy(scene, [pair], {
    sessionId: "s1",
    port: receiver.port,
    rate: 8 * mib,
    signal: away.signal,
    onProgress: ({ volumes }) => {
      if ((volumes[0]?.doneBytes ?? 0) >= 4 * mib) away.abort();
    },
  });
  await expect(copying).rejects.toMatchObject({ code: "sync.stopped" });
  for (;;) {
    const state = receiver.state("s1");
    if (state?.state === "running" && state.progress.waitingForAgent) return;
    await delay(20);
  }
}

const zerosSha = async (path: string) => {
  const zeros = `${path}.zeros`;
  await writeFile(zeros, Buffer.alloc(sizeBytes));
  return sha256(zeros, sizeBytes);
};

const suite = isRoot ? describe : describe.skip;

suite("another volume at the same device (skipped when not root: loop devices)", () => {
  test("is refused to an agent that comes back, and at both sides", async () => {
    const { scene, pair, wrongPath, swap } = await loopDevice();
    const receiver = await gatewayOf(scene);
    await receiver.open("s1", receiverOrderOf(scene, [pair]));
    await copyHalf(scene, pair, receiver);

    await swap();
    const again = copy(scene, [pair], { sessionId: "s1", port: receiver.port });

    const facts = {
      code: "volume.swapped",
      params: {
        volume: "volume-a",
        was: expect.stringMatching(/^no serial \(disk \d+/),
        is: expect.stringMatching(/^no serial \(disk \d+/),
      },
    };
    await expect(again).rejects.toMatchObject(facts);
    expect(await receiver.waitForEnd("s1")).toMatchObject({ state: "failed", error: facts });
    expect(await sha256(wrongPath, sizeBytes)).toBe(await zerosSha(wrongPath));
  });

  test("is refused by a gateway that takes its session up after a restart", async () => {
    const { scene, pair, wrongPath, swap } = await loopDevice();
    const first = await startGateway(scene);
    await first.open("s1", receiverOrderOf(scene, [pair]));
    await copyHalf(scene, pair, first);
    await first.close();

    await swap();
    const second = await gatewayOf(scene);

    await expect(second.open("s1", receiverOrderOf(scene, [pair]))).rejects.toMatchObject({
      code: "volume.swapped",
    });
    expect(await sha256(wrongPath, sizeBytes)).toBe(await zerosSha(wrongPath));
  });

  test("between two sessions is read anew, and nothing is taken for known", async () => {
    const { scene, pair, wrongPath, swap } = await loopDevice();
    const receiver = await gatewayOf(scene);
    await receiver.open("s1", receiverOrderOf(scene, [pair]));
    await copy(scene, [pair], { sessionId: "s1", port: receiver.port });

    await swap();
    await receiver.open("s2", receiverOrderOf(scene, [pair]));
    const { volumes } = await copy(scene, [pair], { sessionId: "s2", port: receiver.port });

    expect(volumes[0]?.changedBytes).toBe(sizeBytes);
    expect(await sha256(wrongPath, sizeBytes)).toBe(await sha256(pair.diskPath, sizeBytes));
  });

  test("found by its serial is known again wherever it is attached, and by another serial is refused", async () => {
    const { scene, pair, rightPath } = await loopDevice();
    const orderFor = (path: string, serial: string) => {
      const order = receiverOrderOf(scene, [{ ...pair, volumePath: path }]);
      return { ...order, volumes: order.volumes.map((volume) => ({ ...volume, serial })) };
    };
    const receiver = await gatewayOf(scene);
    await receiver.open("s1", orderFor(pair.volumePath, "vol-a"));
    await copy(scene, [pair], { sessionId: "s1", port: receiver.port });
    const elsewhere = execFileSync("losetup", ["--find", "--show", rightPath]).toString().trim();
    cleanups.push(() => execFileSync("losetup", ["--detach", elsewhere]));

    await receiver.open("s2", orderFor(elsewhere, "vol-a"));
    const { volumes } = await copy(scene, [pair], { sessionId: "s2", port: receiver.port });

    expect(volumes[0]?.changedBytes).toBe(0);
    await expect(receiver.open("s3", orderFor(elsewhere, "vol-b"))).rejects.toMatchObject({
      code: "volume.swapped",
      params: { volume: "volume-a", was: "vol-a", is: "vol-b" },
    });
  });

  test("is not verified under another serial, and wherever it is attached under its own", async () => {
    const { scene, pair, rightPath } = await loopDevice();
    const receiver = await gatewayOf(scene);
    const order = receiverOrderOf(scene, [pair]);
    const volumes = order.volumes.map((volume) => ({ ...volume, serial: "vol-a" }));
    await receiver.open("s1", { ...order, volumes });
    await copy(scene, [pair], { sessionId: "s1", port: receiver.port });
    const elsewhere = execFileSync("losetup", ["--find", "--show", rightPath]).toString().trim();
    cleanups.push(() => execFileSync("losetup", ["--detach", elsewhere]));
    const verifyAs = (serial: string) =>
      verify(receiver, { ...pair, volumePath: elsewhere, serial });

    const verified = await verifyAs("vol-a");

    expect(verified).toMatchObject({ comparedBytes: sizeBytes, differences: { blocks: 0 } });
    await expect(verifyAs("vol-b")).rejects.toMatchObject({
      code: "volume.swapped",
      params: { volume: "volume-a", was: "vol-a", is: "vol-b" },
    });
  });

  test("without a serial is told by what it holds when it is verified", async () => {
    const { scene, pair, swap } = await loopDevice();
    const receiver = await gatewayOf(scene);
    await receiver.open("s1", receiverOrderOf(scene, [pair]));
    await copy(scene, [pair], { sessionId: "s1", port: receiver.port });

    await swap();
    const verified = await verify(receiver, pair);

    expect(verified.differences.blocks).toBe(sizeBytes / (64 * 1024));
  });

  test("makes the daemon report the session as failed, by a LUN that shows another disk now", async () => {
    const { scene, pair, wrongPath, swap } = await loopDevice();
    const listed = exampleDevice("sdb", { path: pair.volumePath, sizeBytes, hctl: "0:0:0:3" });
    const finder: DeviceFinder = {
      gatewayId: "gateway-1",
      bootId: "boot-1",
      volumeRoot: undefined,
      listBlockDevices: async () => ({
        devices: [listed],
        problem: undefined,
      }),
      listLinks: async () => new Map(),
    };
    const first = await startGateway(scene);
    const before = sessionsOf(scene, first, finder);
    const { volumes, ...order } = receiverOrderOf(scene, [pair]);
    await before.open("s1", {
      ...order,
      volumes: volumes.map(({ path: _, ...volume }) => ({
        ...volume,
        device: { by: "lun" as const, lun: 3 },
      })),
      // Nobody is there; the reports are tried again for ever.
      callback: { url: "https://127.0.0.1:1/", consoleFingerprint: "0".repeat(64) },
    });
    await copyHalf(scene, pair, first);
    await before.close();
    await first.close();

    await swap();
    const second = await gatewayOf(scene);
    const after = sessionsOf(scene, second, finder);
    cleanups.push(() => after.close());
    await after.resume();
    while (after.get("s1").state === "running") await delay(20);

    expect(after.get("s1")).toMatchObject({ state: "failed", error: { code: "volume.swapped" } });
    expect(await sha256(wrongPath, sizeBytes)).toBe(await zerosSha(wrongPath));
  });
});

function sessionsOf(scene: Scene, receiver: Receiver, finder: DeviceFinder): Sessions {
  return createSessions({
    receiver,
    records: openRecordFolder(join(scene.folder, "records"), sessionRecord),
    finder,
    bootId: "boot-1",
    log: scene.log,
    heartbeatMs: 1000,
    agentLostMs: 600_000,
    deviceWaitMs: 1000,
    now: () => new Date(),
  });
}

test("another file at the same path is not verified, and the volume's own is as it was", async () => {
  const scene = await makeScene();
  cleanups.push(() => scene[Symbol.asyncDispose]());
  const pair = await makePair(scene, "a", sizeBytes, [{ offsetBytes: 0, lengthBytes: sizeBytes }]);
  const other = await makePair(scene, "b", sizeBytes, []);
  const receiver = await gatewayOf(scene);
  await receiver.open("s1", receiverOrderOf(scene, [pair]));
  await copy(scene, [pair], { sessionId: "s1", port: receiver.port });
  const aside = `${pair.volumePath}.aside`;
  await rename(pair.volumePath, aside);
  await rename(other.volumePath, pair.volumePath);

  await expect(verify(receiver, pair)).rejects.toMatchObject({
    code: "volume.swapped",
    params: { volume: "volume-a" },
  });
  await rename(aside, pair.volumePath);

  expect(await verify(receiver, pair)).toMatchObject({
    comparedBytes: sizeBytes,
    differences: { blocks: 0 },
  });
});

test("another file at the same path is refused to an agent that comes back", async () => {
  const scene = await makeScene();
  cleanups.push(() => scene[Symbol.asyncDispose]());
  const pair = await makePair(scene, "a", sizeBytes, [{ offsetBytes: 0, lengthBytes: sizeBytes }]);
  const other = await makePair(scene, "b", sizeBytes, []);
  const receiver = await gatewayOf(scene);
  await receiver.open("s1", receiverOrderOf(scene, [pair]));
  await copyHalf(scene, pair, receiver);

  await rename(other.volumePath, pair.volumePath);
  const again = copy(scene, [pair], { sessionId: "s1", port: receiver.port });

  await expect(again).rejects.toMatchObject({ code: "volume.swapped" });
  expect(await sha256(pair.volumePath, sizeBytes)).toBe(await zerosSha(pair.volumePath));
});
