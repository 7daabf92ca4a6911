import { setTimeout as delay } from "node:timers/promises";
import {
  type BlockHasher,
  hashBytes,
  isUnknown,
  isZero,
  sameHash,
} from "#dataplane/wire/block-hash.ts";
import {
  type BlockSpan,
  encodeDataHead,
  encodeDiffers,
  encodeSpan,
  encoding,
  frameType,
} from "#dataplane/wire/frames.ts";
import { blockBytes, blocksPerRun, runBytes } from "#dataplane/wire/geometry.ts";
import { rangeDigest } from "#dataplane/wire/hash-tree.ts";
import { hasBlock } from "../tracking/block-set.ts";
import type { Compression } from "./compression.ts";
import type { Line } from "./line.ts";
import type { Pacing } from "./pacing.ts";
import type { TimeSpent } from "./time-spent.ts";

type SpanType =
  | typeof frameType.zero
  | typeof frameType.equal
  | typeof differs
  | typeof differsWritten;

/** A block of a run is sent, or only named. */
const isData = 0;
const differs = frameType.differs;
/** The same, and the kernel told of a write there since the last pass. */
const differsWritten = 0x100 + frameType.differs;

/** What a comparison knows of a range: blocks written since the last pass, where that is tracked. */
export interface Comparing {
  readonly written: Uint8Array | undefined;
}

export interface SendingTools {
  line: Line;
  /** Of the volume's blocks. */
  hasher: BlockHasher;
  compression: Compression;
  pacing: Pacing;
  time: TimeSpent;
}

/** Turns the runs of one range into frames: blocks that differ as data, all others as spans. */
export class RangeSender {
  readonly #tools: SendingTools;
  readonly #volume: number;
  readonly #range: number;
  /** What the gateway has. */
  readonly #known: Buffer;
  /** What this pass read. */
  readonly #hashes: Buffer;
  readonly #comparing: Comparing | undefined;
  #span: { type: SpanType; firstBlock: number; count: number } | undefined;
  /** The first block that was not spoken of yet. */
  #next = 0;
  readBytes = 0;
  changedBytes = 0;

  /** @param comparing given where blocks that differ are named and not sent */
  constructor(
    tools: SendingTools,
    volume: number,
    range: number,
    known: Buffer,
    comparing?: Comparing,
  ) {
    this.#comparing = comparing;
    this.#tools = tools;
    this.#volume = volume;
    this.#range = range;
    this.#known = known;
    this.#hashes = Buffer.alloc(known.length);
  }

  /**
   * One run, from `firstBlock` of the range on. Returns when all its frames are on their way; `taken`
   * resolves when the run's memory may be used again.
   */
  async send(run: Buffer, firstBlock: number): Promise<{ taken: Promise<unknown> }> {
    this.#next = firstBlock + Math.ceil(run.length / blockBytes);
    this.readBytes += run.length;
    const blocks = Math.ceil(run.length / blockBytes);
    const kinds: number[] = [];
    for (let index = 0; index < blocks; index += 1) {
      kinds.push(
        this.#classify(
          run.subarray(index * blockBytes, (index + 1) * blockBytes),
          firstBlock + index,
        ),
      );
    }

