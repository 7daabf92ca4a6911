import { alignedBuffer } from "#dataplane/wire/aligned-buffer.ts";
import { hashBytes, isUnknown, isZero, sameHash } from "#dataplane/wire/block-hash.ts";
import {
  type BlockSpan,
  type DifferingSpan,
  rangeKnowledge,
  WireViolation,
} from "#dataplane/wire/frames.ts";
import {
  blockBytes,
  blocksInRange,
  blocksLengthBytes,
  blocksPerRun,
  rangeOffsetBytes,
} from "#dataplane/wire/geometry.ts";
import { rangeDigest, zeroHashes } from "#dataplane/wire/hash-tree.ts";
import type { BlockMap } from "./block-map.ts";
import type { FoundSpan } from "./findings.ts";
import { rehash } from "./rehash.ts";
import type { VolumeFile } from "./volume-file.ts";

const scratch = Buffer.alloc(hashBytes);
const zeroRun = alignedBuffer(blocksPerRun * blockBytes);

/** One range of one volume while a connection writes to it. */
export class OpenRange {
  readonly range: number;
  readonly #volumeBytes: number;
  readonly #file: VolumeFile;
  readonly #map: BlockMap;
  /** What the volume will hold once every write so far is done; 16 zero bytes where nobody knows. */
  #hashes: Buffer = Buffer.alloc(0);
  #knowledge: number = rangeKnowledge.unknown;
  #digestBefore: Buffer | undefined;
  #nextBlock = 0;
  #marked: Promise<void> | undefined;
  readonly #writes = new Set<Promise<void>>();
  #failure: unknown;
  writtenBytes = 0;
  /** Of a comparison: what the agent has and the volume has not, in ascending order. */
  readonly differing: FoundSpan[] = [];

  private constructor(file: VolumeFile, map: BlockMap, range: number) {
    this.range = range;
    this.#volumeBytes = map.head.sizeBytes;
    this.#file = file;
    this.#map = map;
  }

