/** A disk that changes, the volume it is copied to, and which of its blocks were acknowledged since. */
import { randomBytes } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import type { Pair } from "#dataplane/copy-harness.ts";
import { blockBytes, blocksPerRange } from "#dataplane/wire/geometry.ts";

const MiB = 1024 ** 2;

/** Below 1; repeatable by its seed. */
export type Random = () => number;

const block = { acknowledged: 0, data: 1, zeros: 2 } as const;

export class WatchedDisk {
  readonly pair: Pair;
  readonly #random: Random;
  readonly #disk: FileHandle;
  readonly #volume: FileHandle;
  /** Acknowledged, or what is to be sent for it. */
  readonly #blocks: Uint8Array;
  /** What was overwritten since the sync began. */
  #formerly: { offsetBytes: number; bytes: Buffer }[] = [];
  #changedBytes = 0;

  private constructor(pair: Pair, random: Random, disk: FileHandle, volume: FileHandle) {
    this.pair = pair;
    this.#random = random;
    this.#disk = disk;
    this.#volume = volume;
    this.#blocks = new Uint8Array(Math.ceil(pair.sizeBytes / blockBytes)).fill(block.zeros);
  }

  /** A disk of zeros, of which nothing is acknowledged. */
  static async open(pair: Pair, random: Random): Promise<WatchedDisk> {
    const disk = await open(pair.diskPath, "r+");
    return new WatchedDisk(pair, random, disk, await open(pair.volumePath, "r"));
  }

  async close(): Promise<void> {
    await this.#disk.close();
    await this.#volume.close();
  }

  get toSendBytes(): number {
    return blockBytes * this.#blocks.filter((state) => state === block.data).length;
  }

  beginSync(): void {
    this.#formerly = [];
  }

  acknowledge(range: number): void {
    const first = range * blocksPerRange;
    this.#blocks.fill(block.acknowledged, first, first + blocksPerRange);
  }

  /** Random bytes at a random place, or blocks of zeros. */
  async change(): Promise<void> {
    const { sizeBytes } = this.pair;
    if (this.#random() < 0.2) {
      const wholeBlocks = Math.floor(sizeBytes / blockBytes);
      const first = Math.floor(this.#random() * wholeBlocks);
      const count = Math.min(1 + Math.floor(this.#random() * 20), wholeBlocks - first);
      await this.#write(first * blockBytes, Buffer.alloc(count * blockBytes), block.zeros);
      return;
    }
    const offsetBytes = Math.floor(this.#random() * sizeBytes);
    const wantedBytes = 1 + Math.floor(this.#random() ** 2 * 4 * MiB);
    const bytes = randomBytes(Math.min(wantedBytes, sizeBytes - offsetBytes));
    await this.#write(offsetBytes, bytes, block.data);
  }

  /** Writes back what was overwritten since the sync began: what the volume has of that must not stay. */
  async changeBack(): Promise<void> {
    for (const { offsetBytes, bytes } of this.#formerly.splice(0).reverse()) {
      // Blocks that were not sent yet need not be any more; those that were are counted as sent twice.
      const { first, end } = blocksOf(offsetBytes, bytes.length);
      const unsent = this.#blocks.subarray(first, end).filter((state) => state === block.data);
      this.#changedBytes -= unsent.length * blockBytes;
      await this.#write(offsetBytes, bytes, block.data);
    }
    this.#formerly = [];
  }

  async #write(offsetBytes: number, bytes: Buffer, state: number): Promise<void> {
    const former = Buffer.alloc(bytes.length);
    await this.#disk.read(former, 0, former.length, offsetBytes);
    this.#formerly.push({ offsetBytes, bytes: former });
    await this.#disk.write(bytes, 0, bytes.length, offsetBytes);
    const before = this.toSendBytes;
    const { first, end } = blocksOf(offsetBytes, bytes.length);
    this.#blocks.fill(state, first, end);
    this.#changedBytes += Math.max(0, this.toSendBytes - before);
  }

  /** Of blocks that had been acknowledged or never told of, since this was asked the last time. */
  takeChangedBytes(): number {
    const bytes = this.#changedBytes;
    this.#changedBytes = 0;
    return bytes;
  }

  /** Compares the blocks that are acknowledged, or all, with the volume. */
  async compare(which: "acknowledged" | "all"): Promise<{ compared: number; lost: number }> {
    const counts = { compared: 0, lost: 0 };
    const [is, should] = [Buffer.alloc(MiB), Buffer.alloc(MiB)];
    for (let at = 0; at < this.pair.sizeBytes; at += MiB) {
      const lengthBytes = Math.min(MiB, this.pair.sizeBytes - at);
      await this.#disk.read(should, 0, lengthBytes, at);
      await this.#volume.read(is, 0, lengthBytes, at);
      for (let from = 0; from < lengthBytes; from += blockBytes) {
        const state = this.#blocks[(at + from) / blockBytes];
        if (which === "acknowledged" && state !== block.acknowledged) continue;
        counts.compared += 1;
        const to = Math.min(lengthBytes, from + blockBytes);
        if (!is.subarray(from, to).equals(should.subarray(from, to))) counts.lost += 1;
      }
    }
    return counts;
  }
}

function blocksOf(offsetBytes: number, lengthBytes: number): { first: number; end: number } {
  return {
    first: Math.floor(offsetBytes / blockBytes),
    end: Math.floor((offsetBytes + lengthBytes - 1) / blockBytes) + 1,
  };
}
