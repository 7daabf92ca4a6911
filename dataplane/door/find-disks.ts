/**
 * Which disk HyperDoor was started from, by the label of its own file system, and which one it is to
 * copy: the only other one of the clone's size. Letters say nothing.
 */
import { constants, type FileHandle, open } from "node:fs/promises";
import { MigrationError } from "#domain/errors.ts";
import { pause } from "../backoff.ts";
import { type BlockDevice, listBlockDevices } from "../block-devices.ts";
import type { DoorDisks } from "./run-door.ts";

/** Of the image's only partition, as `local/door-image` makes it; padded as FAT has it. */
const label = "HYPERDOOR  ";
const MiB = 1024 ** 2;
/** More than any image of ours: one rule for all of them. */
const leastHeadBytes = 128 * MiB;

export interface OwnDisk {
  readonly path: string;
  readonly sizeBytes: number;
  /** Up to the end of HyperDoor's partition. */
  readonly headBytes: number;
}

const patienceMs = 300_000;
const pauseMs = 1_000;

/** @throws `hyperdoor.no-disk` when its own disk does not show, or several do */
export async function findOwnDisk(signal: AbortSignal): Promise<OwnDisk> {
  return waitFor("HyperDoor's own", 0, signal, async (disks) => {
    const own = [];
    for (const disk of disks) {
      const [first] = disk.children.filter(({ type }) => type === "part");
      if (first?.startBytes === undefined) continue;
      if ((await labelOf(disk.path, first.startBytes)) !== label) continue;
      const endBytes = first.startBytes + first.sizeBytes;
      const headBytes = Math.max(leastHeadBytes, Math.ceil(endBytes / MiB) * MiB);
      own.push({ path: disk.path, sizeBytes: disk.sizeBytes, headBytes });
    }
    return own;
  });
}

/** Waits for the clone: it may be attached later than the machine starts. @throws `hyperdoor.no-disk` */
export async function openDisks(
  own: OwnDisk,
  volumeBytes: number,
  signal: AbortSignal,
): Promise<DoorDisks> {
  const clone = await waitFor("the clone", volumeBytes, signal, async (disks) =>
    disks.filter(({ path, sizeBytes }) => path !== own.path && sizeBytes === volumeBytes),
  );
  const source = await open(clone.path, constants.O_RDONLY | constants.O_DIRECT);
  const target = await open(own.path, constants.O_RDWR | constants.O_DIRECT).catch(
    async (error: unknown) => {
      await source.close();
      throw error;
    },
  );
  const { headBytes, sizeBytes: targetBytes } = own;
  return {
    ...{ source, target, headBytes, targetBytes, sourceBytes: clone.sizeBytes },
    async close() {
      await source.close();
      await target.close();
    },
  };
}

async function waitFor<T>(
  what: string,
  sizeBytes: number,
  signal: AbortSignal,
  choose: (disks: BlockDevice[]) => Promise<T[]>,
): Promise<T> {
  const startedAt = performance.now();
  for (;;) {
    const { devices } = await listBlockDevices();
    const disks = devices.filter((one) => one.type === "disk" && one.sizeBytes > 0);
    const [found, another] = await choose(disks);
    if (found !== undefined && another === undefined) return found;
    if (another !== undefined || performance.now() - startedAt > patienceMs) {
      const seen = disks.map(({ name, sizeBytes: bytes }) => `${name} of ${bytes} bytes`);
      throw new MigrationError("hyperdoor.no-disk", {
        ...{ disk: what, sizeBytes, seen: seen.join(", ") || "none" },
      });
    }
    await pause(pauseMs, signal);
    signal.throwIfAborted();
  }
}

/** Of a FAT32. Source: Microsoft, "FAT32 File System Specification" 1.03, BS_VolLab. */
async function labelOf(path: string, startBytes: number): Promise<string> {
  const disk = await open(path, "r").catch(() => undefined);
  if (disk === undefined) return "";
  try {
    return await readLabel(disk, startBytes);
  } finally {
    await disk.close();
  }
}

async function readLabel(disk: FileHandle, startBytes: number): Promise<string> {
  const sector = Buffer.alloc(512);
  await disk.read(sector, 0, sector.length, startBytes);
  return sector.toString("latin1", 71, 82);
}
