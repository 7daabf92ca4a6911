/** A disk that changes, the volume it is copied to, and which of its blocks were acknowledged since. */
import { randomBytes } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import type { Pair } from "#dataplane/copy-harness.ts";
import { isZero } from "#dataplane/wire/block-hash.ts";
import { blockBytes, blocksPerRange } from "#dataplane/wire/geometry.ts";

const MiB = 1024 ** 2;

/** Below 1; repeatable by its seed. */
export type Random = () => number;

export interface Compared {
  /** Blocks that had to be on the volume. */
  readonly compared: number;
  /** Of these, blocks that are not. */
  readonly lost: number;
  /** Of all blocks that are not on the volume and are more than zeros: what is to be sent. */
  readonly lackingBytes: number;
}

export class WatchedDisk {
  readonly pair: Pair;
  readonly #random: Random;
  readonly #disk: FileHandle;
  readonly #volume: FileHandle;
  /** 1 for a block that was acknowledged and has not changed since. */
  readonly #acknowledged: Uint8Array;
  /** What was overwritten since the sync began. */
  #formerly: { offsetBytes: number; bytes: Buffer }[] = [];

  private constructor(pair: Pair, random: Random, disk: FileHandle, volume: FileHandle) {
    this.pair = pair;
    this.#random = random;
    this.#disk = disk;
    this.#volume = volume;
    this.#acknowledged = new Uint8Array(Math.ceil(pair.sizeBytes / blockBytes));
  }

  static async open(pair: Pair, random: Random): Promise<WatchedDisk> {
    const disk = await open(pair.diskPath, "r+");
    return new WatchedDisk(pair, random, disk, await open(pair.volumePath, "r"));
  }

  async close(): Promise<void> {
    await this.#disk.close();
    await this.#volume.close();
  }

  beginSync(): void {
    this.#formerly = [];
  }

  acknowledge(range: number): void {
    const first = range * blocksPerRange;
    this.#acknowledged.fill(1, first, first + blocksPerRange);
  }

  /** Random bytes at a random place, or blocks of zeros. */
  async change(): Promise<void> {
    const { sizeBytes } = this.pair;
    if (this.#random() < 0.2) {
      const wholeBlocks = Math.floor(sizeBytes / blockBytes);
      const first = Math.floor(this.#random() * wholeBlocks);
      const count = Math.min(1 + Math.floor(this.#random() * 20), wholeBlocks - first);
      await this.#write(first * blockBytes, Buffer.alloc(count * blockBytes));
      return;
    }
    const offsetBytes = Math.floor(this.#random() * sizeBytes);
    const wantedBytes = 1 + Math.floor(this.#random() ** 2 * 4 * MiB);
    await this.#write(offsetBytes, randomBytes(Math.min(wantedBytes, sizeBytes - offsetBytes)));
  }

  /** Writes back what was overwritten since the sync began: what the volume has of that must not stay. */
  async changeBack(): Promise<void> {
    for (const { offsetBytes, bytes } of this.#formerly.reverse()) {
      await this.#disk.write(bytes, 0, bytes.length, offsetBytes);
      this.#forgetAcknowledged(offsetBytes, bytes.length);
    }
    this.#formerly = [];
  }

  async #write(offsetBytes: number, bytes: Buffer): Promise<void> {
    const former = Buffer.alloc(bytes.length);
    await this.#disk.read(former, 0, former.length, offsetBytes);
    this.#formerly.push({ offsetBytes, bytes: former });
    await this.#disk.write(bytes, 0, bytes.length, offsetBytes);
    this.#forgetAcknowledged(offsetBytes, bytes.length);
  }

  #forgetAcknowledged(offsetBytes: number, lengthBytes: number): void {
    const end = Math.ceil((offsetBytes + lengthBytes) / blockBytes);
    this.#acknowledged.fill(0, Math.floor(offsetBytes / blockBytes), end);
  }

  /** @param which blocks have to be on the volume */
  async compare(which: "acknowledged" | "all"): Promise<Compared> {
    const counts = { compared: 0, lost: 0, lackingBytes: 0 };
    const [is, should] = [Buffer.alloc(MiB), Buffer.alloc(MiB)];
    for (let at = 0; at < this.pair.sizeBytes; at += MiB) {
      const lengthBytes = Math.min(MiB, this.pair.sizeBytes - at);
      await this.#disk.read(should, 0, lengthBytes, at);
      await this.#volume.read(is, 0, lengthBytes, at);
      for (let from = 0; from < lengthBytes; from += blockBytes) {
        const to = Math.min(lengthBytes, from + blockBytes);
        const wanted = should.subarray(from, to);
        const isThere = is.subarray(from, to).equals(wanted);
        if (!isThere && !isZero(wanted)) counts.lackingBytes += wanted.length;
        if (which !== "all" && this.#acknowledged[(at + from) / blockBytes] !== 1) continue;
        counts.compared += 1;
        if (!isThere) counts.lost += 1;
      }
    }
    return counts;
  }
}
