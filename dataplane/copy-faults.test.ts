import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, rm, truncate } from "node:fs/promises";
import { connect as connectTcp } from "node:net";
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
import { closed, dial, hello } from "./raw-agent.ts";
import {
  encodeDataHead,
  encodeFrame,
  encodeOpenRange,
  frameType,
  headerBytes,
} from "./wire/frames.ts";
import { blockBytes } from "./wire/geometry.ts";
import { createIdentity } from "./wire/identity.ts";

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

function rawFrame(length: number, type: number): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32BE(length, 0);
  header.writeUInt8(type, 4);
  return header;
}

describe("a receiver that gets hostile bytes closes that connection, says so once, and serves the others", () => {
  const greeted: [string, () => Buffer, string][] = [
    ["a length beyond its type's limit", () => rawFrame(0xffffffff, frameType.data), "at most"],
    ["an unknown type", () => rawFrame(4, 200), "unknown type"],
    ["a second hello", () => hello("s1"), "second hello"],
    [
      "a range that is not there",
      () => encodeOpenRange({ volume: 0, range: 5 }),
      "which ends before",
    ],
    ["a volume that is not there", () => encodeOpenRange({ volume: 9, range: 0 }), "did not name"],
    [
      "blocks of a range that is not open",
      () => {
        const head = {
          volume: 0,
          range: 0,
          firstBlock: 0,
          count: 1,
          encoding: 0,
          rawBytes: blockBytes,
        };
        return Buffer.concat([
          encodeDataHead(head, Buffer.alloc(16), blockBytes),
          Buffer.alloc(blockBytes),
        ]);
      },
      "not open",
    ],
    [
      "a status that is not JSON",
      () => encodeFrame(frameType.status, Buffer.from("{")),
      "not JSON",
    ],
  ];

  test.each(greeted)("after the welcome: %s", async (_, bytes, said) => {
    await using scene = await makeScene();
    const pair = await makePair(scene, "a", mib, [{ offsetBytes: 0, lengthBytes: mib }]);
    const receiver = await startGateway(scene);
    cleanups.push(() => receiver.close());
    await receiver.open("s1", receiverOrderOf(scene, [pair]));
    const socket = await dial(scene.agent, receiver.port);
    socket.write(hello("s1"));
    await once(socket, "data");

    socket.resume();
    socket.write(bytes());
    await closed(socket);

    expect(scene.logged.filter((line) => line.includes(said))).toHaveLength(1);
    expect(receiver.state("s1")?.state).toBe("running");
    await copy(scene, [pair], { sessionId: "s1", port: receiver.port });
    expect(await sha256(pair.volumePath, pair.sizeBytes)).toBe(
      await sha256(pair.diskPath, pair.sizeBytes),
    );
  });

  test("before the welcome: garbage, a frame that never ends, no TLS at all, a stranger", async () => {
    await using scene = await makeScene();
    const pair = await makePair(scene, "a", mib, [{ offsetBytes: 0, lengthBytes: mib }]);
    const receiver = await startGateway(scene);
    cleanups.push(() => receiver.close());
    await receiver.open("s1", receiverOrderOf(scene, [pair]));

    const garbage = await dial(scene.agent, receiver.port);
    garbage.write(Buffer.alloc(100_000, 0x5a));
    await closed(garbage);
    const truncated = await dial(scene.agent, receiver.port);
    truncated.end(hello("s1").subarray(0, 20));
    await closed(truncated);
    const early = await dial(scene.agent, receiver.port);
    early.write(Buffer.concat([hello("s1"), encodeOpenRange({ volume: 0, range: 0 })]));
    await closed(early);
    const plain = connectTcp(receiver.port, "127.0.0.1");
    plain.on("error", () => plain.destroy());
    plain.write("GET / HTTP/1.1\r\n\r\n");
    await closed(plain);
    const stranger = await dial(await createIdentity("stranger"), receiver.port);
    let heard = 0;
    stranger.on("data", (chunk: Buffer) => {
      heard += chunk.length;
    });
    stranger.write(hello("s1"));
    await closed(stranger);
    await copy(scene, [pair], { sessionId: "s1", port: receiver.port });

    expect(heard).toBe(0);
    expect(receiver.state("s1")?.state).toBe("done");
    for (const said of [
      "unknown type 90",
      "inside a frame",
      'unknown type 2"',
      "no TLS 1.3",
      "belongs to no session",
    ]) {
      expect(
        scene.logged.filter((line) => line.includes(said)),
        said,
      ).toHaveLength(1);
    }
  });
});
