/** Whatever a stranger or an agent may not send, as docs/wire-protocol.md lists it, against a gateway that serves others. */
import { once } from "node:events";
import { connect as connectTcp, createServer, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
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
import type { Receiver } from "./gateway/receiver.ts";
import { closed, hello, RawStream } from "./raw-agent.ts";
import { violationsUnder } from "./violations-table.ts";
import { BlockHasher, hashBytes } from "./wire/block-hash.ts";
import {
  type DataHead,
  encodeDataHead,
  encodeDiffers,
  encodeFrame,
  encodeHello,
  encodeJson,
  encodeKeepAlive,
  encodeOpenRange,
  encodePassEnd,
  encodeProbe,
  encodeRangeEnd,
  encodeSpan,
  encoding,
  frameType,
  gatewayFrameLimits,
  type Hello,
  headerBytes,
  protocolVersion,
} from "./wire/frames.ts";
import { blockBytes, blocksPerRange, rangeBytes, runBytes } from "./wire/geometry.ts";
import { zeroRangeDigest } from "./wire/hash-tree.ts";
import { createIdentity } from "./wire/identity.ts";
import {
  openRangesPerStream,
  probeBytesPerConnection,
  probesPerConnection,
  protocolWaits,
  streamsPerSession,
} from "./wire/limits.ts";
import { welcome } from "./wire/messages.ts";

const mib = 1024 ** 2;

let scene: Scene;
let receiver: Receiver;
let sessions = 0;
/** An honest agent of another server, connected all the time. */
let bystander: { stream: RawStream; pair: Pair };

beforeAll(async () => {
  scene = await makeScene();
  receiver = await startGateway(scene);
  const { sessionId, pair } = await openSession({ holes: true, sizeBytes: mib });
  const stream = await RawStream.dial(scene.agent, receiver.port);
  stream.send(hello(sessionId));
  await stream.next(frameType.welcome);
  bystander = { stream, pair };
});

afterAll(async () => {
  bystander.stream.socket.destroy();
  await receiver.close();
  await scene[Symbol.asyncDispose]();
});

interface Wish {
  /** Whether the gateway knows that the volume reads as zeros; else it knows nothing of it. */
  holes?: boolean;
  sizeBytes?: number;
  mode?: "initial" | "compare";
}

async function openSession({ holes = false, sizeBytes = 3 * mib + 100, mode = "initial" }: Wish) {
  sessions += 1;
  const sessionId = `s${sessions}`;
  const full = { offsetBytes: 0, lengthBytes: Math.min(sizeBytes, 3 * mib) };
  const pair = await makePair(scene, sessionId, sizeBytes, [full]);
  if (!holes) await scribble(pair.volumePath, 0, full.lengthBytes);
  await receiver.open(sessionId, receiverOrderOf(scene, [pair], mode));
  return { sessionId, pair };
}

async function expectBystanderUnharmed(): Promise<void> {
  expect(bystander.stream.socket.closed).toBe(false);
  bystander.stream.send(encodeKeepAlive());
}

const logged = (text: string) => scene.logged.filter((line) => line.includes(text)).length;
const volumeSha = ({ volumePath, sizeBytes }: Pair) => sha256(volumePath, sizeBytes);

/** How a connection ended for whoever dialled: with an error of this code, or without a byte. */
async function endOf(stream: RawStream): Promise<string> {
  const body = await stream.next(frameType.error);
  await closed(stream.socket);
  if (body !== undefined) return (JSON.parse(body.toString()) as { code: string }).code;
  return stream.heardBytes === 0 ? "nothing" : "no error";
}

async function endOfPlain(socket: Socket): Promise<string> {
  socket.on("error", () => socket.destroy());
  await closed(socket);
  return "nothing";
}

// --- before the welcome ---

const dial = () => RawStream.dial(scene.agent, receiver.port);

async function say(...frames: Buffer[]): Promise<string> {
  const stream = await dial();
  stream.send(Buffer.concat(frames));
  return endOf(stream);
}

function helloWith(change: Partial<Hello>): Buffer {
  return encodeHello({
    ...{ version: protocolVersion, stream: 0, blockBytes, blocksPerRange },
    ...{ passId: "00".repeat(16), sessionId: "s1", ...change },
  });
}

/** Another protocol by its first letters. */
function otherMagic(): Buffer {
  const frame = helloWith({});
  frame.write("HTTP", headerBytes);
  return frame;
}

function rawFrame(type: number, body: Buffer, { stray = 0, bodyBytes = body.length } = {}): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32BE(bodyBytes, 0);
  header.writeUInt8(type, 4);
  header.writeUInt8(stray, 7);
  return Buffer.concat([header, body]);
}

