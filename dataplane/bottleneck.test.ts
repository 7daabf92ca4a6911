/** What a slow copy is held up by, proved by slowing down exactly one part of it. */
import { expect, test, vi } from "vitest";
import { type Limits, noLimits } from "#domain/copy-limits.ts";
import type { Progress } from "#domain/protocol/facts.ts";
import type { bottlenecks } from "#domain/server.ts";
import { makeLine, type Place } from "../bench/line.ts";
import {
  copy,
  kill,
  makePair,
  makeScene,
  type Pair,
  type ProcessNews,
  receiverOrderOf,
  type Scene,
  startGateway,
  startProcess,
} from "./copy-harness.ts";
import type { Receiver } from "./gateway/receiver.ts";
import { canSlowFiles, rationCpu, slowFile } from "./throttles.ts";

vi.setConfig({ testTimeout: 120_000 });

const mib = 1024 * 1024;
const sizeBytes = 192 * mib;
/** So slow that nothing is over before it is slowed down in another way. */
const crawl = 256 * 1024;
const isRoot = process.getuid?.() === 0;

type Bottleneck = (typeof bottlenecks)[number];

/** What a copy names as its bottleneck, look after look. */
class Named {
  readonly #names: Bottleneck[] = [];
  last: Progress | undefined;

  note(progress: Progress): void {
    this.last = progress;
    this.#names.push(progress.bottleneck);
  }

