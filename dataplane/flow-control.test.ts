/** A gateway takes on what it gets rid of: slow volumes, one that hangs, agents that read nothing or only talk. */
import { once } from "node:events";
import { expect, test, vi } from "vitest";
import { usageOf } from "../bench/usage.ts";
import { copy, makePair, makeScene, type Pair, sha256 } from "./copy-harness.ts";
import { FaultyLine } from "./faulty-line.ts";
import { GatewayProcess } from "./gateway-process.ts";
import { hello, RawStream } from "./raw-agent.ts";
import { canSlowFiles, slowFile } from "./throttles.ts";
import { BlockHasher, hashBytes } from "./wire/block-hash.ts";
import {
  decodeHashes,
  encodeJson,
  encodeOpenRange,
  encodePassEnd,
  encodeRangeEnd,
  encodeSpan,
  frameType,
} from "./wire/frames.ts";
import { rangeBytes } from "./wire/geometry.ts";
import { HashTree, rangeDigest, zeroRangeDigest } from "./wire/hash-tree.ts";
import { openRangesPerStream } from "./wire/limits.ts";
import { welcome } from "./wire/messages.ts";

vi.setConfig({ testTimeout: 240_000 });

const mib = 1024 ** 2;
const why = "(skipped when not root or without nbdkit, nbdfuse and FUSE)";

const peakBytes = ({ daemon }: GatewayProcess) => usageOf(daemon.child.pid ?? 0)?.peakBytes ?? 0;

const full = (sizeBytes: number) => [{ offsetBytes: 0, lengthBytes: sizeBytes }];

async function expectSame(volumePath: string, { diskPath, sizeBytes }: Pair): Promise<void> {
  expect(await sha256(volumePath, sizeBytes)).toBe(await sha256(diskPath, sizeBytes));
}

test.skipIf(!canSlowFiles)(
  `twenty slow volumes, each of another server, take memory that has a bound and does not grow with time ${why}`,
  async () => {
    await using stack = new AsyncDisposableStack();
    const scene = stack.use(await makeScene());
    const sizeBytes = 24 * mib;
    const { diskPath } = await makePair(scene, "source", sizeBytes, full(sizeBytes));
    const gateway = stack.use(await GatewayProcess.start(scene));
    const pairs: Pair[] = [];
    for (let index = 0; index < 20; index += 1) {
      const made = await makePair(scene, `${index}`, sizeBytes, []);
      const slow = stack.use(await slowFile(made.volumePath, { writeMs: 50 }));
      pairs.push({ ...made, diskPath, volumePath: slow.path });
      await gateway.openSession(`s${index}`, pairs.slice(-1));
    }
    const doneBytes = pairs.map(() => 0);
    let peakAtThird = 0;

    await Promise.all(
      pairs.map((pair, index) =>
        copy(gateway.scene, [pair], {
          ...{ sessionId: `s${index}`, port: gateway.port },
          onProgress: ({ volumes }) => {
            doneBytes[index] = volumes[0]?.doneBytes ?? 0;
            const allBytes = doneBytes.reduce((sum, bytes) => sum + bytes);
            if (allBytes > (20 * sizeBytes) / 3) peakAtThird ||= peakBytes(gateway);
          },
        }),
      ),
    );

    expect(peakBytes(gateway)).toBeLessThan(400e6);
    expect(peakBytes(gateway)).toBeLessThan(peakAtThird + 40e6);
    for (const pair of pairs) await expectSame(pair.volumePath, pair);
  },
);

test.skipIf(!canSlowFiles)(
  `a volume that hangs holds up neither another server's copy nor the console's orders ${why}`,
  async () => {
    await using stack = new AsyncDisposableStack();
    const scene = stack.use(await makeScene());
    const hanging = await makePair(scene, "hanging", 48 * mib, full(48 * mib));
    const sound = await makePair(scene, "sound", 48 * mib, full(48 * mib));
    const gateway = stack.use(await GatewayProcess.start(scene));
    const slow = stack.use(await slowFile(hanging.volumePath, { writeMs: 3_600_000 }));
    await gateway.openSession("s1", [{ ...hanging, volumePath: slow.path }]);
    using line = await FaultyLine.start(gateway.port);
    const isStuck = Promise.withResolvers<void>();
    // All that it has credit for, which nobody gives back.
    line.after("up", 7.9 * mib, isStuck.resolve);
    const stop = new AbortController();
    stack.defer(() => stop.abort());
    const hung = copy(gateway.scene, [hanging], {
      ...{ sessionId: "s1", port: line.port, signal: stop.signal },
    });
    hung.catch(() => undefined);
    await isStuck.promise;

    await gateway.openSession("s2", [sound]);
    await copy(gateway.scene, [sound], { sessionId: "s2", port: gateway.port });

    await expectSame(sound.volumePath, sound);
    expect((await gateway.call({ path: "/v1/sessions/s1" })).body).toMatchObject({
      state: "running",
    });
    stop.abort();
    await expect(hung).rejects.toMatchObject({ code: "sync.stopped" });
  },
);

/** One that speaks of known ranges: it asks for them and calls all their blocks equal. */
class EqualStream {
  readonly #stream: RawStream;

  private constructor(stream: RawStream) {
    this.#stream = stream;
  }

  static async open({ scene, port }: GatewayProcess, sessionId: string): Promise<EqualStream> {
    const stream = await RawStream.dial(scene.agent, port);
    stream.send(hello(sessionId));
    await stream.next(frameType.welcome);
    return new EqualStream(stream);
  }

  get isClosed(): boolean {
    return this.#stream.socket.closed;
  }