/** What an agent sent in a connection that began to write to a volume, TLS and all. */
async function recordConnection(sessionId: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const recorder = createServer((near) => {
    const far = connectTcp(receiver.port, "127.0.0.1");
    near.on("data", (chunk: Buffer) => chunks.push(chunk));
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) socket.on("error", () => socket.destroy());
  });
  await once(recorder.listen(0, "127.0.0.1"), "listening");
  const address = recorder.address();
  const stream = await RawStream.dial(
    scene.agent,
    address !== null && typeof address === "object" ? address.port : 0,
  );
  stream.send(hello(sessionId));
  await stream.next(frameType.welcome);
  stream.send(encodeOpenRange({ volume: 0, range: 0 }));
  await stream.next(frameType.hashes);
  stream.socket.destroy();
  await closed(stream.socket);
  recorder.close();
  return Buffer.concat(chunks);
}

const dialTls = (options: object) =>
  endOfPlain(
    connectTls({ host: "127.0.0.1", port: receiver.port, rejectUnauthorized: false, ...options }),
  );

/** What is sent, in one or several ways; how each of them ends. */
const strangers: [string, string, (() => Promise<string>)[]][] = [
  [
    "no TLS, or an older one than 1.3",
    "nothing",
    [
      () => {
        const socket = connectTcp(receiver.port, "127.0.0.1");
        socket.write("GET / HTTP/1.1\r\n\r\n");
        return endOfPlain(socket);
      },
      () => dialTls({ minVersion: "TLSv1.2", maxVersion: "TLSv1.2" }),
    ],
  ],
  [
    "no certificate, or one that no session names",
    "nothing",
    [
      () => dialTls({ minVersion: "TLSv1.3" }),
      async () => {
        const stream = await RawStream.dial(await createIdentity("agent"), receiver.port);
        stream.send(hello("s1"));
        return endOf(stream);
      },
    ],
  ],
  [
    "the recorded bytes, or the TLS session, of another connection",
    "nothing",
    [
      async () => {
        const { sessionId, pair } = await openSession({});
        const recorded = await recordConnection(sessionId);
        const before = await volumeSha(pair);
        const socket = connectTcp(receiver.port, "127.0.0.1");
        socket.write(recorded);
        const end = await endOfPlain(socket);
        expect(await volumeSha(pair)).toBe(before);
        return end;
      },
      async () => {
        const session = bystander.stream.socket.getSession();
        const { port } = receiver;
        const options = { host: "127.0.0.1", port, session, rejectUnauthorized: false };
        const socket = connectTls({ ...options, minVersion: "TLSv1.3" });
        socket.on("secureConnect", () => expect(socket.isSessionReused()).toBe(false));
        const stream = new RawStream(socket, gatewayFrameLimits);
        socket.on("error", () => socket.destroy());
        stream.send(hello("s1"));
        return endOf(stream);
      },
    ],
  ],
  [
    "no handshake, or no hello, for 10 s",
    "nothing",
    [
      async () => {
        const waits = { ...protocolWaits, greetingMs: 1500, keepAliveMs: 400 };
        const quick = await startGateway(scene, { stateName: "quick", waits });
        const pair = await makePair(scene, "quick", mib, []);
        await quick.open("quick", receiverOrderOf(scene, [pair]));
        const ends = await Promise.all([
          endOfPlain(connectTcp(quick.port, "127.0.0.1")),
          RawStream.dial(scene.agent, quick.port).then(endOf),
        ]);
        await quick.close();
        return ends.join() === "nothing,nothing" ? "nothing" : ends.join();
      },
    ],
  ],
  [
    "a first frame that is no hello of this protocol",
    "nothing",
    [
      () => say(encodeOpenRange({ volume: 0, range: 0 })),
      () => say(otherMagic()),
      () => say(Buffer.alloc(100_000, 0x5a)),
      () => say(helloWith({ sessionId: "" })),
      () => say(helloWith({ sessionId: "s".repeat(201) })),
      () => say(helloWith({ sessionId: "s".repeat(481) })),
      () => say(rawFrame(frameType.hello, helloWith({}).subarray(headerBytes), { stray: 1 })),
    ],
  ],
  [
    "anything behind the hello before the welcome has come",
    "nothing",
    [() => say(hello("s1"), encodeKeepAlive()), () => say(hello("s1"), hello("s1"))],
  ],
  [
    "a frame that the end of the connection cuts",
    "nothing",
    [
      async () => {
        const stream = await dial();
        stream.socket.end(hello("s1").subarray(0, 20));
        return endOf(stream);
      },
    ],
  ],
  [
    "a hello for a session of another agent",
    "nothing",
    [
      async () => {
        const neighbour = await createIdentity("agent");
        const { pair, sessionId } = await openSession({});
        const order = receiverOrderOf(scene, [pair]);
        await receiver.open(sessionId, { ...order, agentFingerprint: neighbour.fingerprint });
        return say(hello(sessionId));
      },
    ],
  ],
  [
    "a thirty-third stream",
    "nothing",
    [
      async () => {
        const { sessionId } = await openSession({});
        const streams: RawStream[] = [];
        for (let stream = 0; stream < streamsPerSession; stream += 1) {
          const next = await dial();
          next.send(hello(sessionId));
          await next.next(frameType.welcome);
          streams.push(next);
        }
        const end = await say(hello(sessionId));
        expect(streams.filter(({ socket }) => socket.closed)).toEqual([]);
        for (const { socket } of streams) socket.destroy();
        return end;
      },
    ],
  ],
  [
    "a hello of another version, or with other sizes",
    "wire.protocol",
    [
      () => say(helloWith({ version: 1 })),
      () => say(helloWith({ blockBytes: 4096 })),
      () => say(helloWith({ blocksPerRange: 2 })),
    ],
  ],
  ["a hello for a session that is not open", "not-ready", [() => say(hello("nowhere"))]],
];

