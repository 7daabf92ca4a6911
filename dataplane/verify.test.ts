/** A volume is read again: damage is named block by block, healed by the next sync, and a source is compared. */
import { execFile } from "node:child_process";
import { open, readdir, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { startTracker, type Tracker } from "./agent/tracking/tracker.ts";
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
  verify,
} from "./copy-harness.ts";
import { FaultyLine } from "./faulty-line.ts";
import type { Receiver } from "./gateway/receiver.ts";

const kib = 1024;
const mib = 1024 * kib;
const block = 64 * kib;
const isRoot = process.getuid?.() === 0;
const because = isRoot ? "" : " (skipped: needs root, for loop devices and tracefs)";
const tool = promisify(execFile);

/** The image as a block device, until the stack unwinds. */
async function loopDevice(stack: AsyncDisposableStack, image: string): Promise<string> {
  const device = (await tool("losetup", ["--show", "-f", image])).stdout.trim();
  stack.defer(() => tool("losetup", ["-d", device]).then(() => undefined));
  return device;
}

async function pass(
  scene: Scene,
  receiver: Receiver,
  pair: Pair,
  sessionId: string,
  options: { mode?: "delta" | "compare"; tracker?: Pick<Tracker, "begin"> } = {},
) {
  const { mode = "delta" } = options;
  await receiver.open(sessionId, receiverOrderOf(scene, [pair], mode));
  await copy(scene, [pair], { ...options, mode, sessionId, port: receiver.port });
  const state = await receiver.waitForEnd(sessionId);
  if (state.state !== "done") throw new Error(`${sessionId} ${state.state}`);
  const [volume] = state.result.volumes;
  if (volume === undefined) throw new Error("a session without its volume");
  return volume;
}

describe("damage on a volume", () => {
  test.skipIf(!isRoot).each([true, false])(
    `on a block device is named, healed by the next sync and then gone, changes tracked: %s${because}`,
    async (isTracked) => {
      await using stack = new AsyncDisposableStack();
      const scene = stack.use(await makeScene());
      const files = await makePair(scene, "a", 200 * mib, [
        { offsetBytes: 0, lengthBytes: 9 * mib },
        { offsetBytes: 130 * mib, lengthBytes: 20 * mib },
      ]);
      const pair = {
        ...files,
        diskPath: await loopDevice(stack, files.diskPath),
        volumePath: await loopDevice(stack, files.volumePath),
      };
      const tracker = isTracked
        ? await startTracker([{ ...pair, path: pair.diskPath }])
        : undefined;
      if (tracker !== undefined) stack.defer(() => tracker.close());
      const tracking = tracker === undefined ? {} : { tracker };
      const receiver = await startGateway(scene);
      stack.defer(() => receiver.close());
      const first = await pass(scene, receiver, pair, "s1", tracking);
      // Neither lets the gateway nor the agent know: a bit rots, or somebody mounts the volume.
      await scribble(pair.volumePath, 3 * mib + 5, 7);
      await scribble(pair.volumePath, 131 * mib, 2 * block);
      await scribble(pair.volumePath, 199 * mib, 512);

      const damaged = await verify(receiver, pair);
      await receiver.distrust(damaged);
      const marked = await verify(receiver, pair);
      const healing = await pass(scene, receiver, pair, "s2", tracking);
      const healed = await verify(receiver, pair);

      expect(damaged.differences).toEqual({
        ...{ blocks: 4, bytes: 4 * block, extentCount: 3 },
        extents: [
          { offsetBytes: 3 * mib, lengthBytes: block },
          { offsetBytes: 131 * mib, lengthBytes: 2 * block },
          { offsetBytes: 199 * mib, lengthBytes: block },
        ],
      });
      expect(damaged.comparedBytes).toBe(pair.sizeBytes);
      expect(damaged.rootHash).not.toBe(first.rootHash);
      // What is to be read anew claims nothing, and the root still tells.
      expect(marked.differences.blocks).toBe(0);
      expect(marked.comparedBytes).toBeLessThan(pair.sizeBytes);
      expect(marked.rootHash).toBe(damaged.rootHash);
      expect(healing).toMatchObject({ writtenBytes: 4 * block, changedBytes: 4 * block });
      expect(healed).toMatchObject({
        ...{ rootHash: first.rootHash, comparedBytes: pair.sizeBytes, differences: { blocks: 0 } },
        sha256: await sha256(files.diskPath, pair.sizeBytes),
      });
    },
    60_000,
  );

  test("in more places than are listed is counted, and all of it is healed", async () => {
    await using stack = new AsyncDisposableStack();
    const scene = stack.use(await makeScene());
    const pair = await makePair(scene, "a", 4 * mib, [{ offsetBytes: 0, lengthBytes: 4 * mib }]);
    const receiver = await startGateway(scene);
    stack.defer(() => receiver.close());
    await pass(scene, receiver, pair, "s1");
    for (const at of [1, 5, 9, 13]) await scribble(pair.volumePath, at * block, 16);

    const damaged = await verify(receiver, pair, 2);
    await receiver.distrust(damaged);
    const healing = await pass(scene, receiver, pair, "s2");

    expect(damaged.differences).toMatchObject({ blocks: 4, extentCount: 4 });
    expect(damaged.differences.extents).toHaveLength(2);
    expect(healing.writtenBytes).toBe(4 * block);
    expect((await verify(receiver, pair)).differences.blocks).toBe(0);
  });
});

