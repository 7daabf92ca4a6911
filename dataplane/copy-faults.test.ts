import { execFileSync } from "node:child_process";
import { mkdir, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
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
} from "./copy-harness.ts";

const mib = 1024 * 1024;
const isRoot = process.getuid?.() === 0;
const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function copyWith(scene: Scene, pair: Pair, midway: () => Promise<void>) {
  const receiver = await startGateway(scene);
  cleanups.push(() => receiver.close());
  await receiver.open("s1", receiverOrderOf(scene, [pair]));
  let isMidway = false;
  const copying = copy(scene, [pair], {
    sessionId: "s1",
    port: receiver.port,
    rate: 8 * mib,
    onProgress: ({ volumes }) => {
      if (isMidway || (volumes[0]?.doneBytes ?? 0) < 4 * mib) return;
      isMidway = true;
      void midway();
    },
  });
  const error = await copying.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { error, end: await receiver.waitForEnd("s1") };
}

describe("both sides name the fault", () => {
  test("when the disk shrinks", async () => {
    await using scene = await makeScene();
    const pair = await makePair(scene, "a", 48 * mib, [{ offsetBytes: 0, lengthBytes: 48 * mib }]);

    const { error, end } = await copyWith(scene, pair, () => truncate(pair.diskPath, mib));

    expect(error).toMatchObject({
      code: "disk.shrunk",
      params: { isBytes: mib, wasBytes: 48 * mib },
    });
    expect(end).toMatchObject({
      state: "failed",
      error: { code: "disk.shrunk", params: { disk: "disk-a" } },
    });
  });

  test("when the disk vanishes", async () => {
    await using scene = await makeScene();
    const pair = await makePair(scene, "a", 48 * mib, [{ offsetBytes: 0, lengthBytes: 48 * mib }]);

    const { error, end } = await copyWith(scene, pair, () => rm(pair.diskPath));

    expect(error).toMatchObject({ code: "disk.vanished" });
    expect(end).toMatchObject({ state: "failed", error: { code: "disk.vanished" } });
  });

  test.skipIf(!isRoot)(
    "when no room is left at the gateway, and the copy goes on when there is (skipped when not root: mounts a small tmpfs)",
    async () => {
      await using scene = await makeScene();
      const small = join(scene.folder, "small");
      await mkdir(small);
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=80m", "tmpfs", small]);
      // Before the scene's folder is removed.
      using _mounted = { [Symbol.dispose]: () => execFileSync("umount", ["-l", small]) };
      const made = await makePair(scene, "a", 128 * mib, [
        { offsetBytes: 0, lengthBytes: 128 * mib },
      ]);
      const pair = { ...made, volumePath: join(small, "volume") };
      execFileSync("truncate", ["-s", String(pair.sizeBytes), pair.volumePath]);
      const receiver = await startGateway(scene);
      cleanups.push(() => receiver.close());
      await receiver.open("s1", receiverOrderOf(scene, [pair]));

      const full = copy(scene, [pair], { sessionId: "s1", port: receiver.port });
      await expect(full).rejects.toMatchObject({ code: "gateway.disk-full" });
      const end = await receiver.waitForEnd("s1");
      execFileSync("mount", ["-o", "remount,size=200m", small]);
      await receiver.open("s2", receiverOrderOf(scene, [pair]));
      const progress = await copy(scene, [pair], { sessionId: "s2", port: receiver.port });

      expect(end).toMatchObject({
        state: "failed",
        error: { code: "gateway.disk-full", params: { volume: "volume-a" } },
      });
      expect(progress.volumes[0]?.changedBytes).toBeLessThan(100 * mib);
      expect(await sha256(pair.volumePath, pair.sizeBytes)).toBe(
        await sha256(pair.diskPath, pair.sizeBytes),
      );
    },
  );
});