test.each(strangers)("before the welcome: %s", async (_, answer, ways) => {
  for (const way of ways) {
    expect(await way()).toBe(answer);
    await expectBystanderUnharmed();
  }
});

// --- after the welcome ---

interface Enemy {
  readonly stream: RawStream;
  readonly hasher: BlockHasher;
  readonly pair: Pair;
}

type Way = (enemy: Enemy) => Buffer[] | Promise<Buffer[]>;

/** Asks for a range and waits until it is open. */
async function open({ stream }: Enemy, range = 0): Promise<void> {
  stream.send(encodeOpenRange({ volume: 0, range }));
  await stream.next(frameType.hashes);
}

/** Sends these when the range is open. */
const inRange =
  (...frames: (Buffer | ((enemy: Enemy) => Buffer))[]): Way =>
  async (enemy) => {
    await open(enemy);
    return frames.map((frame) => (typeof frame === "function" ? frame(enemy) : frame));
  };

/** A data frame of random blocks, right but for what is changed. */
const data =
  (change: Partial<DataHead> & { payload?: Buffer; blocks?: Buffer; hashes?: Buffer } = {}) =>
  ({ hasher }: Enemy): Buffer => {
    const { blocks = Buffer.alloc(blockBytes, 7) } = change;
    const hashes = Buffer.alloc(Math.ceil(blocks.length / blockBytes) * hashBytes);
    for (let at = 0; at * blockBytes < blocks.length; at += 1)
      hasher.hashInto(
        blocks.subarray(at * blockBytes, (at + 1) * blockBytes),
        hashes,
        at * hashBytes,
      );
    const { payload = blocks } = change;
    const head = {
      ...{ volume: 0, range: 0, firstBlock: 0, count: hashes.length / hashBytes },
      ...{ encoding: encoding.raw, rawBytes: blocks.length, ...change },
    };
    return Buffer.concat([encodeDataHead(head, change.hashes ?? hashes, payload.length), payload]);
  };

const compressed = (lengthBytes: number, claimedBytes = lengthBytes) => {
  const payload = zstdCompressSync(Buffer.alloc(lengthBytes));
  return data({ blocks: Buffer.alloc(claimedBytes), encoding: encoding.zstd, payload });
};

const span = (firstBlock: number, count: number, range = 0) => ({
  ...{ volume: 0, range, firstBlock, count },
});
const zero = (firstBlock: number, count: number) =>
  encodeSpan(frameType.zero, span(firstBlock, count));
const equal = (firstBlock: number, count: number) =>
  encodeSpan(frameType.equal, span(firstBlock, count));
const rangeEnd = (digest: Buffer = Buffer.alloc(32)) =>
  encodeRangeEnd({ volume: 0, range: 0 }, digest);
const ask = (volume: number, range: number) => encodeOpenRange({ volume, range });
/** Of 3 MiB and 100 bytes. */
const blocks = 49;

interface Row extends Wish {
  readonly what: string;
  readonly ways: Way[];
  /** Where the session does not go on. */
  readonly ends?: true;
  /** Where something was written before, which is not acknowledged. */
  readonly writes?: true;
}

