/**
 * What a volume holds, block by block, in a file beside the gateway's state. It is read and written one
 * range at a time, so its size (16 bytes per 64 KiB) never matters to memory.
 *
 *   | offset            | length | meaning                                                        |
 *   |                 0 |   4096 | head: JSON, padded with zero bytes                             |
 *   |              4096 |   64 n | one record per range, in order                                 |
 *   | 4096 + 64 n, up   | 16 × … | one hash per block, in order; begins at a multiple of 4096     |
 *
 *   record: state u8 | zero, 3 | generation u32 | CRC-32 of the record with this field zero u32 | zero, 4
 *           | digest of the range's hashes, 32 | zero, 16
 *
 * Why a kill at any moment can't make a later pass skip a block that differs:
 *
 * 1. Before the first write to a range of the volume its record says `open`, and that is on disk
 *    (fdatasync of this file) before the write is issued.
 * 2. A record says `listed` or `zero` again only after fdatasync of the volume.
 * 3. A range that is `open` when it is read is trusted for nothing: the volume itself is read and
 *    hashed anew (`rehash.ts`). So whatever a write that was cut short left behind is what the map says.
 * 4. A `listed` record carries the digest of its hashes. When the machine loses power while both are
 *    written and only one arrives, they don't match, and the range counts as `open`.
 *
 * 5. A sync of the volume that fails makes the map distrust every range: the kernel has dropped what it
 *    could not write, a disk may have dropped what it had cached, and the next sync succeeds all the same.
 *
 * Saying "the map may be older than the volume" would not be enough: the source may have returned to
 * the old content meanwhile, and would be found equal to a hash that the volume no longer has.
 */
import { type FileHandle, open } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import { crc32 } from "node:zlib";
import { BlockHasher, hashBytes } from "#dataplane/wire/block-hash.ts";
import { blockBytes, blocksInRange, blocksPerRange, rangeCount } from "#dataplane/wire/geometry.ts";
import { HashTree, rangeDigest, zeroRangeDigest } from "#dataplane/wire/hash-tree.ts";
import type { VolumeIdentity } from "./volume-identity.ts";

const headBytes = 4096;
const recordBytes = 64;
const format = "hypermotion block map 3";

export interface BlockMapHead {
  volumeId: string;
  sizeBytes: number;
  /** Of the volume's block hashes; drawn with the map, hex. */
  hashKey: string;
  /** True when the volume was seen to be all holes: a range without a record reads as zeros. */
  startsAsZeros: boolean;
  /** Records of an older generation count as open: somebody else may have written to the volume. */
  generation: number;
  /** Which file or device the map speaks of. */
  volumeIdentity: VolumeIdentity;
  /** By which the device was found, when it was found by what it says of itself. */
  serial?: string | undefined;
  /** When a file was last modified as a copy to it ended; another time means that others wrote to it. */
  leftAt?: string | undefined;
}

export type RangeState = "unknown" | "zero" | "listed" | "open";

export interface RangeEntry {
  state: RangeState;
  /** One per block when listed, else empty. */
  hashes: Buffer;
}

const stateNumbers: Record<RangeState, number> = { unknown: 0, zero: 1, listed: 2, open: 3 };
const stateNames: readonly RangeState[] = ["unknown", "zero", "listed", "open"];
const noHashes = Buffer.alloc(0);

export class BlockMap {
  readonly head: BlockMapHead;
  readonly hasher: BlockHasher;
  readonly #file: FileHandle;
  readonly #hashesAt: number;
  #syncFailure: unknown;

  private constructor(file: FileHandle, head: BlockMapHead) {
    this.#file = file;
    this.head = head;
    this.hasher = new BlockHasher(head.hashKey);
    const recordsEnd = headBytes + rangeCount(head.sizeBytes) * recordBytes;
    this.#hashesAt = Math.ceil(recordsEnd / headBytes) * headBytes;
  }

