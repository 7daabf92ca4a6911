import type { Stats } from "node:fs";
import { readFile } from "node:fs/promises";

/** Bytes of a file or block device. */
export async function deviceSize(stats: Stats): Promise<number> {
  if (!stats.isBlockDevice()) return stats.size;
  // In units of 512 bytes, whatever the device's own sectors are: Documentation/ABI/stable/sysfs-block.
  return Number(await readFile(`/sys/dev/block/${deviceNumber(stats)}/size`, "utf8")) * 512;
}

/** Opening a read-only block device for writing succeeds; only the writes fail. */
export async function isReadOnly(stats: Stats): Promise<boolean> {
  if (!stats.isBlockDevice()) return false;
  return (await readFile(`/sys/dev/block/${deviceNumber(stats)}/ro`, "utf8")).trim() === "1";
}

/** A block device's major:minor, its name under /sys/dev/block. */
export function deviceNumber({ rdev }: Stats): string {
  // How Linux packs major and minor into one number: include/linux/kdev_t.h, new_encode_dev.
  const major = Math.floor(rdev / 256) & 0xfff;
  const minor = (rdev & 0xff) | (Math.floor(rdev / 4096) & 0xfff00);
  return `${major}:${minor}`;
}