const violations: Row[] = [
  {
    what: "a frame of a type that is not the agent's",
    ways: [
      () => [rawFrame(200, Buffer.alloc(4))],
      () => [rawFrame(frameType.hashes, Buffer.alloc(8))],
    ],
  },
  {
    what: "a body longer than its type may have",
    ways: [
      () => [rawFrame(frameType.data, Buffer.alloc(0), { bodyBytes: 0xffffffff })],
      () => [rawFrame(frameType.keepAlive, Buffer.alloc(1))],
      () => [encodeProbe(64 * 1024 + 1)],
    ],
  },
  {
    what: "a header whose last three bytes are not zero",
    ways: [() => [rawFrame(frameType.keepAlive, Buffer.alloc(0), { stray: 1 })]],
  },
  {
    what: "a body of another length than its type has",
    ways: [
      () => [rawFrame(frameType.openRange, Buffer.alloc(7))],
      () => [rawFrame(frameType.zero, Buffer.alloc(11))],
      () => [rawFrame(frameType.rangeEnd, Buffer.alloc(39))],
      () => [rawFrame(frameType.passEnd, Buffer.alloc(35))],
      () => [rawFrame(frameType.data, Buffer.alloc(15))],
    ],
  },
  { what: "a second hello", ways: [() => [hello("s1")]] },
  {
    what: "a volume that the welcome did not name",
    ways: [() => [ask(9, 0)], () => [encodePassEnd(9, "00".repeat(32))]],
  },
  { what: "a range beyond the end of the disk", ways: [() => [ask(0, 1)]] },
  { what: "a range that this stream has open already", ways: [inRange(ask(0, 0))] },
  {
    what: "a fifth open range",
    sizeBytes: (openRangesPerStream + 1) * rangeBytes,
    ways: [() => Array.from({ length: openRangesPerStream + 1 }, (_, range) => ask(0, range))],
  },
  {
    what: "blocks, or the end, of a range whose hashes have not come",
    ways: [
      (enemy) => [data()(enemy)],
      () => [zero(0, 1)],
      () => [rangeEnd()],
      () => [ask(0, 0), zero(0, 1)],
      (enemy) => [ask(0, 0), data()(enemy)],
    ],
  },
  {
    what: "a block twice, or before its turn",
    holes: true,
    ways: [
      inRange(equal(0, 2), equal(1, 1)),
      inRange(equal(1, 1)),
      inRange(equal(0, 1), data()),
      inRange(data({ firstBlock: 3 })),
    ],
  },
  {
    what: "blocks beyond the end of the range",
    holes: true,
    ways: [
      inRange(equal(0, blocks + 1)),
      inRange(encodeSpan(frameType.equal, span(1000, 25))),
      inRange(
        equal(0, blocks - 1),
        data({ firstBlock: blocks - 1, blocks: Buffer.alloc(2 * blockBytes) }),
      ),
      inRange(data({ firstBlock: blocksPerRange })),
    ],
  },
  {
    what: "no block, or more than 16 in a data frame",
    ways: [
      inRange(zero(0, 0)),
      inRange(data({ count: 0 })),
      inRange(compressed(blockBytes, 17 * blockBytes)),
    ],
  },
  {
    what: "other bytes than the blocks have, or a payload longer than they are",
    ways: [
      inRange(data({ blocks: Buffer.alloc(blockBytes - 1, 7) })),
      inRange(data({ rawBytes: blockBytes - 1 })),
      inRange(data({ rawBytes: runBytes + 1 })),
      inRange(data({ encoding: encoding.zstd, rawBytes: 10 })),
      inRange(data({ payload: Buffer.alloc(0) })),
    ],
  },
  { what: "an unknown encoding", ways: [inRange(data({ encoding: 2 }))] },
  {
    what: "zstd that can't be decoded, or gives more or less than it says",
    ways: [
      inRange(data({ encoding: encoding.zstd })),
      inRange(compressed(512 * mib, blockBytes)),
      inRange(compressed(blockBytes - 1, blockBytes)),
    ],
  },
  {
    what: "a block unlike its hash",
    ways: [inRange(data({ hashes: Buffer.alloc(hashBytes, 1) }))],
  },
  { what: "a block called equal that the gateway does not know", ways: [inRange(equal(0, 1))] },
  {
    what: "more blocks than there is credit for",
    // Small ones that claim to be large come all at once.
    ways: [inRange(...Array.from({ length: 9 }, () => compressed(runBytes)))],
  },
  {
    what: "the end of a range before its last block",
    holes: true,
    ways: [inRange(rangeEnd()), inRange(equal(0, blocks - 1), rangeEnd())],
  },
  {
    what: "the end of a range with another digest",
    writes: true,
    ways: [inRange(zero(0, blocks), rangeEnd(Buffer.alloc(32, 1)))],
  },
  {
    what: "anything of a range after its end",
    holes: true,
    ways: [
      inRange(
        equal(0, blocks),
        ({ hasher }) => rangeEnd(zeroRangeDigest(hasher, 3 * mib + 100, 0)),
        rangeEnd(),
      ),
      inRange(
        equal(0, blocks),
        ({ hasher }) => rangeEnd(zeroRangeDigest(hasher, 3 * mib + 100, 0)),
        zero(0, 1),
      ),
    ],
  },
  {
    what: "differs in a session that copies",
    ways: [inRange(encodeDiffers({ ...span(0, 1), written: false }))],
  },
  {
    what: "data or zero in a session that compares",
    mode: "compare",
    ways: [inRange(data()), inRange(zero(0, 1))],
  },
  {
    what: "a probe after the first range, too many, or of too many bytes",
    ways: [
      inRange(encodeProbe(1)),
      () => Array.from({ length: probesPerConnection + 1 }, () => encodeProbe(0)),
      () => Array.from({ length: probeBytesPerConnection / 65536 + 1 }, () => encodeProbe(65536)),
    ],
  },
  {
    what: "a status that is not JSON",
    ways: [() => [encodeFrame(frameType.status, Buffer.from("{"))]],
  },
  {
    what: "an error that names no code, or not as the table of errors does",
    ways: [
      Buffer.from("["),
      Buffer.from("{}"),
      Buffer.from(JSON.stringify({ code: 5, params: {} })),
      Buffer.from(JSON.stringify({ code: "c".repeat(101), params: {} })),
      Buffer.from(JSON.stringify({ code: "disk.vanished", params: { disk: { a: 1 } } })),
      Buffer.from(JSON.stringify({ code: "disk.vanished", params: { disk: "d".repeat(4001) } })),
    ].map((body) => () => [encodeFrame(frameType.error, body)]),
  },
  {
    what: "the end of a pass before every range is acknowledged",
    ends: true,
    ways: [() => [encodePassEnd(0, "00".repeat(32))]],
  },
  {
    what: "the end of a pass with another root",
    ends: true,
    holes: true,
    ways: [() => [encodePassEnd(0, "01".repeat(32))]],
  },
];

