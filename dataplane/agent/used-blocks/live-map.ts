/**
 * What a mounted file system has free, as the running kernel knows it (GETFSMAP, ext4 and xfs from Linux 4.12 on).
 *
 * The maps on the disk would not do. They trail what the kernel knows: a block that was given to a file and written
 * a moment ago is still free there until the journal is worked off, and nobody would write it again.
 */
import type { Mount } from "../../mount-info.ts";
import { readLines } from "./lines.ts";
import type { Stretch } from "./stretches.ts";

const sectorBytes = 512;
const head = "EXT,MAJOR,MINOR,PSTART,PEND,OWNER,OSTART,OEND,LENGTH";
/** number, major, minor, first sector, last sector, owner, its place there, sectors */
const shape = /^\d+,(\d+),(\d+),(\d+),(\d+),([^,]*),[^,]*,[^,]*,(\d+)$/;
/** FMR_OWN_FREE. Source: include/uapi/linux/fsmap.h; xfs_io writes owners it has no word for in this form. */
const free = "special_0:1";

export type TakeExtent = (offsetBytes: number, lengthBytes: number) => void;

/** Free extents, from the beginning of the file system. @throws when anything of the map is not understood */
export function parseFsmap(stretch: Pick<Stretch, "device" | "sizeBytes">, take: TakeExtent) {
  let isFirst = true;
  return (line: string): void => {
    if (isFirst) {
      isFirst = false;
      if (line !== head) throw new Error(`xfs_io's map begins with another line: ${line}`);
      return;
    }
    const [matched, major, minor, from, to, owner, sectors] = shape.exec(line) ?? [];
    const [first, last] = [Number(from), Number(to)];
    const isRight = last - first + 1 === Number(sectors);
    if (matched === undefined || !isRight) throw new Error(`a line of xfs_io's map: ${line}`);
    // A log or a part for real-time files lies on a device of its own.
    if (owner !== free || `${major}:${minor}` !== stretch.device) return;
    if ((last + 1) * sectorBytes > stretch.sizeBytes) {
      throw new Error(`xfs_io's map goes beyond the end: ${line}`);
    }
    take(first * sectorBytes, (last - first + 1) * sectorBytes);
  };
}

/** @throws with the reason when the kernel does not tell */
export async function readLiveMap(stretch: Stretch, mount: Mount, take: TakeExtent): Promise<void> {
  const args = ["-r", "-c", "fsmap -m", mount.mountPoint];
  await readLines("xfs_io", args, parseFsmap(stretch, take));
}