    const sent: Promise<void>[] = [];
    for (let index = 0; index < blocks; ) {
      const kind = kinds[index];
      let end = index + 1;
      while (end < blocks && kinds[end] === kind) end += 1;
      if (isSpan(kind)) {
        this.#addToSpan(kind, firstBlock + index, end - index);
      } else {
        this.#flushSpan();
        end = Math.min(end, index + blocksPerFrame(this.#tools.pacing.rateBytesPerSecond));
        const bytes = run.subarray(index * blockBytes, end * blockBytes);
        sent.push((await this.#sendData(bytes, firstBlock + index, end - index)).taken);
      }
      index = end;
    }
    return { taken: Promise.all(sent) };
  }

  /**
   * Blocks that were not read, up to but not with this one, stay as the gateway has them. Where it does not know
   * them nobody needs them, and they become zeros.
   */
  keepUntil(block: number): void {
    for (; this.#next < block; this.#next += 1) {
      const at = this.#next * hashBytes;
      const isNew = isUnknown(this.#known, this.#next);
      if (isNew && this.#comparing !== undefined) {
        this.#addToSpan(differs, this.#next, 1);
      } else if (isNew) {
        this.#tools.hasher.zeroHash(blockBytes).copy(this.#hashes, at);
        this.#addToSpan(frameType.zero, this.#next, 1);
      } else {
        this.#known.copy(this.#hashes, at, at, at + hashBytes);
        this.#addToSpan(frameType.equal, this.#next, 1);
      }
    }
  }

  /** The digest of everything read or kept, after the last run. */
  finish(): Buffer {
    this.#flushSpan();
    return rangeDigest(this.#hashes);
  }

  #classify(block: Buffer, index: number): number {
    const { hasher } = this.#tools;
    const zero = isZero(block);
    if (zero) hasher.zeroHash(block.length).copy(this.#hashes, index * hashBytes);
    else hasher.hashInto(block, this.#hashes, index * hashBytes);
    if (!isUnknown(this.#known, index) && sameHash(this.#hashes, index, this.#known, index))
      return frameType.equal;
    this.changedBytes += block.length;
    if (this.#comparing === undefined) return zero ? frameType.zero : isData;
    // The range's digest is of what the gateway listed.
    this.#known.copy(this.#hashes, index * hashBytes, index * hashBytes, (index + 1) * hashBytes);
    const { written } = this.#comparing;
    return written !== undefined && hasBlock(written, index) ? differsWritten : differs;
  }

  #addToSpan(type: SpanType, firstBlock: number, count: number): void {
    if (this.#span?.type === type) {
      this.#span.count += count;
      return;
    }
    this.#flushSpan();
    this.#span = { type, firstBlock, count };
  }

  #flushSpan(): void {
    if (this.#span === undefined) return;
    const { type, firstBlock, count } = this.#span;
    const span = { volume: this.#volume, range: this.#range, firstBlock, count };
    this.#tools.line.send(
      type === frameType.zero || type === frameType.equal
        ? encodeSpan(type, span)
        : encodeDiffers({ ...span, written: type === differsWritten }),
    );
    this.#span = undefined;
  }

  async #sendData(
    bytes: Buffer,
    firstBlock: number,
    count: number,
  ): Promise<{ taken: Promise<void> }> {
    const { line, compression, pacing, time } = this.#tools;
    const smaller = compression.compress(bytes);
    const lineWaitedMs = await this.#waitForCredit(bytes.length);
    const payload = smaller ?? bytes;
    const waitMs = pacing.book(payload.length);
    if (waitMs > 0) await time.waiting("limit", delay(waitMs));

    const span: BlockSpan = { volume: this.#volume, range: this.#range, firstBlock, count };
    const hashes = this.#hashes.subarray(firstBlock * hashBytes, (firstBlock + count) * hashBytes);
    const head = encodeDataHead(
      {
        ...span,
        encoding: smaller === undefined ? encoding.raw : encoding.zstd,
        rawBytes: bytes.length,
      },
      hashes,
      payload.length,
    );
    line.creditBytes -= bytes.length;
    compression.sent(bytes.length, lineWaitedMs + waitMs);
    if (smaller !== undefined) {
      line.send(head, smaller);
      return { taken: Promise.resolve() };
    }
    const taken = Promise.withResolvers<void>();
    line.send(head, bytes, taken.resolve);
    return { taken: taken.promise };
  }

  /** How long it waited for the line; waiting for the gateway's CPU or volume does not count. */
  async #waitForCredit(bytes: number): Promise<number> {
    const { line, time } = this.#tools;
    const { waitedMs } = await time.waiting(
      () => line.heldUpBy,
      line.until(() => line.creditBytes >= bytes && line.queuedBytes < 2 * runBytes),
    );
    return line.heldUpBy === "line" ? waitedMs : 0;
  }
}

function isSpan(kind: number | undefined): kind is SpanType {
  return kind !== undefined && kind !== isData;
}

/** Small frames on a line with a limit, to keep it even: at most an eighth of a second's worth at a time. */
function blocksPerFrame(rateBytesPerSecond: number): number {
  if (rateBytesPerSecond === 0) return blocksPerRun;
  return Math.max(1, Math.min(blocksPerRun, Math.floor(rateBytesPerSecond / 8 / blockBytes)));
}
