import { execFileSync } from "node:child_process";
import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { type Limits, noLimits } from "#domain/copy-limits.ts";
import {
  copy,
  makePair,
  makeScene,
  receiverOrderOf,
  scribble,
  sha256,
  startGateway,
  verify,
} from "./copy-harness.ts";
import { BlockMap } from "./gateway/receiving/block-map.ts";
import { BlockMaps } from "./gateway/receiving/maps.ts";
import { createIdentity } from "./wire/identity.ts";

const mib = 1024 * 1024;
const block = 64 * 1024;

function loopDevice(path: string) {
  const device = execFileSync("losetup", ["--find", "--show", path], { encoding: "utf8" }).trim();
  return { path: device, [Symbol.dispose]: () => execFileSync("losetup", ["--detach", device]) };
}

describe("a copy", () => {
  test("of several disks of odd sizes equals them, and zeros take no room on a fresh volume", async () => {
    await using scene = await makeScene();
    const pairs = [
      await makePair(scene, "a", 150 * mib + 777, [
        { offsetBytes: 0, lengthBytes: 5 * mib },
        { offsetBytes: 70 * mib + 13, lengthBytes: 3 * mib },
        { offsetBytes: 150 * mib, lengthBytes: 777 },
      ]),
      await makePair(scene, "b", 3 * block, [{ offsetBytes: block, lengthBytes: block }]),
      await makePair(scene, "c", 511, [{ offsetBytes: 0, lengthBytes: 511 }]),
      await makePair(scene, "d", 65 * mib, []),
    ];
    const receiver = await startGateway(scene);
    await receiver.open("s1", receiverOrderOf(scene, pairs));

    const progress = await copy(scene, pairs, { sessionId: "s1", port: receiver.port });
    const state = await receiver.waitForEnd("s1");
    const verified = await Promise.all(pairs.map((pair) => verify(receiver, pair)));
    await receiver.close();

    expect(state.state).toBe("done");
    for (const [index, pair] of pairs.entries()) {
      const whole = await sha256(pair.diskPath, pair.sizeBytes);
      expect(await sha256(pair.volumePath, pair.sizeBytes)).toBe(whole);
      expect(verified[index]).toMatchObject({ sha256: whole, differences: { blocks: 0 } });
      expect(progress.volumes[index]).toMatchObject({
        doneBytes: pair.sizeBytes,
        totalBytes: pair.sizeBytes,
      });
      if (state.state === "done") {
        expect(state.result.volumes[index]?.rootHash).toBe(verified[index]?.rootHash);
      }
    }
    expect((await stat(pairs[0]?.volumePath ?? "")).blocks * 512).toBeLessThan(10 * mib);
    expect((await stat(pairs[3]?.volumePath ?? "")).blocks).toBe(0);
  });

  test("that is repeated sends only the blocks that changed, also those that became zeros", async () => {
    await using scene = await makeScene();
    const pair = await makePair(scene, "a", 130 * mib, [
      { offsetBytes: 0, lengthBytes: 130 * mib },
    ]);
    const receiver = await startGateway(scene);
    await receiver.open("first", receiverOrderOf(scene, [pair]));
    await copy(scene, [pair], { sessionId: "first", port: receiver.port });
    await scribble(pair.diskPath, 10 * mib + 5, 100);
    await scribble(pair.diskPath, 100 * mib, 2 * block);
    const zeros = Buffer.alloc(3 * block);
    const disk = await open(pair.diskPath, "r+");
    await disk.write(zeros, 0, zeros.length, 50 * mib);
    await disk.close();

    await receiver.open("second", receiverOrderOf(scene, [pair]));
    const progress = await copy(scene, [pair], { sessionId: "second", port: receiver.port });
    await receiver.close();

    expect(progress.volumes[0]).toMatchObject({ changedBytes: 6 * block, writtenBytes: 6 * block });
    expect(progress.volumes[0]?.sentBytes).toBeLessThan(3 * block + 130 * mib * 0.001);
    expect(await sha256(pair.volumePath, pair.sizeBytes)).toBe(
      await sha256(pair.diskPath, pair.sizeBytes),
    );
  });

  test("heals what others wrote to the volume since the last copy", async () => {
    await using scene = await makeScene();
    const pair = await makePair(scene, "a", 2 * mib, [{ offsetBytes: 0, lengthBytes: 2 * mib }]);
    const receiver = await startGateway(scene);
    await receiver.open("first", receiverOrderOf(scene, [pair]));
    await copy(scene, [pair], { sessionId: "first", port: receiver.port });
    await scribble(pair.volumePath, mib + 1, 5);

    await receiver.open("second", receiverOrderOf(scene, [pair]));
    const progress = await copy(scene, [pair], { sessionId: "second", port: receiver.port });
    await receiver.close();

    expect(progress.volumes[0]?.changedBytes).toBe(block);
    expect(await sha256(pair.volumePath, pair.sizeBytes)).toBe(
      await sha256(pair.diskPath, pair.sizeBytes),
    );
  });

  test("finds what a killed gateway left half written, even where the source has its old content again", async () => {
    await using scene = await makeScene();
    const pair = await makePair(scene, "a", 2 * mib, [{ offsetBytes: 0, lengthBytes: 2 * mib }]);
    const first = await startGateway(scene);
    await first.open("first", receiverOrderOf(scene, [pair]));
    await copy(scene, [pair], { sessionId: "first", port: first.port });
    await first.close();
    // As a gateway leaves it that is killed between a write and the end of the range.
    const maps = new BlockMaps(join(scene.folder, "state", "maps"), "gateway-1");
    await maps.ensure({ ...pair, path: pair.volumePath }, false);
    const map = await BlockMap.find(maps.pathOf(pair.volumeId));
    await map?.markOpen(0);
    await map?.close();
    await scribble(pair.volumePath, mib, block);

    const second = await startGateway(scene);
    await second.open("second", receiverOrderOf(scene, [pair]));
    const progress = await copy(scene, [pair], { sessionId: "second", port: second.port });
    await second.close();

    expect(progress.volumes[0]?.changedBytes).toBe(block);
    expect(await sha256(pair.volumePath, pair.sizeBytes)).toBe(
      await sha256(pair.diskPath, pair.sizeBytes),
    );
  });

  test.skipIf(process.getuid?.() !== 0)(
    "from one block device to another equals it (skipped when not root: makes loop devices)",
    async () => {
      await using scene = await makeScene();
      const files = await makePair(scene, "a", 80 * mib + 512 * 3, [
        { offsetBytes: 0, lengthBytes: 3 * mib },
        { offsetBytes: 80 * mib, lengthBytes: 512 * 3 },
      ]);
      using disk = loopDevice(files.diskPath);
      using volume = loopDevice(files.volumePath);
      const pair = { ...files, diskPath: disk.path, volumePath: volume.path };
      const receiver = await startGateway(scene);
      await receiver.open("s1", receiverOrderOf(scene, [pair]));
      await copy(scene, [pair], { sessionId: "s1", port: receiver.port });
      // Behind the device's back, as a mounted file system writes: its cached pages know nothing of it.
      await scribble(files.diskPath, 40 * mib, block);

      await receiver.open("s2", receiverOrderOf(scene, [pair]));
      const progress = await copy(scene, [pair], { sessionId: "s2", port: receiver.port });
      const verified = await verify(receiver, pair);
      await receiver.close();

      expect(progress.volumes[0]?.changedBytes).toBe(block);
      expect(verified).toMatchObject({
        differences: { blocks: 0 },
        sha256: await sha256(files.diskPath, files.sizeBytes),
      });
    },
  );

  test("to a volume full of garbage writes the zeros too", async () => {
    await using scene = await makeScene();
    const pair = await makePair(scene, "a", 70 * mib + 1000, [
      { offsetBytes: 8 * mib, lengthBytes: mib },
    ]);
    await scribble(pair.volumePath, 0, 20 * mib);
    await scribble(pair.volumePath, 70 * mib, 1000);
    const receiver = await startGateway(scene);
    await receiver.open("s1", receiverOrderOf(scene, [pair]));

    await copy(scene, [pair], { sessionId: "s1", port: receiver.port });
    await receiver.close();

    expect(await sha256(pair.volumePath, pair.sizeBytes)).toBe(
      await sha256(pair.diskPath, pair.sizeBytes),
    );
  });

  test("keeps to its rate limit", async () => {
    await using scene = await makeScene();
    const pair = await makePair(scene, "a", 8 * mib, [{ offsetBytes: 0, lengthBytes: 8 * mib }]);
    const receiver = await startGateway(scene);
    await receiver.open("s1", receiverOrderOf(scene, [pair]));

    await copy(scene, [pair], { sessionId: "s1", port: receiver.port, rate: 4 * mib });
    const state = await receiver.waitForEnd("s1");
    await receiver.close();

    // Never faster; how much slower is the machine's affair.
    expect(state.state === "done" && state.result.seconds).toBeGreaterThan(1.7);
  });

  test("limits that change hold at once: paused it stands still, then it goes on where it was (S-25)", async () => {
    await using scene = await makeScene();
    const pair = await makePair(scene, "a", 96 * mib, [{ offsetBytes: 0, lengthBytes: 96 * mib }]);
    const receiver = await startGateway(scene);
    await receiver.open("s1", receiverOrderOf(scene, [pair]));
    let limits: Limits = { ...noLimits, rateBytesPerSecond: 2 * mib };
    let sent = 0;
    const copying = copy(scene, [pair], {
      ...{ sessionId: "s1", port: receiver.port, limits: () => limits },
      onProgress: ({ volumes }) => {
        sent = volumes[0]?.sentBytes ?? 0;
      },
    });
    const atLeast = async (bytes: number) => {
      while (sent < bytes) await sleep(50);
    };

    await atLeast(mib);
    limits = { ...noLimits, paused: true };
    // What is on its way still leaves.
    await sleep(1500);
    const stood = sent;
    await sleep(1500);
    const after = sent;
    limits = noLimits;
    const progress = await copying;
    await receiver.close();

    expect(after).toBe(stood);
    expect(stood).toBeLessThan(40 * mib);
    // Nothing twice: what was sent before the pause counts.
    expect(progress.volumes[0]?.sentBytes).toBeLessThan(97 * mib);
    expect(await sha256(pair.volumePath, pair.sizeBytes)).toBe(
      await sha256(pair.diskPath, pair.sizeBytes),
    );
  }, 60_000);

  test("with a certificate that no session knows gets nothing and goes on knocking", async () => {
    await using scene = await makeScene();
    const pair = await makePair(scene, "a", mib, [{ offsetBytes: 0, lengthBytes: mib }]);
    const receiver = await startGateway(scene);
    await receiver.open("s1", receiverOrderOf(scene, [pair]));

    const stranger = await createIdentity("stranger");
    const signal = AbortSignal.timeout(1500);
    const refused = copy(scene, [pair], {
      sessionId: "s1",
      port: receiver.port,
      identity: stranger,
      signal,
    });

    await expect(refused).rejects.toMatchObject({ code: "sync.stopped" });
    expect(receiver.state("s1")).toMatchObject({
      state: "running",
      progress: { waitingForAgent: true },
    });
    await receiver.close();
    expect(scene.logged.some((line) => line.includes(stranger.fingerprint))).toBe(true);
  });

  test("stops when the gateway is not the one that the order names", async () => {
    await using scene = await makeScene();
    const pair = await makePair(scene, "a", mib, []);
    const receiver = await startGateway(scene);
    await receiver.open("s1", receiverOrderOf(scene, [pair]));
    const other = { ...scene, gateway: await createIdentity("other") };

    const refused = copy(other, [pair], { sessionId: "s1", port: receiver.port });

    await expect(refused).rejects.toMatchObject({ code: "auth.wrong-certificate" });
    await receiver.close();
  });
});

