import type { Stats } from "node:fs";
import { readFile } from "node:fs/promises";

/** Bytes of a file or block device. */
export async function deviceSize(stats: Stats): Promise<number> {
  if (!stats.isBlockDevice()) return stats.size;
  // How Linux packs major and minor into one number: include/linux/kdev_t.h, new_encode_dev.
  const major = Math.floor(stats.rdev / 256) & 0xfff;
  const minor = (stats.rdev & 0xff) | (Math.floor(stats.rdev / 4096) & 0xfff00);
  // In units of 512 bytes, whatever the device's own sectors are: Documentation/ABI/stable/sysfs-block.
  return Number(await readFile(`/sys/dev/block/${major}:${minor}/size`, "utf8")) * 512;
}
