/** Whatever a gateway may not send, as docs/wire-protocol.md lists it, against an agent that is to copy to it. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { copy, makePair, makeScene, type Pair, type Scene } from "./copy-harness.ts";
import type { RawStream } from "./raw-agent.ts";
import { startRawGateway } from "./raw-gateway.ts";
import { violationsUnder } from "./violations-table.ts";
import { hashBytes } from "./wire/block-hash.ts";
import {
  encodeAcknowledged,
  encodeCredit,
  encodeFrame,
  encodeHashes,
  encodeJson,
  encodeKeepAlive,
  encodeProbed,
  encodeVolumeDone,
  frameType,
  rangeKnowledge,
} from "./wire/frames.ts";
import { createIdentity } from "./wire/identity.ts";

const mib = 1024 ** 2;
const sizeBytes = 2 * mib;
const blocks = 32;

let scene: Scene;
let pair: Pair;

beforeAll(async () => {
  scene = await makeScene();
  pair = await makePair(scene, "a", sizeBytes, [{ offsetBytes: 0, lengthBytes: sizeBytes }]);
});

afterAll(async () => {
  await scene[Symbol.asyncDispose]();
});

function welcomeWith(change: object = {}, ofVolume: object = {}): Buffer {
  const volume = { volumeId: pair.volumeId, sizeBytes, hashKey: "00".repeat(16), done: false };
  return encodeJson(frameType.welcome, {
    version: 2,
    volumes: [{ ...volume, ...ofVolume }],
    ...change,
  });
}

const range = { volume: 0, range: 0 };
const unknown = { ...range, knowledge: rangeKnowledge.unknown, hashes: Buffer.alloc(0) };

/** A right answer to each question, up to the hashes of the range. */
async function welcomeAgent(stream: RawStream): Promise<void> {
  stream.send(welcomeWith(), encodeCredit(8 * mib, 0));
  await stream.next(frameType.openRange);
}

/** As a gateway whose hello has come. */
type Way = (stream: RawStream) => void | Promise<void>;

const instead =
  (...frames: (() => Buffer)[]): Way =>
  (stream) =>
    stream.send(...frames.map((frame) => frame()));

const whenAsked =
  (...frames: Buffer[]): Way =>
  async (stream) => {
    await welcomeAgent(stream);
    stream.send(...frames);
  };

/** Its last three bytes are not zero. */
function stray(): Buffer {
  const frame = encodeKeepAlive();
  frame.writeUInt8(1, 7);
  return frame;
}