  /** A map that knows nothing but its head. An older one at the same path is overwritten. */
  static async create(path: string, head: BlockMapHead): Promise<BlockMap> {
    const file = await open(path, "w+", 0o600);
    const map = new BlockMap(file, head);
    try {
      await file.truncate(map.#hashesAt + Math.ceil(head.sizeBytes / blockBytes) * hashBytes);
      await map.#writeHead();
      return map;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** The map at a path, or undefined when there is none or its head is not readable. */
  static async find(path: string): Promise<BlockMap | undefined> {
    let file: FileHandle;
    try {
      file = await open(path, "r+");
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw error;
    }
    const head = await readHead(file).catch(async (error: unknown) => {
      await file.close();
      throw error;
    });
    if (head !== undefined) return new BlockMap(file, head);
    await file.close();
    return undefined;
  }

  /**
   * From now on every range counts as open until it was read anew, also those that others who have this
   * map open still seal: they seal for the generation that they know.
   */
  async distrust(): Promise<void> {
    // Another connection may have come first.
    const { generation } = (await readHead(this.#file)) ?? this.head;
    this.head.generation = Math.max(generation, this.head.generation) + 1;
    this.head.startsAsZeros = false;
    await this.#writeHead();
  }

  /** Notes when the volume was left alone, or (undefined) that it is about to be written again. */
  async setLeftAt(leftAt: string | undefined): Promise<void> {
    if (this.head.leftAt === leftAt) return;
    this.head.leftAt = leftAt;
    await this.#writeHead();
  }

  /** Notes where the same volume is found now. */
  async setIdentity(identity: VolumeIdentity, serial: string | undefined): Promise<void> {
    if (isDeepStrictEqual([this.head.volumeIdentity, this.head.serial], [identity, serial])) return;
    this.head.volumeIdentity = identity;
    this.head.serial = serial;
    await this.#writeHead();
  }

  async readRange(range: number): Promise<RangeEntry> {
    const record = Buffer.alloc(recordBytes);
    await readFully(this.#file, record, this.#recordAt(range));
    const state = this.#stateOf(record);
    if (state !== "listed") return { state, hashes: noHashes };
    const hashes = Buffer.alloc(blocksInRange(this.head.sizeBytes, range) * hashBytes);
    await readFully(this.#file, hashes, this.#hashesOf(range));
    // Only one of the two reached the disk before the power went: see above.
    if (rangeDigest(hashes).compare(record, 16, 48) !== 0)
      return { state: "open", hashes: noHashes };
    return { state, hashes };
  }

  /** Not durable before `sync`. */
  async markOpen(range: number): Promise<void> {
    await this.#writeRecord(range, "open", undefined);
  }

  /** To be called after the volume was synced. Not durable before `sync`. */
  async seal(range: number, hashes: Buffer | "zero"): Promise<void> {
    if (hashes === "zero") {
      await this.#writeRecord(range, "zero", undefined);
      return;
    }
    await this.#file.write(hashes, 0, hashes.length, this.#hashesOf(range));
    await this.#writeRecord(range, "listed", rangeDigest(hashes));
  }

  /** Fails for good once it has failed, as `VolumeFile.sync` does and for the same reason. */
  async sync(): Promise<void> {
    try {
      await this.#file.datasync();
    } catch (error) {
      this.#syncFailure ??= error;
    }
    if (this.#syncFailure !== undefined) throw this.#syncFailure;
  }

  /** Root of the hash tree, or the first range that is not known. Reads records only, in pieces. */
  async root(): Promise<{ root: string } | { missingRange: number }> {
    const count = rangeCount(this.head.sizeBytes);
    const tree = new HashTree(this.head.sizeBytes);
    const piece = Buffer.alloc(1024 * recordBytes);
    for (let first = 0; first < count; first += 1024) {
      const here = Math.min(1024, count - first);
      await readFully(this.#file, piece.subarray(0, here * recordBytes), this.#recordAt(first));
      for (let at = 0; at < here; at += 1) {
        const record = piece.subarray(at * recordBytes, (at + 1) * recordBytes);
        const state = this.#stateOf(record);
        if (state === "listed") tree.add(first + at, Buffer.from(record.subarray(16, 48)));
        else if (state === "zero")
          tree.add(first + at, zeroRangeDigest(this.hasher, this.head.sizeBytes, first + at));
        else return { missingRange: first + at };
      }
    }
    return { root: tree.root() };
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  #recordAt(range: number): number {
    return headBytes + range * recordBytes;
  }

  #hashesOf(range: number): number {
    return this.#hashesAt + range * blocksPerRange * hashBytes;
  }

  #stateOf(record: Buffer): RangeState {
    const state = stateNames[record.readUInt8(0)] ?? "open";
    if (state === "unknown" && record.every((byte) => byte === 0)) {
      if (this.head.startsAsZeros) return "zero";
      return this.head.generation > 0 ? "open" : "unknown";
    }
    const isWhole = record.readUInt32BE(8) === recordChecksum(record);
    return isWhole && record.readUInt32BE(4) === this.head.generation ? state : "open";
  }

  async #writeRecord(range: number, state: RangeState, digest: Buffer | undefined): Promise<void> {
    const record = Buffer.alloc(recordBytes);
    record.writeUInt8(stateNumbers[state], 0);
    record.writeUInt32BE(this.head.generation, 4);
    digest?.copy(record, 16);
    record.writeUInt32BE(recordChecksum(record), 8);
    await this.#file.write(record, 0, recordBytes, this.#recordAt(range));
  }

  async #writeHead(): Promise<void> {
    const bytes = Buffer.alloc(headBytes);
    const text = JSON.stringify({ format, ...this.head });
    bytes.writeUInt32BE(crc32(text), 0);
    bytes.write(text, 4);
    await this.#file.write(bytes, 0, headBytes, 0);
    await this.#file.sync();
  }
}

function recordChecksum(record: Buffer): number {
  const copy = Buffer.from(record);
  copy.writeUInt32BE(0, 8);
  return crc32(copy);
}

async function readHead(file: FileHandle): Promise<BlockMapHead | undefined> {
  const bytes = Buffer.alloc(headBytes);
  await file.read(bytes, 0, headBytes, 0);
  return parseHead(bytes);
}

function parseHead(bytes: Buffer): BlockMapHead | undefined {
  const end = bytes.indexOf(0, 4);
  const text = bytes.toString("utf8", 4, end === -1 ? bytes.length : end);
  if (crc32(text) !== bytes.readUInt32BE(0)) return undefined;
  const { format: found, ...head } = JSON.parse(text) as BlockMapHead & { format: string };
  return found === format ? head : undefined;
}

async function readFully(file: FileHandle, target: Buffer, position: number): Promise<void> {
  const { bytesRead } = await file.read(target, 0, target.length, position);
  // The file is made in full length, and a short one was cut by somebody: nothing in it is trusted.
  if (bytesRead < target.length) target.fill(0xff, bytesRead);
}
