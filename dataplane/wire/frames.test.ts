import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FrameReader } from "./frame-reader.ts";
import {
  agentFrameLimits,
  decodeAcknowledged,
  decodeCredit,
  decodeData,
  decodeHashes,
  decodeHello,
  decodeOpenRange,
  decodePassEnd,
  decodeRangeEnd,
  decodeSpan,
  decodeVolumeDone,
  encodeAcknowledged,
  encodeCredit,
  encodeDataHead,
  encodeFrame,
  encodeHashes,
  encodeHello,
  encodeKeepAlive,
  encodeOpenRange,
  encodePassEnd,
  encodeRangeEnd,
  encodeSpan,
  encodeVolumeDone,
  encoding,
  type FrameType,
  frameType,
  gatewayFrameLimits,
  headerBytes,
  maxDataBodyBytes,
  WireViolation,
} from "./frames.ts";
import { blockBytes } from "./geometry.ts";

const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const bytes = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((array) => Buffer.from(array));
const ref = fc.record({ volume: u16, range: u32 });
const span = fc
  .record({ volume: u16, range: u32, firstBlock: fc.integer({ min: 0, max: 1023 }) })
  .chain((at) =>
    fc.integer({ min: 1, max: 1024 - at.firstBlock }).map((count) => ({ ...at, count })),
  );

function bodyOf(frame: Buffer): Buffer {
  expect(frame.readUInt32BE(0)).toBe(frame.length - headerBytes);
  return frame.subarray(headerBytes);
}

describe("what is encoded is decoded alike", () => {
  test("hello", () => {
    fc.assert(
      fc.property(
        fc.record({
          version: u16,
          stream: u16,
          blockBytes: u32,
          blocksPerRange: u32,
          passId: bytes(16).map((id) => id.toString("hex")),
          sessionId: fc.string({ minLength: 1, maxLength: 40, unit: "binary" }),
        }),
        (hello) => {
          expect(decodeHello(bodyOf(encodeHello(hello)))).toEqual(hello);
        },
      ),
    );
  });

  test("open range, range end, spans, acknowledgements", () => {
    fc.assert(
      fc.property(ref, span, bytes(32), u32, (at, blocks, digest, writtenBytes) => {
        expect(decodeOpenRange(bodyOf(encodeOpenRange(at)))).toEqual(at);
        expect(decodeRangeEnd(bodyOf(encodeRangeEnd(at, digest)))).toEqual({ ...at, digest });
        expect(decodeSpan(bodyOf(encodeSpan(frameType.zero, blocks)))).toEqual(blocks);
        expect(decodeAcknowledged(bodyOf(encodeAcknowledged(at, writtenBytes)))).toEqual({
          ...at,
          writtenBytes,
        });
      }),
    );
  });

  test("pass end, credit, volume done", () => {
    fc.assert(
      fc.property(
        u16,
        bytes(32),
        u32,
        fc.integer({ min: 0, max: 2 }),
        (volume, digest, credit, busy) => {
          const root = digest.toString("hex");
          expect(decodePassEnd(bodyOf(encodePassEnd(volume, root)))).toEqual({ volume, root });
          expect(decodeCredit(bodyOf(encodeCredit(credit, busy)))).toEqual({ bytes: credit, busy });
          expect(decodeVolumeDone(bodyOf(encodeVolumeDone(volume)))).toBe(volume);
        },
      ),
    );
  });

  test("hashes and data", () => {
    fc.assert(
      fc.property(ref, bytes(48), bytes(100), (at, hashes, payload) => {
        const listed = { ...at, knowledge: 2, hashes };
        const head = {
          ...at,
          firstBlock: 7,
          count: 3,
          encoding: encoding.zstd,
          rawBytes: 3 * blockBytes,
        };
        expect(decodeHashes(bodyOf(encodeHashes(listed)))).toEqual(listed);
        expect(
          decodeData(
            bodyOf(Buffer.concat([encodeDataHead(head, hashes, payload.length), payload])),
          ),
        ).toEqual({
          ...head,
          hashes,
          payload,
        });
      }),
    );
  });
});