  /** Resolves when it is named, and nothing else, for several looks on end. */
  async settlesOn(name: Bottleneck, looks = 4): Promise<void> {
    const from = this.#names.length;
    await vi.waitFor(
      () => {
        const newest = this.#names.slice(from).slice(-looks);
        expect(newest, this.#names.join(" ")).toEqual(Array(looks).fill(name));
      },
      { timeout: 60_000, interval: 200 },
    );
  }
}

async function makeFull(scene: Scene): Promise<Pair> {
  return makePair(scene, "a", sizeBytes, [{ offsetBytes: 0, lengthBytes: sizeBytes }]);
}

/** A copy here, with its gateway here too unless another port is given. */
async function copyHere(
  scene: Scene,
  pair: Pair,
  more: { limits?: () => Limits; port?: number; receiver?: Receiver } = {},
) {
  const receiver = more.port === undefined ? await startGateway(scene) : undefined;
  await receiver?.open("s1", receiverOrderOf(scene, [pair]));
  const named = new Named();
  const stop = new AbortController();
  const ended = copy(scene, [pair], {
    ...{ sessionId: "s1", port: more.port ?? receiver?.port ?? 0, signal: stop.signal },
    limits: more.limits ?? (() => noLimits),
    onProgress: (progress) => named.note(progress),
  }).then(
    () => "done",
    (error: { code?: string }) => error.code,
  );
  return {
    named,
    receiver,
    async [Symbol.asyncDispose]() {
      stop.abort();
      expect(await ended).toBe("sync.stopped");
      await receiver?.close();
    },
  };
}

/** An agent in a process of its own, crawling until it is told to go as fast as it can. */
function startAgent(scene: Scene, pair: Pair, port: number, place: Partial<Place> = {}) {
  const { folder, gateway, agent } = scene;
  const { child } = startProcess(
    {
      ...{ role: "agent", scene: { folder, gateway, agent }, pairs: [pair], sessionId: "s1", port },
      ...(place.host === undefined ? {} : { host: place.host }),
      rate: crawl,
    },
    place.inside,
  );
  const named = new Named();
  child.on("message", (news: ProcessNews) => {
    if (news.kind === "progress") named.note(news.progress);
  });
  return { child, named, [Symbol.asyncDispose]: () => kill(child) };
}

/** A gateway in a process of its own: what it waits for must not take this process's few threads for files. */
async function startFarGateway(scene: Scene, pair: Pair, place: Partial<Place> = {}) {
  const { folder, gateway, agent } = scene;
  const { child, next } = startProcess(
    {
      ...{ role: "gateway", scene: { folder, gateway, agent }, pairs: [pair] },
      ...{ sessionId: "s1", port: 0 },
      ...(place.host === undefined ? {} : { host: place.host }),
    },
    place.inside,
  );
  const news = await next("listening");
  const port = news.kind === "listening" ? news.port : 0;
  return { child, port, [Symbol.asyncDispose]: () => kill(child) };
}

test.skipIf(!canSlowFiles)(
  "a slow disk at the source is named, by agent and gateway (skipped when not root or without nbdkit, nbdfuse and FUSE)",
  async () => {
    await using scene = await makeScene();
    const pair = await makeFull(scene);
    await using slow = await slowFile(pair.diskPath, { readMs: 100 });
    await using copying = await copyHere(scene, { ...pair, diskPath: slow.path });

    await copying.named.settlesOn("source-disk");

    expect(copying.receiver?.state("s1")).toMatchObject({
      progress: { bottleneck: "source-disk", waitingForAgent: false },
    });
  },
);

test.skipIf(!canSlowFiles)(
  "a slow volume is named (skipped when not root or without nbdkit, nbdfuse and FUSE)",
  async () => {
    await using scene = await makeScene();
    const pair = await makeFull(scene);
    await using slow = await slowFile(pair.volumePath, { writeMs: 100 });
    await using gateway = await startFarGateway(scene, { ...pair, volumePath: slow.path });
    await using copying = await copyHere(scene, pair, { port: gateway.port });

    await copying.named.settlesOn("volume");
  },
);

test("a source whose CPU is taken is named", async () => {
  await using scene = await makeScene();
  const pair = await makeFull(scene);
  const receiver = await startGateway(scene);
  await receiver.open("s1", receiverOrderOf(scene, [pair]));
  await using agent = startAgent(scene, pair, receiver.port);
  await agent.named.settlesOn("limit", 1);
  using _ = rationCpu(agent.child.pid ?? 0, 3);
  agent.child.send(0);

  await agent.named.settlesOn("source-cpu");

  await receiver.close();
});

test("a gateway whose CPU is taken is named", async () => {
  await using scene = await makeScene();
  const pair = await makeFull(scene);
  await using gateway = await startFarGateway(scene, pair);
  let limits: Limits = { ...noLimits, rateBytesPerSecond: crawl };
  await using copying = await copyHere(scene, pair, { port: gateway.port, limits: () => limits });
  await copying.named.settlesOn("limit", 1);
  using _ = rationCpu(gateway.child.pid ?? 0, 3);
  limits = noLimits;

  await copying.named.settlesOn("gateway");
});

test.skipIf(!isRoot)(
  "a slow line is named (skipped when not root: makes network namespaces)",
  async () => {
    await using scene = await makeScene();
    const pair = await makeFull(scene);
    using line = makeLine(20);
    await using gateway = await startFarGateway(scene, pair, line.far);
    await using agent = startAgent(scene, pair, gateway.port, {
      ...line.near,
      host: line.far.host,
    });
    agent.child.send(0);

    await agent.named.settlesOn("line");
  },
);

test("the operator's own limits are named, and nothing is promised while it is paused", async () => {
  await using scene = await makeScene();
  const pair = await makeFull(scene);
  let limits: Limits = { ...noLimits, rateBytesPerSecond: mib };
  await using copying = await copyHere(scene, pair, { limits: () => limits });
  const { named } = copying;
  await named.settlesOn("limit");
  expect(named.last?.etaSeconds).toBeGreaterThan(0);

  limits = { ...noLimits, paused: true };
  await vi.waitFor(() => expect(named.last?.rateBytesPerSecond).toBe(0), { timeout: 20_000 });
  expect(named.last?.etaSeconds).toBeUndefined();
  await named.settlesOn("limit");
  expect(copying.receiver?.state("s1")).toMatchObject({
    progress: { bottleneck: "limit", rateBytesPerSecond: 0 },
  });

  limits = { ...noLimits, cpuPercent: 1 };
  await named.settlesOn("limit");
  expect(named.last?.etaSeconds).toBeGreaterThan(0);
});
