/** How the kernel's trace names a disk, if it does. Source: Documentation/ABI/stable/sysfs-block. */
import { readFile, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { DeviceNumber } from "./tracefs.ts";

const sectorBytes = 512;

/** A disk, or the part of one, as its requests are seen. */
export interface TracedDevice extends DeviceNumber {
  /** Where the disk begins on the device: not 0 for a partition. */
  readonly startByte: number;
  /** Another one after an unplug, even under the same name. */
  readonly incarnation: string;
}

/** @throws with the reason when this disk's writes can't be seen there */
export async function tracedDevice(path: string): Promise<TracedDevice> {
  const stats = await stat(path);
  if (!stats.isBlockDevice()) throw new Error("it is a file, not a block device");
  const place = await realpath(`/sys/dev/block/${numberOf(stats.rdev)}`);
  const start = await read(join(place, "start"));
  const whole = start === undefined ? place : dirname(place);
  if ((await stat(join(whole, "mq")).catch(() => undefined)) === undefined) {
    // Device mapper, md and multipath pass requests on to devices below them.
    throw new Error(`${basename(whole)} is built on other devices`);
  }
  const [major, minor] = ((await read(join(whole, "dev"))) ?? "").split(":").map(Number);
  if (major === undefined || minor === undefined) throw new Error("it is gone");
  const sequence = await read(join(whole, "diskseq"));
  const { ino } = await stat(whole);
  return {
    ...{ major, minor, startByte: Number(start ?? 0) * sectorBytes },
    incarnation: `${basename(whole)} ${sequence ?? ino}`,
  };
}

/** How Linux packs major and minor into one number: include/linux/kdev_t.h, new_encode_dev. */
function numberOf(rdev: number): string {
  const major = Math.floor(rdev / 256) & 0xfff;
  const minor = (rdev & 0xff) | (Math.floor(rdev / 4096) & 0xfff00);
  return `${major}:${minor}`;
}

async function read(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch {
    return undefined;
  }
}