  ask(range: number): void {
    this.#stream.send(encodeOpenRange({ volume: 0, range }));
  }

  callEqual(range: number, hashes: Buffer): void {
    const span = { volume: 0, range, firstBlock: 0, count: hashes.length / hashBytes };
    this.#stream.send(encodeSpan(frameType.equal, span));
    this.#stream.send(encodeRangeEnd({ volume: 0, range }, rangeDigest(hashes)));
  }

  /** From the question to the acknowledgement. @returns the hashes that the gateway listed */
  async goThrough(range: number): Promise<Buffer> {
    this.ask(range);
    const { hashes } = decodeHashes((await this.#stream.next(frameType.hashes)) ?? Buffer.alloc(0));
    this.callEqual(range, hashes);
    await this.#stream.next(frameType.acknowledged);
    return hashes;
  }

  stopReading(): void {
    this.#stream.socket.pause();
  }

  end(): void {
    this.#stream.socket.destroy();
  }
}

test("an agent that never reads is closed and named, in bounded memory, and another server's copy goes on", async () => {
  await using stack = new AsyncDisposableStack();
  const scene = stack.use(await makeScene());
  const ranges = openRangesPerStream + 1;
  const places = Array.from({ length: ranges }, (_, range) => ({
    ...{ offsetBytes: range * rangeBytes, lengthBytes: mib },
  }));
  const known = await makePair(scene, "known", ranges * rangeBytes, places);
  const other = await makePair(scene, "other", 48 * mib, full(48 * mib));
  const gateway = stack.use(await GatewayProcess.start(scene));
  const { port } = gateway;
  await gateway.openSession("s1", [known]);
  await copy(gateway.scene, [known], { sessionId: "s1", port });
  await gateway.openSession("s2", [known]);
  await gateway.openSession("s3", [other]);
  // One that reads its answers tells how far the gateway is, for the other can't know.
  const clock = await EqualStream.open(gateway, "s2");
  const hashes: Buffer[] = [];
  for (let range = 0; range < ranges; range += 1) hashes.push(await clock.goThrough(range));
  const asked = hashes.slice(0, openRangesPerStream);
  const peakBefore = peakBytes(gateway);
  const copying = copy(gateway.scene, [other], { sessionId: "s3", port, rate: 8 * mib });

  // Where it is faster than the gateway all the same it breaks the protocol, and tries once more.
  while (!gateway.daemon.output().includes("closed a connection that does not read")) {
    const deaf = await EqualStream.open(gateway, "s2");
    deaf.stopReading();
    while (!deaf.isClosed) {
      for (const range of asked.keys()) deaf.ask(range);
      await clock.goThrough(openRangesPerStream);
      for (const [range, known] of asked.entries()) deaf.callEqual(range, known);
      await clock.goThrough(openRangesPerStream);
    }
  }
  clock.end();
  await copying;

  expect(peakBytes(gateway) - peakBefore).toBeLessThan(80e6);
  await expectSame(other.volumePath, other);
});

/** Of its welcome's first volume, which is all holes. */
function rootOfZeros(welcomeBody: Buffer | undefined, sizeBytes: number): string {
  const { volumes } = welcome.parse(JSON.parse(welcomeBody?.toString() ?? ""));
  const tree = new HashTree(sizeBytes);
  tree.add(0, zeroRangeDigest(new BlockHasher(volumes[0]?.hashKey ?? ""), sizeBytes, 0));
  return tree.root();
}

const count = { doneBytes: 1, readBytes: 2, sentBytes: 3, writtenBytes: 4, changedBytes: 5 };
const longStatus = encodeJson(frameType.status, {
  ...{ bottleneck: "line", rateBytesPerSecond: 1 },
  volumes: Array.from({ length: 400 }, (_, volume) => ({ volumeId: `volume-${volume}`, ...count })),
});

test.each<[string, (root: string) => Buffer]>([
  ["its status", () => longStatus],
  ["the end of its pass", (root) => Buffer.concat(Array(1000).fill(encodePassEnd(0, root)))],
])(
  "an agent that tells %s without a pause takes bounded memory, and another server's copy goes on",
  async (_, wordsFor) => {
    await using stack = new AsyncDisposableStack();
    const scene = stack.use(await makeScene());
    const sizeBytes = 64 * mib;
    const one = await makePair(scene, "one", sizeBytes, []);
    // So that the session goes on when the first is confirmed.
    const two = await makePair(scene, "two", sizeBytes, []);
    const other = await makePair(scene, "other", 80 * mib, full(80 * mib));
    const gateway = stack.use(await GatewayProcess.start(scene));
    const { port } = gateway;
    await gateway.openSession("s1", [one, two]);
    await gateway.openSession("s2", [other]);
    const talker = await RawStream.dial(scene.agent, port);
    talker.send(hello("s1"));
    const words = wordsFor(rootOfZeros(await talker.next(frameType.welcome), sizeBytes));
    const before = peakBytes(gateway);
    let isOver = false;

    const copying = copy(gateway.scene, [other], { sessionId: "s2", port, rate: 8 * mib });
    void copying.finally(() => {
      isOver = true;
    });
    while (!isOver && !talker.socket.closed) {
      if (!talker.socket.write(words)) await Promise.race([once(talker.socket, "drain"), copying]);
    }
    await copying;

    expect(peakBytes(gateway) - before).toBeLessThan(80e6);
    expect(talker.socket.closed).toBe(false);
    expect((await gateway.call({ path: "/v1/sessions/s1" })).body).toMatchObject({
      state: "running",
    });
    talker.socket.destroy();
    await expectSame(other.volumePath, other);
  },
);