describe("a receiver", () => {
  test("refuses a second session for a volume that is being written, and a volume that is too small", async () => {
    await using scene = await makeScene();
    const pair = await makePair(scene, "a", mib, []);
    const receiver = await startGateway(scene);
    await receiver.open("s1", receiverOrderOf(scene, [pair]));

    await receiver.open("s1", receiverOrderOf(scene, [pair]));
    const second = receiver.open("s2", receiverOrderOf(scene, [pair]));
    const large = receiver.open(
      "s3",
      receiverOrderOf(scene, [
        { ...pair, volumeId: "x", volumePath: `${pair.diskPath}`, sizeBytes: 2 * mib },
      ]),
    );

    await expect(second).rejects.toMatchObject({ code: "volume.in-use" });
    await expect(large).rejects.toMatchObject({ code: "volume.too-small" });
    await receiver.close();
  });

  test("remembers after a restart what was done, and lets a stopped session be stopped", async () => {
    await using scene = await makeScene();
    const pair = await makePair(scene, "a", mib, [{ offsetBytes: 0, lengthBytes: mib }]);
    const first = await startGateway(scene);
    await first.open("s1", receiverOrderOf(scene, [pair]));
    await copy(scene, [pair], { sessionId: "s1", port: first.port });
    await first.open("s2", receiverOrderOf(scene, [pair]));
    await first.stop("s2");
    await first.close();

    const second = await startGateway(scene);
    const again = await copy(scene, [pair], { sessionId: "s1", port: second.port });
    const stopped = copy(scene, [pair], { sessionId: "s2", port: second.port });

    await expect(stopped).rejects.toMatchObject({ code: "sync.stopped" });
    expect(second.state("s1")?.state).toBe("done");
    expect(second.state("s2")?.state).toBe("stopped");
    expect(again.volumes[0]?.sentBytes).toBe(0);
    await second.forget(pair.volumeId);
    expect(second.sessions()).toEqual([]);
    await second.close();
  });

  test("notices a volume that was written by somebody else", async () => {
    await using scene = await makeScene();
    const pair = await makePair(scene, "a", 3 * mib, [{ offsetBytes: 0, lengthBytes: 3 * mib }]);
    const receiver = await startGateway(scene);
    await receiver.open("s1", receiverOrderOf(scene, [pair]));
    await copy(scene, [pair], { sessionId: "s1", port: receiver.port });
    await scribble(pair.volumePath, 2 * mib + 17, 3);

    const verified = await verify(receiver, pair);

    await receiver.close();
    expect(verified).toMatchObject({
      differences: { blocks: 1, extents: [{ offsetBytes: 2 * mib }] },
    });
  });
});
