/**
 * Frames, as `docs/wire-protocol.md` has them. All numbers are big endian.
 *
 *   | offset | length | meaning              |
 *   |      0 |      4 | length of the body   |
 *   |      4 |      1 | type                 |
 *   |      5 |      3 | zero                 |
 *   |      8 |      … | body                 |
 */

import { hashBytes } from "./block-hash.ts";
import { blockBytes, blocksPerRange, blocksPerRun, runBytes } from "./geometry.ts";
import { digestBytes } from "./hash-tree.ts";

export const protocolMagic = "HMWP";
export const protocolVersion = 2;
export const headerBytes = 8;

export const frameType = {
  hello: 1,
  openRange: 2,
  data: 3,
  zero: 4,
  equal: 5,
  rangeEnd: 6,
  passEnd: 7,
  error: 8,
  keepAlive: 9,
  status: 10,
  probe: 11,
  differs: 12,
  welcome: 64,
  hashes: 65,
  credit: 66,
  acknowledged: 67,
  volumeDone: 68,
  probed: 69,
} as const;
export type FrameType = (typeof frameType)[keyof typeof frameType];

const dataHeadBytes = 16;
/** The longest body of a data frame: head, hashes, and a payload never larger than what it stands for. */
export const maxDataBodyBytes = dataHeadBytes + blocksPerRun * hashBytes + runBytes;

/**
 * Where the blocks begin in a data frame's body of this length, if it holds whole blocks as they are;
 * for another body any number that lies in it.
 */
export function rawPayloadOffset(bodyBytes: number): number {
  const count = Math.floor((bodyBytes - dataHeadBytes) / (hashBytes + blockBytes));
  return dataHeadBytes + Math.min(blocksPerRun, Math.max(0, count)) * hashBytes;
}

/** The longest body of each type that an agent may send; other types are refused. */
export const agentFrameLimits: ReadonlyMap<number, number> = new Map([
  [frameType.hello, 512],
  [frameType.openRange, 8],
  [frameType.data, maxDataBodyBytes],
  [frameType.zero, 12],
  [frameType.equal, 12],
  [frameType.differs, 12],
  [frameType.rangeEnd, 8 + digestBytes],
  [frameType.passEnd, 4 + digestBytes],
  [frameType.error, 16 * 1024],
  [frameType.keepAlive, 0],
  [frameType.status, 64 * 1024],
  [frameType.probe, 64 * 1024],
]);

/** The same for a gateway. */
export const gatewayFrameLimits: ReadonlyMap<number, number> = new Map([
  [frameType.welcome, 64 * 1024],
  [frameType.hashes, 8 + blocksPerRange * hashBytes],
  [frameType.credit, 8],
  [frameType.acknowledged, 12],
  [frameType.volumeDone, 4],
  [frameType.probed, 8],
  [frameType.error, 16 * 1024],
  [frameType.keepAlive, 0],
]);

/** What came over the line is no frame of this protocol. Both sides turn it into `wire.protocol`. */
export class WireViolation extends Error {
  override readonly name = "WireViolation";
}

/** A frame with its header in front, ready to be written. */
export function encodeFrame(type: FrameType, body: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(headerBytes + body.length);
  writeHeader(frame, type, body.length);
  body.copy(frame, headerBytes);
  return frame;
}

function writeHeader(frame: Buffer, type: FrameType, bodyBytes: number): void {
  frame.writeUInt32BE(bodyBytes, 0);
  frame.writeUInt32BE(type * 2 ** 24, 4);
}

function fixedFrame(type: FrameType, bodyBytes: number): Buffer {
  const frame = Buffer.alloc(headerBytes + bodyBytes);
  writeHeader(frame, type, bodyBytes);
  return frame;
}

function requireLength(body: Buffer, lengthBytes: number, what: string): void {
  if (body.length !== lengthBytes) {
    throw new WireViolation(`${what}: a frame of ${body.length} bytes, it has ${lengthBytes}`);
  }
}

// --- JSON bodies: error, status, welcome ---

export function encodeJson(type: FrameType, value: unknown): Buffer {
  return encodeFrame(type, Buffer.from(JSON.stringify(value)));
}