const violations: [string, Way[]][] = [
  [
    "a frame of a type that is not the gateway's",
    [instead(() => encodeFrame(frameType.openRange, Buffer.alloc(8)))],
  ],
  [
    "a body longer than its type may have",
    [instead(() => encodeFrame(frameType.hashes, Buffer.alloc(16_393)))],
  ],
  ["a header whose last three bytes are not zero", [instead(stray)]],
  [
    "a body of another length than its type has",
    [
      instead(() => encodeFrame(frameType.credit, Buffer.alloc(7))),
      whenAsked(encodeFrame(frameType.acknowledged, Buffer.alloc(11))),
      whenAsked(encodeFrame(frameType.volumeDone, Buffer.alloc(3))),
      whenAsked(encodeFrame(frameType.hashes, Buffer.alloc(7))),
    ],
  ],
  [
    "a welcome that is not JSON, of another shape, or of another version",
    [
      instead(() => encodeFrame(frameType.welcome, Buffer.from("{"))),
      instead(() => encodeJson(frameType.welcome, { version: 2 })),
      instead(() => welcomeWith({ version: 3 })),
      instead(() => welcomeWith({}, { hashKey: "00" })),
    ],
  ],
  [
    "a welcome without the disk's volume, or with it in another size",
    [
      instead(() => welcomeWith({}, { volumeId: "another" })),
      instead(() => welcomeWith({}, { sizeBytes: sizeBytes - 1 })),
    ],
  ],
  [
    "a welcome without the key of a volume that is not done",
    [instead(() => welcomeWith({}, { hashKey: undefined }))],
  ],
  [
    "a second welcome",
    [
      instead(
        () => welcomeWith(),
        () => welcomeWith(),
      ),
    ],
  ],
  [
    "hashes of a range that was not asked for, or twice",
    [
      instead(() => encodeHashes(unknown)),
      whenAsked(encodeHashes({ ...unknown, range: 1 })),
      whenAsked(encodeHashes({ ...unknown, volume: 1 })),
      whenAsked(encodeHashes(unknown), encodeHashes(unknown)),
    ],
  ],
  [
    "hashes of another count than the range has blocks, or in an unknown state",
    [
      whenAsked(
        encodeHashes({
          ...range,
          knowledge: rangeKnowledge.listed,
          hashes: Buffer.alloc(hashBytes),
        }),
      ),
      whenAsked(
        encodeHashes({ ...range, knowledge: rangeKnowledge.listed, hashes: Buffer.alloc(0) }),
      ),
      whenAsked(
        encodeHashes({
          ...range,
          knowledge: rangeKnowledge.zero,
          hashes: Buffer.alloc(blocks * hashBytes),
        }),
      ),
      whenAsked(encodeHashes({ ...unknown, knowledge: 3 })),
    ],
  ],
  [
    "an acknowledgement of a range that is not open, or not ended",
    [
      whenAsked(encodeAcknowledged({ volume: 0, range: 1 }, 0)),
      whenAsked(encodeAcknowledged(range, 0)),
    ],
  ],
  [
    "volume done for a volume whose end of the pass it was not told",
    [whenAsked(encodeVolumeDone(0)), whenAsked(encodeVolumeDone(7))],
  ],
  ["probed to an agent that does not probe", [whenAsked(encodeProbed(1, 1))]],
  [
    "an error that names no code, or not as the table of errors does",
    [
      instead(() => encodeFrame(frameType.error, Buffer.from("["))),
      instead(() => encodeJson(frameType.error, { code: 5, params: {} })),
    ],
  ],
];

test.each(violations)("%s", async (_, ways) => {
  for (const way of ways) {
    const told = Promise.withResolvers<Buffer | undefined>();
    await using gateway = await startRawGateway(scene.gateway, async (stream) => {
      await stream.next(frameType.hello);
      await way(stream);
      told.resolve(await stream.next(frameType.error));
    });

    const copying = copy(scene, [pair], { sessionId: "s1", port: gateway.port });

    await expect(copying).rejects.toMatchObject({ code: "wire.protocol" });
    const facts: unknown = JSON.parse(String(await told.promise));
    expect(facts).toMatchObject({ code: "wire.protocol", params: { peer: "Gateway gateway-1" } });
    // It does not try again.
    expect(gateway.streams).toHaveLength(1);
  }
});

test("another certificate than the order names", async () => {
  await using gateway = await startRawGateway(
    await createIdentity("gateway"),
    async () => undefined,
  );

  const copying = copy(scene, [pair], { sessionId: "s1", port: gateway.port });

  await expect(copying).rejects.toMatchObject({ code: "auth.wrong-certificate" });
  expect(gateway.streams.map(({ heardBytes }) => heardBytes)).toEqual(gateway.streams.map(() => 0));
});

test("a gateway's own certificate is taken when it has expired or is not valid yet: clocks are not trusted", async () => {
  const yearMs = 365 * 24 * 3600 * 1000;
  for (const fromNowMs of [-30 * yearMs, yearMs]) {
    const identity = await createIdentity("gateway", Date.now() + fromNowMs);
    await using gateway = await startRawGateway(identity, async (stream) => {
      await stream.next(frameType.hello);
      stream.send(welcomeWith({}, { done: true }));
    });

    await copy({ ...scene, gateway: identity }, [pair], { sessionId: "s1", port: gateway.port });

    expect(gateway.streams).toHaveLength(1);
  }
});

test("docs/wire-protocol.md lists what is tested here, and nothing else", () => {
  expect(violationsUnder("By a gateway")).toEqual([
    "another certificate than the order names",
    ...violations.map(([what]) => what),
  ]);
});