test.each(violations.map((row) => [row.what, row] as const))(
  "after the welcome: %s",
  async (_, { ways, ends, writes, ...wish }) => {
    const { sessionId, pair } = await openSession(wish);
    const before = await volumeSha(pair);
    for (const way of ways) {
      const warnings = logged("broke the protocol");
      const stream = await dial();
      stream.send(hello(sessionId));
      const { volumes } = welcome.parse(JSON.parse(String(await stream.next(frameType.welcome))));
      const enemy = { stream, pair, hasher: new BlockHasher(volumes[0]?.hashKey ?? "") };
      stream.send(Buffer.concat(await way(enemy)));

      expect(await endOf(stream)).toBe("wire.protocol");

      if (ends === undefined) expect(logged("broke the protocol") - warnings).toBe(1);
      expect(receiver.state(sessionId)?.state).toBe(ends === undefined ? "running" : "failed");
      if (writes === undefined) expect(await volumeSha(pair)).toBe(before);
      await expectBystanderUnharmed();
    }
    if (ends !== undefined || wish.mode === "compare") return;
    // Nothing of it was believed.
    await copy(scene, [pair], { sessionId, port: receiver.port });
    expect(await volumeSha(pair)).toBe(await sha256(pair.diskPath, pair.sizeBytes));
  },
);

test("an agent's last word is kept so that a gateway can start again, also one of a code that it does not know", async () => {
  const own = await startGateway(scene, { stateName: "own" });
  const pair = await makePair(scene, "own", mib, []);
  await own.open("own", receiverOrderOf(scene, [pair]));
  const stream = await RawStream.dial(scene.agent, own.port);
  stream.send(hello("own"));
  await stream.next(frameType.welcome);
  stream.send(
    encodeJson(frameType.error, { code: "of.tomorrow", params: { disk: "d".repeat(4000) } }),
  );
  await own.waitForEnd("own");
  await own.close();

  const again = await startGateway(scene, { stateName: "own" });

  expect(again.state("own")).toMatchObject({ state: "failed", error: { code: "of.tomorrow" } });
  await again.close();
});

test("docs/wire-protocol.md lists what is tested here, and nothing else", () => {
  expect(violationsUnder("By whoever dials, before the welcome")).toEqual(
    strangers.map(([what]) => what),
  );
  expect(violationsUnder("By an agent, after the welcome")).toEqual(
    violations.map(({ what }) => what),
  );
});
