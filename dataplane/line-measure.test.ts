/** The measure of the line before a copy, over lines of known rates. */
import { expect, test, vi } from "vitest";
import { effectiveLimits } from "#domain/limits/effective.ts";
import { leastLine } from "#domain/line.ts";
import { makeLine } from "../bench/line.ts";
import { Line } from "./agent/replication/line.ts";
import { measureLine } from "./agent/replication/measure-line.ts";
import {
  copy,
  kill,
  makePair,
  makeScene,
  type Pair,
  receiverOrderOf,
  type Scene,
  sha256,
  startGateway,
  startProcess,
  syncOrderOf,
} from "./copy-harness.ts";
import type { Frame } from "./wire/frame-reader.ts";
import {
  decodeProbed,
  encodeHello,
  encodeProbe,
  frameType,
  protocolVersion,
} from "./wire/frames.ts";
import { blockBytes, blocksPerRange } from "./wire/geometry.ts";
import { protocolWaits } from "./wire/limits.ts";

vi.setConfig({ testTimeout: 60_000 });

const kib = 1024;
const mib = 1024 * kib;

async function openSession(scene: Scene) {
  const pair = await makePair(scene, "a", 3 * mib, [{ offsetBytes: 0, lengthBytes: 3 * mib }]);
  const receiver = await startGateway(scene);
  await receiver.open("s1", receiverOrderOf(scene, [pair]));
  return { pair, port: receiver.port, receiver, [Symbol.asyncDispose]: () => receiver.close() };
}

/** What an agent measures that sits at one end of a line, with its gateway at the other. */
async function measuredOver(mbitPerSecond: number) {
  await using scene = await makeScene();
  const pair = await makePair(scene, "a", mib, [{ offsetBytes: 0, lengthBytes: mib }]);
  const { folder, gateway, agent } = scene;
  using line = makeLine(mbitPerSecond);
  const task = {
    ...{ scene: { folder, gateway, agent }, pairs: [pair], sessionId: "s1", port: 0 },
    host: line.far.host,
  };
  const far = startProcess({ ...task, role: "gateway" }, line.far.inside);
  try {
    const listening = await far.next("listening");
    const port = listening.kind === "listening" ? listening.port : 0;
    const near = startProcess(
      { ...task, port, role: "agent", rate: 0, measureLine: true },
      line.near.inside,
    );
    const done = near.next("done");
    const news = await near.next("line");
    // The copy that follows is not harmed by it.
    await done;
    if (news.kind !== "line") throw new Error("no measure");
    return news.line;
  } finally {
    await kill(far.child);
  }
}

const limits = effectiveLimits({ platform: "local" });

test.skipIf(process.getuid?.() !== 0)(
  "a line of 5 Mbit/s is measured as such, and is too slow for an initial sync but not for a delta sync (R-140, R-141, X-11; skipped when not root: makes network namespaces)",
  async () => {
    const { bitsPerSecond, roundTripMs } = await measuredOver(5);

    expect(bitsPerSecond).toBeGreaterThan(4e6);
    expect(bitsPerSecond).toBeLessThan(6e6);
    expect(bitsPerSecond).toBeLessThan(leastLine("initial", limits).bitsPerSecond);
    expect(bitsPerSecond).toBeGreaterThan(leastLine("delta", limits).bitsPerSecond);
    expect(roundTripMs).toBeGreaterThan(0);
  },
);

test.skipIf(process.getuid?.() !== 0)(
  "a line of 50 Mbit/s is measured as fast enough (skipped when not root: makes network namespaces)",
  async () => {
    const { bitsPerSecond } = await measuredOver(50);

    expect(bitsPerSecond).toBeGreaterThan(40e6);
    expect(bitsPerSecond).toBeLessThan(60e6);
  },
);

test("no volume is touched by it, and the copy goes on", async () => {
  await using scene = await makeScene();
  await using opened = await openSession(scene);
  const { pair, port } = opened;
  const before = await sha256(pair.volumePath, pair.sizeBytes);
  let volumeAtMeasure: Promise<string> | undefined;

  await copy(scene, [pair], {
    ...{ sessionId: "s1", port },
    onLine: ({ bitsPerSecond }) => {
      expect(bitsPerSecond).toBeGreaterThan(0);
      volumeAtMeasure = sha256(pair.volumePath, pair.sizeBytes);
    },
  });

  expect(await volumeAtMeasure).toBe(before);
  expect(await sha256(pair.volumePath, pair.sizeBytes)).toBe(
    await sha256(pair.diskPath, pair.sizeBytes),
  );
});

test("under a rate limit nothing is measured: probes would go past it", async () => {
  await using scene = await makeScene();
  await using opened = await openSession(scene);
  const { pair, port } = opened;
  const onLine = vi.fn();

  await copy(scene, [pair], { ...{ sessionId: "s1", port, onLine }, rate: 16 * mib });

  expect(onLine).not.toHaveBeenCalled();
});

test("a gateway that is not there is left to the copy to find out", async () => {
  await using scene = await makeScene();
  const { pair, port, receiver } = await openSession(scene);
  await receiver.close();

  const { gateway, sessionId } = syncOrderOf(scene, [pair], "s1", port);
  const signal = new AbortController().signal;
  const measured = await measureLine(
    { ...scene.agent, gateway, sessionId, waits: protocolWaits },
    signal,
  );

  expect(measured).toBeUndefined();
});

/** A greeted connection, with what was answered to its probes. */
async function greeted(scene: Scene, pair: Pair, port: number) {
  const { gateway, sessionId } = syncOrderOf(scene, [pair], "s1", port);
  const frames: Frame[] = [];
  const line = await Line.dial({ ...scene.agent, gateway, waits: protocolWaits }, (frame) =>
    frames.push(frame),
  );
  line.send(
    encodeHello({
      ...{ version: protocolVersion, stream: 0, blockBytes, blocksPerRange, sessionId },
      passId: "00".repeat(16),
    }),
  );
  await line.until(() => frames.some(({ type }) => type === frameType.welcome));
  const answers = () =>
    frames.filter(({ type }) => type === frameType.probed).map(({ body }) => decodeProbed(body));
  return { line, answers };
}

test("each probe is answered with all that has come so far, as the gateway's clock saw it", async () => {
  await using scene = await makeScene();
  await using opened = await openSession(scene);
  const { pair, port } = opened;
  const { line, answers } = await greeted(scene, pair, port);

  for (const bytes of [1, 0, 64 * kib]) line.send(encodeProbe(bytes));
  await line.until(() => answers().length === 3);
  line.finish();

  expect(answers().map(({ bytes }) => bytes)).toEqual([1, 1, 64 * kib + 1]);
  expect(answers()[0]?.microseconds).toBe(0);
  await line.closed();
});