describe("a volume that is being verified", () => {
  test("is not opened for a copy, and one that is being copied is not verified", async () => {
    await using stack = new AsyncDisposableStack();
    const scene = stack.use(await makeScene());
    const pair = await makePair(scene, "a", mib, []);
    const receiver = await startGateway(scene);
    stack.defer(() => receiver.close());

    const release = receiver.reserve("ver-1", [pair.volumeId]);
    await expect(receiver.open("s1", receiverOrderOf(scene, [pair]))).rejects.toMatchObject({
      code: "not-ready",
    });
    expect(() => receiver.reserve("ver-2", [pair.volumeId])).toThrow("ver-1");
    release();
    await receiver.open("s1", receiverOrderOf(scene, [pair]));

    expect(() => receiver.reserve("ver-2", [pair.volumeId])).toThrow("session s1");
  });
});

describe("a comparison with the source", () => {
  test("names what differs, sends nothing and writes nothing", async () => {
    await using stack = new AsyncDisposableStack();
    const scene = stack.use(await makeScene());
    const pair = await makePair(scene, "a", 140 * mib + 777, [
      { offsetBytes: 0, lengthBytes: 3 * mib },
      { offsetBytes: 70 * mib, lengthBytes: mib },
    ]);
    const receiver = await startGateway(scene);
    stack.defer(() => receiver.close());
    const synced = await pass(scene, receiver, pair, "s1");
    const before = await sha256(pair.volumePath, pair.sizeBytes);
    const equal = await pass(scene, receiver, pair, "c1", { mode: "compare" });
    await scribble(pair.diskPath, mib + 1, 1);
    await scribble(pair.diskPath, 100 * mib, 2 * block);
    await scribble(pair.diskPath, 140 * mib, 777);

    const found = await pass(scene, receiver, pair, "c2", { mode: "compare" });

    expect(equal.differences).toMatchObject({ blocks: 0, extents: [] });
    expect(found.differences).toEqual({
      ...{ blocks: 4, bytes: 3 * block + 777, extentCount: 3, writtenBlocks: 0 },
      extents: [
        { offsetBytes: mib, lengthBytes: block, written: false },
        { offsetBytes: 100 * mib, lengthBytes: 2 * block, written: false },
        { offsetBytes: 140 * mib, lengthBytes: 777, written: false },
      ],
    });
    // Still the root of the volume, for that is what was compared with.
    expect(found).toMatchObject({ rootHash: synced.rootHash, writtenBytes: 0 });
    expect(found.sentBytes).toBeLessThan(2000);
    expect(await sha256(pair.volumePath, pair.sizeBytes)).toBe(before);
    expect((await verify(receiver, pair)).differences.blocks).toBe(0);
    expect(await readdir(join(scene.folder, "state", "findings"))).toEqual([]);
  });

  test.skipIf(!isRoot)(
    `tells which blocks are known to be written since, and leaves them to the next sync${because}`,
    async () => {
      await using stack = new AsyncDisposableStack();
      const scene = stack.use(await makeScene());
      const files = await makePair(scene, "a", 70 * mib, [{ offsetBytes: 0, lengthBytes: mib }]);
      const pair = { ...files, diskPath: await loopDevice(stack, files.diskPath) };
      const tracker = await startTracker([{ ...pair, path: pair.diskPath }]);
      stack.defer(() => tracker.close());
      const receiver = await startGateway(scene);
      stack.defer(() => receiver.close());
      await pass(scene, receiver, pair, "s1", { tracker });
      const disk = await open(pair.diskPath, "r+");
      await disk.write(Buffer.alloc(block, 7), 0, block, 65 * mib);
      await disk.sync();
      await disk.close();
      // Behind the kernel's tracking.
      await scribble(files.diskPath, 2 * mib, block);

      const found = await pass(scene, receiver, pair, "c1", { mode: "compare", tracker });
      const delta = await pass(scene, receiver, pair, "s2", { tracker });

      expect(found.differences).toMatchObject({
        ...{ blocks: 2, writtenBlocks: 1 },
        extents: [
          { offsetBytes: 2 * mib, written: false },
          { offsetBytes: 65 * mib, written: true },
        ],
      });
      expect(delta).toMatchObject({ readBytes: block, writtenBytes: block });
    },
    60_000,
  );

  test("keeps what it found when the gateway is started anew in the middle", async () => {
    await using stack = new AsyncDisposableStack();
    const scene = stack.use(await makeScene());
    const pair = await makePair(scene, "a", 6 * 1024 * mib, []);
    await writeFile(pair.volumePath, "");
    await truncate(pair.volumePath, pair.sizeBytes);
    const first = await startGateway(scene);
    await scribble(pair.diskPath, block, block);
    await scribble(pair.diskPath, pair.sizeBytes - block, 1);
    await first.open("c1", receiverOrderOf(scene, [pair], "compare"));
    const findings = join(scene.folder, "state", "findings", "c1-0.jsonl");

    // From the first answer on no other arrives, so that the comparison cannot end before its gateway does.
    using line = await FaultyLine.start(first.port);
    const comparing = copy(scene, [pair], {
      ...{ sessionId: "c1", port: line.port, mode: "compare" },
      onAcknowledged: () => {
        if (line.farPort === first.port) for (const { down } of line.crossings) down.shut();
      },
    });
    while ((await stat(findings)).size === 0) await sleep(5);
    await first.close();
    expect(first.state("c1")?.state).toBe("running");
    const second = await startGateway(scene);
    stack.defer(() => second.close());
    await second.open("c1", receiverOrderOf(scene, [pair], "compare"));
    line.farPort = second.port;
    for (const crossing of line.crossings) crossing.cut();
    await comparing;
    const state = await second.waitForEnd("c1");

    expect(state).toMatchObject({
      result: {
        volumes: [
          {
            differences: {
              blocks: 2,
              extents: [{ offsetBytes: block }, { offsetBytes: pair.sizeBytes - block }],
            },
          },
        ],
      },
    });
  }, 60_000);

  test.each([
    ["compare", "delta"],
    ["delta", "compare"],
  ] as const)(
    "a session to %s refuses an agent that means to %s, and nothing is written",
    async (session, order) => {
      await using stack = new AsyncDisposableStack();
      const scene = stack.use(await makeScene());
      const pair = await makePair(scene, "a", mib, [{ offsetBytes: 0, lengthBytes: block }]);
      const receiver = await startGateway(scene);
      stack.defer(() => receiver.close());
      await receiver.open("s1", receiverOrderOf(scene, [pair], session));
      const before = await sha256(pair.volumePath, pair.sizeBytes);

      const working = copy(scene, [pair], { sessionId: "s1", port: receiver.port, mode: order });

      await expect(working).rejects.toMatchObject({ code: "wire.protocol" });
      expect(await sha256(pair.volumePath, pair.sizeBytes)).toBe(before);
    },
  );
});