  /** Finds out what the range holds, by syncing and reading the volume where the map can't be trusted. */
  static async load(
    file: VolumeFile,
    map: BlockMap,
    range: number,
    syncVolume: () => Promise<void>,
  ): Promise<OpenRange> {
    const loaded = new OpenRange(file, map, range);
    let entry = await map.readRange(range);
    if (entry.state === "open") {
      await syncVolume();
      const found = await rehash(file, map.hasher, map.head.sizeBytes, range);
      await map.seal(range, found.isZero ? "zero" : found.hashes);
      await map.sync();
      entry = { state: found.isZero ? "zero" : "listed", hashes: found.hashes };
    }
    if (entry.state === "zero") {
      loaded.#knowledge = rangeKnowledge.zero;
      loaded.#hashes = zeroHashes(map.hasher, map.head.sizeBytes, range);
    } else if (entry.state === "listed") {
      loaded.#knowledge = rangeKnowledge.listed;
      loaded.#hashes = Buffer.from(entry.hashes);
    } else {
      loaded.#hashes = Buffer.alloc(blocksInRange(map.head.sizeBytes, range) * hashBytes);
    }
    if (loaded.#knowledge !== rangeKnowledge.unknown)
      loaded.#digestBefore = rangeDigest(loaded.#hashes);
    return loaded;
  }

  /** As it is told to the agent. */
  get knowledge(): { knowledge: number; hashes: Buffer } {
    const isListed = this.#knowledge === rangeKnowledge.listed;
    return {
      knowledge: this.#knowledge,
      hashes: isListed ? Buffer.from(this.#hashes) : Buffer.alloc(0),
    };
  }

  /** Bytes of a span, which must follow what came before: each block of a range comes once, in order. */
  take(span: BlockSpan): number {
    const blocks = this.#hashes.length / hashBytes;
    if (span.firstBlock !== this.#nextBlock || span.firstBlock + span.count > blocks) {
      throw new WireViolation(
        `blocks ${span.firstBlock}+${span.count} of range ${this.range}, block ${this.#nextBlock} of ${blocks} is next`,
      );
    }
    this.#nextBlock += span.count;
    return blocksLengthBytes(this.#volumeBytes, this.range, span.firstBlock, span.count);
  }

  /** @throws {WireViolation} when a block is not the one its hash speaks of. */
  check(bytes: Buffer, hashes: Buffer): void {
    for (let index = 0; index * blockBytes < bytes.length; index += 1) {
      const block = bytes.subarray(index * blockBytes, (index + 1) * blockBytes);
      this.#map.hasher.hashInto(block, scratch, 0);
      if (!sameHash(scratch, 0, hashes, index)) throw new WireViolation("a block unlike its hash");
    }
  }

  equal(span: BlockSpan): void {
    this.take(span);
    for (let index = span.firstBlock; index < span.firstBlock + span.count; index += 1) {
      if (isUnknown(this.#hashes, index)) {
        throw new WireViolation(
          `block ${index} of range ${this.range} called equal, but it is not known`,
        );
      }
    }
  }

  /** Nothing is written, and what is known stays: the digest at the end is of what the agent was told. */
  differs(span: DifferingSpan): void {
    this.take(span);
    const { firstBlock, count, written } = span;
    this.differing.push({ firstBlock, count, written });
  }

  /** The blocks read as zeros afterwards. Nothing is written where they do already. */
  async zero(span: BlockSpan): Promise<void> {
    this.take(span);
    if (this.#knowledge === rangeKnowledge.zero) return;
    for (let done = 0; done < span.count; done += blocksPerRun) {
      const firstBlock = span.firstBlock + done;
      await this.#zeroRun(firstBlock, Math.min(blocksPerRun, span.count - done));
    }
  }

  async #zeroRun(firstBlock: number, count: number): Promise<void> {
    const lengthBytes = blocksLengthBytes(this.#volumeBytes, this.range, firstBlock, count);
    const isKnown = !this.#isUnknownWithin(firstBlock, count);
    const readsAsZero = isKnown
      ? this.#isZeroByHash(firstBlock, count)
      : await this.#isZeroByReading(firstBlock, lengthBytes);
    const zeros = this.#zeroHashesOf(firstBlock, count);
    if (readsAsZero) zeros.copy(this.#hashes, firstBlock * hashBytes);
    else await this.write(firstBlock, zeroRun.subarray(0, lengthBytes), zeros);
  }

  #isUnknownWithin(firstBlock: number, count: number): boolean {
    for (let index = firstBlock; index < firstBlock + count; index += 1) {
      if (isUnknown(this.#hashes, index)) return true;
    }
    return false;
  }

  #zeroHashesOf(firstBlock: number, count: number): Buffer {
    const hashes = Buffer.alloc(count * hashBytes);
    for (let index = 0; index < count; index += 1) {
      const lengthBytes = blocksLengthBytes(this.#volumeBytes, this.range, firstBlock + index, 1);
      this.#map.hasher.zeroHash(lengthBytes).copy(hashes, index * hashBytes);
    }
    return hashes;
  }

  #isZeroByHash(firstBlock: number, count: number): boolean {
    const from = firstBlock * hashBytes;
    return this.#zeroHashesOf(firstBlock, count).equals(
      this.#hashes.subarray(from, from + count * hashBytes),
    );
  }

  /** Reading costs less than writing on most volumes, and a thin one stays thin. */
  async #isZeroByReading(firstBlock: number, lengthBytes: number): Promise<boolean> {
    const buffer = alignedBuffer(zeroRun.length);
    await this.#file.read(
      buffer,
      rangeOffsetBytes(this.range) + firstBlock * blockBytes,
      lengthBytes,
    );
    const bytes = buffer.subarray(0, lengthBytes);
    for (let at = 0; at < lengthBytes; at += blockBytes) {
      if (!isZero(bytes.subarray(at, at + blockBytes))) return false;
    }
    return true;
  }

  /** Resolves when the bytes are written, which is not yet durable. The bytes must not change before. */
  async write(firstBlock: number, bytes: Buffer, hashes: Buffer): Promise<void> {
    const writing = this.#write(firstBlock, bytes, hashes);
    this.#writes.add(writing);
    try {
      await writing;
    } catch (error) {
      this.#failure ??= this.#file.fault(error);
      throw this.#file.fault(error);
    } finally {
      this.#writes.delete(writing);
    }
  }

  async #write(firstBlock: number, bytes: Buffer, hashes: Buffer): Promise<void> {
    await this.#markOpen();
    await this.#file.write(bytes, rangeOffsetBytes(this.range) + firstBlock * blockBytes);
    hashes.copy(this.#hashes, firstBlock * hashBytes);
    this.writtenBytes += bytes.length;
  }

  /** Durable before the first write: rule 1 of `block-map.ts`. */
  #markOpen(): Promise<void> {
    this.#marked ??= this.#map.markOpen(this.range).then(() => this.#map.sync());
    return this.#marked;
  }

  /** Waits for its writes. @throws what made one of them fail. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.#writes);
    if (this.#failure !== undefined) throw this.#failure;
  }

  /**
   * After the last block: waits for the writes and compares the digest.
   * @throws {WireViolation} when blocks are missing or the agent's digest is another.
   */
  async finish(digest: Buffer): Promise<void> {
    await this.settle();
    if (this.#nextBlock * hashBytes !== this.#hashes.length) {
      throw new WireViolation(`range ${this.range} ended at block ${this.#nextBlock}`);
    }
    if (!rangeDigest(this.#hashes).equals(digest)) {
      throw new WireViolation(`range ${this.range} has another digest at the agent`);
    }
  }

  /** Whether the map already says what the range holds, durably. */
  get isSealed(): boolean {
    return (
      this.#marked === undefined && this.#digestBefore?.equals(rangeDigest(this.#hashes)) === true
    );
  }

  /** Writes what is known to the map. To be called after the volume was synced; not durable itself. */
  async seal(): Promise<void> {
    const allZero = this.#hashes.equals(
      zeroHashes(this.#map.hasher, this.#volumeBytes, this.range),
    );
    await this.#map.seal(this.range, allZero ? "zero" : this.#hashes);
  }
}