export function decodeJson(body: Buffer, what: string): unknown {
  try {
    return JSON.parse(body.toString("utf8"));
  } catch (cause) {
    throw new WireViolation(`${what}: a frame that is not JSON`, { cause });
  }
}

export function encodeKeepAlive(): Buffer {
  return fixedFrame(frameType.keepAlive, 0);
}

// --- hello ---
//   | offset | length | meaning                                                        |
//   |      0 |      4 | "HMWP"                                                         |
//   |      4 |      2 | version, 2                                                     |
//   |      6 |      2 | number of this stream, for logs                                |
//   |      8 |      4 | block size, 65536                                              |
//   |     12 |      4 | blocks per range, 1024                                         |
//   |     16 |     16 | pass id: random, one per pass of the agent over the disks      |
//   |     32 |      … | session id, UTF-8, 1 to 200 bytes                              |

export const passIdBytes = 16;

export interface Hello {
  version: number;
  stream: number;
  blockBytes: number;
  blocksPerRange: number;
  /** 16 random bytes, hex. */
  passId: string;
  sessionId: string;
}

export function encodeHello(hello: Hello): Buffer {
  const sessionId = Buffer.from(hello.sessionId);
  const body = Buffer.alloc(32 + sessionId.length);
  body.write(protocolMagic, 0, "latin1");
  body.writeUInt16BE(hello.version, 4);
  body.writeUInt16BE(hello.stream, 6);
  body.writeUInt32BE(hello.blockBytes, 8);
  body.writeUInt32BE(hello.blocksPerRange, 12);
  body.write(hello.passId, 16, passIdBytes, "hex");
  sessionId.copy(body, 32);
  return encodeFrame(frameType.hello, body);
}

export function decodeHello(body: Buffer): Hello {
  if (body.length < 33 || body.length > 232 || body.toString("latin1", 0, 4) !== protocolMagic) {
    throw new WireViolation("the first frame is no hello of this protocol");
  }
  return {
    version: body.readUInt16BE(4),
    stream: body.readUInt16BE(6),
    blockBytes: body.readUInt32BE(8),
    blocksPerRange: body.readUInt32BE(12),
    passId: body.toString("hex", 16, 32),
    sessionId: body.toString("utf8", 32),
  };
}

// --- one range ---

export interface RangeRef {
  /** Number of the volume in the welcome. */
  volume: number;
  range: number;
}

//   open range:  volume u16 | zero u16 | range u32

export function encodeOpenRange(ref: RangeRef): Buffer {
  const frame = fixedFrame(frameType.openRange, 8);
  writeRef(frame, ref);
  return frame;
}

export function decodeOpenRange(body: Buffer): RangeRef {
  requireLength(body, 8, "open range");
  return readRef(body);
}

function writeRef(frame: Buffer, ref: RangeRef): void {
  frame.writeUInt16BE(ref.volume, headerBytes);
  frame.writeUInt32BE(ref.range, headerBytes + 4);
}

function readRef(body: Buffer): RangeRef {
  return { volume: body.readUInt16BE(0), range: body.readUInt32BE(4) };
}

// --- zero, equal and differs: volume u16 | first block u16 | range u32 | count u16 | flags u16 ---

export interface BlockSpan extends RangeRef {
  /** Within the range. */
  firstBlock: number;
  count: number;
}

export function encodeSpan(
  type: typeof frameType.zero | typeof frameType.equal,
  span: BlockSpan,
): Buffer {
  return spanFrame(type, span);
}

function spanFrame(type: FrameType, span: BlockSpan): Buffer {
  const frame = fixedFrame(type, 12);
  writeRef(frame, span);
  frame.writeUInt16BE(span.firstBlock, headerBytes + 2);
  frame.writeUInt16BE(span.count, headerBytes + 8);
  return frame;
}

export interface DifferingSpan extends BlockSpan {
  /** The source's kernel told of a write there since the last pass: flag 1. */
  written: boolean;
}

export function encodeDiffers(span: DifferingSpan): Buffer {
  const frame = spanFrame(frameType.differs, span);
  frame.writeUInt16BE(span.written ? 1 : 0, headerBytes + 10);
  return frame;
}

export function decodeDiffers(body: Buffer): DifferingSpan {
  const span = decodeSpan(body);
  return { ...span, written: body.readUInt16BE(10) === 1 };
}