describe("hostile bodies", () => {
  const decoders = [
    decodeHello,
    decodeOpenRange,
    decodeSpan,
    decodeData,
    decodeRangeEnd,
    decodePassEnd,
    decodeHashes,
    decodeCredit,
    decodeAcknowledged,
    decodeVolumeDone,
  ];

  test("are refused as such, never with another error", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...decoders),
        fc.uint8Array({ maxLength: 300 }),
        (decode, array) => {
          try {
            decode(Buffer.from(array));
          } catch (error) {
            expect(error).toBeInstanceOf(WireViolation);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  test("that claim more blocks than lie in a range, or a payload larger than its blocks, are refused", () => {
    const head = {
      volume: 0,
      range: 0,
      firstBlock: 0,
      count: 1,
      encoding: encoding.raw,
      rawBytes: 10,
    };
    const grown = Buffer.concat([encodeDataHead(head, Buffer.alloc(16), 11), Buffer.alloc(11)]);
    expect(() => decodeData(bodyOf(grown))).toThrow(WireViolation);
    const beyond = encodeSpan(frameType.equal, {
      volume: 0,
      range: 0,
      firstBlock: 1000,
      count: 25,
    });
    expect(() => decodeSpan(bodyOf(beyond))).toThrow(WireViolation);
  });
});

const anyFrame = fc
  .constantFrom(...agentFrameLimits.keys())
  .chain((type) =>
    fc
      .uint8Array({ maxLength: Math.min(agentFrameLimits.get(type) ?? 0, 2000) })
      .map((body) => ({ type: type as FrameType, body: Buffer.from(body) })),
  );

describe("a frame reader", () => {
  test("gives the same frames wherever the stream is cut", () => {
    fc.assert(
      fc.property(
        fc.array(anyFrame, { maxLength: 6 }),
        fc.array(fc.nat(12_000), { maxLength: 20 }),
        (frames, cuts) => {
          const stream = Buffer.concat(frames.map(({ type, body }) => encodeFrame(type, body)));
          const places = [
            0,
            ...cuts.map((cut) => Math.min(cut, stream.length)),
            stream.length,
          ].sort((a, b) => a - b);

          const reader = new FrameReader(agentFrameLimits);
          const found = places
            .slice(1)
            .flatMap((end, index) => reader.push(stream.subarray(places[index], end)));

          expect(found).toEqual(frames);
          expect(reader.isInsideFrame).toBe(false);
        },
      ),
    );
  });

  test("gives the same frames byte by byte, and knows when it is inside one", () => {
    const stream = Buffer.concat([encodeKeepAlive(), encodeOpenRange({ volume: 1, range: 2 })]);
    const reader = new FrameReader(agentFrameLimits);

    const found = [...stream.subarray(0, -1)].flatMap((byte) => reader.push(Buffer.from([byte])));

    expect(found.map(({ type }) => type)).toEqual([frameType.keepAlive]);
    expect(reader.isInsideFrame).toBe(true);
    expect(reader.push(stream.subarray(-1))).toHaveLength(1);
  });

  test("takes no memory for a length beyond the limit of its type", () => {
    for (const limits of [agentFrameLimits, gatewayFrameLimits]) {
      for (const [type, limit] of limits) {
        let asked = 0;
        const reader = new FrameReader(limits, (_, length) => {
          asked += length;
          return undefined;
        });
        const header = Buffer.alloc(headerBytes);
        header.writeUInt32BE(limit + 1, 0);
        header.writeUInt8(type, 4);

        expect(() => reader.push(header)).toThrow(WireViolation);
        expect(asked).toBe(0);
      }
    }
    expect(Math.max(...agentFrameLimits.values())).toBe(maxDataBodyBytes);
  });

  test("refuses arbitrary bytes or reads frames, and never throws anything else", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 10 }), (chunks) => {
        const reader = new FrameReader(gatewayFrameLimits);
        try {
          for (const chunk of chunks) reader.push(Buffer.from(chunk));
        } catch (error) {
          expect(error).toBeInstanceOf(WireViolation);
        }
      }),
    );
  });
});
