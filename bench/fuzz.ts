/** Bytes that nobody means well with, against what reads frames from strangers. */
import { type Frame, FrameReader } from "#dataplane/wire/frame-reader.ts";
import {
  agentFrameLimits,
  decodeAcknowledged,
  decodeCredit,
  decodeData,
  decodeHashes,
  decodeHello,
  decodeJson,
  decodeOpenRange,
  decodePassEnd,
  decodeRangeEnd,
  decodeSpan,
  decodeVolumeDone,
  headerBytes,
  WireViolation,
} from "#dataplane/wire/frames.ts";

export interface Fuzzed {
  readonly frames: number;
  /** Taken for what they say, and refused. */
  readonly decoded: number;
  readonly refused: number;
  readonly peakBytes: number;
}

const decoders: readonly ((body: Buffer) => unknown)[] = [
  decodeAcknowledged,
  decodeCredit,
  decodeData,
  decodeHashes,
  decodeHello,
  (body) => decodeJson(body, "json"),
  decodeOpenRange,
  decodePassEnd,
  decodeRangeEnd,
  decodeSpan,
  decodeVolumeDone,
];
const types = [...agentFrameLimits.keys()];

/**
 * Frames whose header is likely and whose body is not, some cut, some with a header that lies, in pieces of any
 * size. Repeatable by its seed.
 * @throws whatever is no `WireViolation`: then the decoder has a fault
 */
export function fuzzFrames(frames: number, seed = 1): Fuzzed {
  let state = seed;
  const random = (below: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const noise = Buffer.alloc(64 * 1024);
  for (let at = 0; at < noise.length; at += 1) noise[at] = random(256);
  const counts = { decoded: 0, refused: 0 };
  const attempt = (work: () => void) => {
    try {
      work();
      counts.decoded += 1;
    } catch (error) {
      if (!(error instanceof WireViolation)) throw error;
      counts.refused += 1;
    }
  };
  const take = ({ body }: Frame) => attempt(() => decoders[random(decoders.length)]?.(body));
  let reader = new FrameReader(agentFrameLimits);
  for (let frame = 0; frame < frames; frame += 1) {
    const length = random(10) === 0 ? random(2000) : random(64);
    const bytes = Buffer.allocUnsafe(headerBytes + length);
    bytes.writeUInt32BE(random(50) === 0 ? random(2 ** 32) : length, 0);
    bytes.writeUInt32BE((types[random(types.length)] ?? 0) * 2 ** 24, 4);
    if (random(50) === 0) bytes[4 + random(4)] = random(256);
    noise.copy(bytes, headerBytes, random(noise.length - 2000), undefined);
    const cut = random(20) === 0 ? random(bytes.length) : bytes.length;
    try {
      for (const found of reader.push(bytes.subarray(0, cut))) take(found);
      for (const found of reader.push(bytes.subarray(cut))) take(found);
    } catch (error) {
      if (!(error instanceof WireViolation)) throw error;
      counts.refused += 1;
      // As a gateway does: the connection is closed, and the next stranger comes.
      reader = new FrameReader(agentFrameLimits);
    }
  }
  return { frames, ...counts, peakBytes: process.resourceUsage().maxRSS * 1024 };
}
