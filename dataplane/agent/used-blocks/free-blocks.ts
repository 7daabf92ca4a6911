/**
 * Which blocks of a disk a pass need not read, because a file system has them free at this moment.
 *
 *   disk ─▶ stretches ─┬─ mounted: the kernel's own map            ─┐
 *                      ├─ at rest: its tools' map                   ├─▶ whole blocks of 64 KiB
 *                      ├─ swap: all but its head                   ─┘
 *                      └─ anything else, or any doubt: read
 *
 * To leave out a block is to have read it at the moment the map was asked for, when nothing in it was anybody's.
 * What is written to it later is a change like any other: the tracker has it, which began before that moment, or
 * the next pass asks again and compares.
 */
import { basename } from "node:path";
import { blockBytes } from "#dataplane/wire/geometry.ts";
import { runTool } from "../../run-tool.ts";
import { BlockSet } from "../tracking/block-set.ts";
import type { TrackedPass } from "../tracking/tracker.ts";
import { readLiveMap, type TakeExtent } from "./live-map.ts";
import { restMapOf } from "./rest-map.ts";
import { isTaken, mountOf, type Stretch, stretchesOf } from "./stretches.ts";

/** Below this, asking takes longer than reading. */
const worthAskingBytes = 256 * 1024 * 1024;

type AskedDisk = { readonly path: string; readonly sizeBytes: number };

/**
 * For the passes of one agent. What is read whole is told once for each reason.
 * @returns for a disk of a pass that has begun: its free blocks, or undefined where they would save too little
 */
export function createFreeFinder(tell: (text: string) => void) {
  const told = new Set<string>();
  return async (disk: AskedDisk, { since }: TrackedPass, isFrozen: boolean) => {
    // A pass for which the server is held still is the one that counts: then all that is somebody's is read.
    const isWorth = since === undefined || since.changed.count * blockBytes >= worthAskingBytes;
    if (!isWorth && !isFrozen) return undefined;
    const { free, readWhole } = await findFreeBlocks(disk, isFrozen);
    for (const { name, because } of readWhole) {
      const text = `${name}: its free blocks are read as well, because ${because}`;
      if (!told.has(text)) tell(text);
      told.add(text);
    }
    return free;
  };
}

interface FreeBlocks {
  readonly free: BlockSet;
  /** What is read whole although it has a file system that has free blocks, and why. */
  readonly readWhole: readonly { readonly name: string; readonly because: string }[];
}

const toldByKernel = new Set(["ext2", "ext3", "ext4", "xfs"]);

/**
 * @param isFrozen its file systems are frozen: there is nothing left to be written out
 * @throws nothing: where there is any doubt, the blocks are not free
 */
export async function findFreeBlocks(disk: AskedDisk, isFrozen: boolean): Promise<FreeBlocks> {
  const free = new BlockSet(disk.sizeBytes);
  const readWhole: { name: string; because: string }[] = [];
  const stretches = await stretchesOf(disk.path).catch((error: unknown) => {
    readWhole.push({ name: basename(disk.path), because: messageOf(error) });
    return [];
  });
  for (const stretch of stretches) {
    const extents = new Extents();
    try {
      await readMap(stretch, isFrozen, extents.take);
      // Only now: half a map is none.
      for (const [from, to] of extents.all()) addWhole(free, stretch.offsetBytes + from, to - from);
    } catch (error) {
      readWhole.push({
        name: `${basename(stretch.path)} (${stretch.type})`,
        because: messageOf(error),
      });
    }
  }
  return { free, readWhole };
}

async function readMap(stretch: Stretch, isFrozen: boolean, take: TakeExtent): Promise<void> {
  // The head says what it is; a hibernated system's has another, and is no swap to blkid.
  if (stretch.type === "swap") return take(blockBytes, Math.max(0, stretch.sizeBytes - blockBytes));
  const mount = await mountOf(stretch);
  if (mount !== undefined && toldByKernel.has(stretch.type)) {
    // What was deleted a moment ago would come back where the power is cut; then it should be whole.
    if (!isFrozen) await flush(mount.mountPoint);
    return readLiveMap(stretch, mount, take);
  }
  const readRestMap = restMapOf(stretch.type);
  if (readRestMap === undefined) return;
  if (await isTaken(stretch)) throw new Error("it is in use");
  await readRestMap(stretch, take);
  if (await isTaken(stretch)) throw new Error("it was taken into use meanwhile");
}

async function flush(mountPoint: string): Promise<void> {
  const { status, stderr } = await runTool("sync", ["-f", mountPoint]);
  if (status !== 0) throw new Error(`sync -f: ${stderr.trim()}`);
}

/** Joins neighbours: a block may lie in two of them. Two numbers for each, in a worn file system millions. */
class Extents {
  readonly #froms: number[] = [];
  readonly #tos: number[] = [];

  readonly take: TakeExtent = (offsetBytes, lengthBytes) => {
    const last = this.#tos.length - 1;
    if (this.#tos[last] === offsetBytes) {
      this.#tos[last] = offsetBytes + lengthBytes;
      return;
    }
    this.#froms.push(offsetBytes);
    this.#tos.push(offsetBytes + lengthBytes);
  };

  *all(): Generator<[number, number]> {
    for (const [index, from] of this.#froms.entries()) yield [from, this.#tos[index] ?? from];
  }
}

/** The blocks that lie in these bytes with all of theirs. */
export function addWhole(blocks: BlockSet, fromByte: number, lengthBytes: number): void {
  const from = Math.ceil(fromByte / blockBytes) * blockBytes;
  const end = Math.floor((fromByte + lengthBytes) / blockBytes) * blockBytes;
  blocks.addBytes(from, end - from);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