export function decodeSpan(body: Buffer): BlockSpan {
  requireLength(body, 12, "zero, equal or differs");
  const span = { ...readRef(body), firstBlock: body.readUInt16BE(2), count: body.readUInt16BE(8) };
  if (span.count === 0 || span.firstBlock + span.count > blocksPerRange) {
    throw new WireViolation(`${span.count} blocks from ${span.firstBlock} do not lie in a range`);
  }
  return span;
}

// --- data ---
//   | offset | length     | meaning                                                       |
//   |      0 |          2 | volume                                                        |
//   |      2 |          2 | first block in the range                                      |
//   |      4 |          4 | range                                                         |
//   |      8 |          1 | encoding: 0 as it is, 1 zstd                                  |
//   |      9 |          1 | count of blocks, 1 to 16                                      |
//   |     10 |          2 | zero                                                          |
//   |     12 |          4 | bytes of the blocks before encoding                           |
//   |     16 | 16 × count | hash of each block                                            |
//   |      … |          … | the blocks, encoded; never longer than before encoding        |

export const encoding = { raw: 0, zstd: 1 } as const;

export interface DataHead extends BlockSpan {
  encoding: number;
  rawBytes: number;
}

/** Everything of a data frame but its payload, which is written after it. */
export function encodeDataHead(head: DataHead, hashes: Buffer, payloadBytes: number): Buffer {
  const frame = fixedFrame(frameType.data, dataHeadBytes + hashes.length);
  frame.writeUInt32BE(dataHeadBytes + hashes.length + payloadBytes, 0);
  writeRef(frame, head);
  frame.writeUInt16BE(head.firstBlock, headerBytes + 2);
  frame.writeUInt8(head.encoding, headerBytes + 8);
  frame.writeUInt8(head.count, headerBytes + 9);
  frame.writeUInt32BE(head.rawBytes, headerBytes + 12);
  hashes.copy(frame, headerBytes + dataHeadBytes);
  return frame;
}

export interface DataFrame extends DataHead {
  hashes: Buffer;
  payload: Buffer;
}

/** Hashes and payload are views of the body. */
export function decodeData(body: Buffer): DataFrame {
  if (body.length < dataHeadBytes) throw new WireViolation("a data frame without its head");
  const head = {
    ...readRef(body),
    firstBlock: body.readUInt16BE(2),
    encoding: body.readUInt8(8),
    count: body.readUInt8(9),
    rawBytes: body.readUInt32BE(12),
  };
  const payloadAt = dataHeadBytes + head.count * hashBytes;
  if (
    head.count === 0 ||
    head.count > blocksPerRun ||
    head.firstBlock + head.count > blocksPerRange
  ) {
    throw new WireViolation(`a data frame of ${head.count} blocks from ${head.firstBlock}`);
  }
  const payloadBytes = body.length - payloadAt;
  const fits =
    head.encoding === encoding.raw ? payloadBytes === head.rawBytes : payloadBytes <= head.rawBytes;
  if (head.rawBytes > runBytes || payloadBytes <= 0 || !fits) {
    throw new WireViolation(`a data frame with ${payloadBytes} bytes for ${head.rawBytes}`);
  }
  if (head.encoding !== encoding.raw && head.encoding !== encoding.zstd) {
    throw new WireViolation(`a data frame in the unknown encoding ${head.encoding}`);
  }
  return {
    ...head,
    hashes: body.subarray(dataHeadBytes, payloadAt),
    payload: body.subarray(payloadAt),
  };
}

// --- range end: volume u16 | zero u16 | range u32 | digest of the range, 32 ---

export function encodeRangeEnd(ref: RangeRef, digest: Buffer): Buffer {
  const frame = fixedFrame(frameType.rangeEnd, 8 + digestBytes);
  writeRef(frame, ref);
  digest.copy(frame, headerBytes + 8);
  return frame;
}

export function decodeRangeEnd(body: Buffer): RangeRef & { digest: Buffer } {
  requireLength(body, 8 + digestBytes, "range end");
  return { ...readRef(body), digest: Buffer.from(body.subarray(8)) };
}

// --- pass end: volume u16 | zero u16 | root of the hash tree, 32 ---

export function encodePassEnd(volume: number, root: string): Buffer {
  const frame = fixedFrame(frameType.passEnd, 4 + digestBytes);
  frame.writeUInt16BE(volume, headerBytes);
  frame.write(root, headerBytes + 4, digestBytes, "hex");
  return frame;
}

export function decodePassEnd(body: Buffer): { volume: number; root: string } {
  requireLength(body, 4 + digestBytes, "pass end");
  return { volume: body.readUInt16BE(0), root: body.toString("hex", 4) };
}

// --- hashes: volume u16 | state u8 | zero u8 | range u32 | 16 bytes per block when listed ---

/** What the gateway knows of a range. */
export const rangeKnowledge = { unknown: 0, zero: 1, listed: 2 } as const;

export interface Hashes extends RangeRef {
  knowledge: number;
  /** Empty unless listed. A block that is not known has 16 zero bytes. */
  hashes: Buffer;
}

export function encodeHashes(message: Hashes): Buffer {
  const frame = fixedFrame(frameType.hashes, 8 + message.hashes.length);
  writeRef(frame, message);
  frame.writeUInt8(message.knowledge, headerBytes + 2);
  message.hashes.copy(frame, headerBytes + 8);
  return frame;
}

export function decodeHashes(body: Buffer): Hashes {
  if (body.length < 8) throw new WireViolation("a hashes frame without its head");
  const knowledge = body.readUInt8(2);
  const hashes = body.subarray(8);
  const isListed = knowledge === rangeKnowledge.listed;
  if (
    knowledge > rangeKnowledge.listed ||
    hashes.length % hashBytes !== 0 ||
    isListed !== hashes.length > 0
  ) {
    throw new WireViolation(`a hashes frame of ${hashes.length} bytes in state ${knowledge}`);
  }
  return { ...readRef(body), knowledge, hashes };
}

// --- credit: bytes u32, counted before encoding | busy with u8 | zero, 3 ---

/** What the gateway spent most of the last second on; names a bottleneck. */
export const busyWith = { waiting: 0, computing: 1, volume: 2 } as const;

export function encodeCredit(bytes: number, busy: number): Buffer {
  const frame = fixedFrame(frameType.credit, 8);
  frame.writeUInt32BE(bytes, headerBytes);
  frame.writeUInt8(busy, headerBytes + 4);
  return frame;
}

export function decodeCredit(body: Buffer): { bytes: number; busy: number } {
  requireLength(body, 8, "credit");
  return { bytes: body.readUInt32BE(0), busy: body.readUInt8(4) };
}

// --- acknowledged: volume u16 | zero u16 | range u32 | bytes written to the volume for it u32 ---

export function encodeAcknowledged(ref: RangeRef, writtenBytes: number): Buffer {
  const frame = fixedFrame(frameType.acknowledged, 12);
  writeRef(frame, ref);
  frame.writeUInt32BE(writtenBytes, headerBytes + 8);
  return frame;
}

export function decodeAcknowledged(body: Buffer): RangeRef & { writtenBytes: number } {
  requireLength(body, 12, "acknowledged");
  return { ...readRef(body), writtenBytes: body.readUInt32BE(8) };
}

// --- volume done: volume u16 | zero u16 ---

export function encodeVolumeDone(volume: number): Buffer {
  const frame = fixedFrame(frameType.volumeDone, 4);
  frame.writeUInt16BE(volume, headerBytes);
  return frame;
}

export function decodeVolumeDone(body: Buffer): number {
  requireLength(body, 4, "volume done");
  return body.readUInt16BE(0);
}

// --- probe: bytes that mean nothing; probed: bytes of probes u32 | microseconds since the first u32 ---

export function encodeProbe(bytes: number): Buffer {
  return fixedFrame(frameType.probe, bytes);
}

export function encodeProbed(bytes: number, microseconds: number): Buffer {
  const frame = fixedFrame(frameType.probed, 8);
  frame.writeUInt32BE(bytes, headerBytes);
  frame.writeUInt32BE(Math.min(microseconds, 2 ** 32 - 1), headerBytes + 4);
  return frame;
}

export function decodeProbed(body: Buffer): { bytes: number; microseconds: number } {
  requireLength(body, 8, "probed");
  return { bytes: body.readUInt32BE(0), microseconds: body.readUInt32BE(4) };
}
