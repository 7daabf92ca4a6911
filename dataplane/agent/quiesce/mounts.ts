/** Which mounted file systems live on given disks. Read from /proc and /sys; nothing is run. */
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { deviceNumber, type Mount, parseMountInfo } from "../../mount-info.ts";

/** Those whose drivers can hold writes back; others (vfat of an ESP, say) are only flushed. */
const freezable = new Set([
  "ext2",
  "ext3",
  "ext4",
  "xfs",
  "btrfs",
  "f2fs",
  "jfs",
  "nilfs2",
  "reiserfs",
  "gfs2",
]);

export function canFreeze(mount: Mount): boolean {
  return freezable.has(mount.type) && !mount.readOnly;
}

/**
 * The file systems on these disks (block devices, or image files behind loop devices), one mount point
 * each, the newest mount first: an inner one must be frozen before the one it is kept on.
 */
export async function findMountsOn(diskPaths: readonly string[]): Promise<Mount[]> {
  const wanted = new Set(await Promise.all(diskPaths.map(placeOf)));
  const seen = new Set<string>();
  const found: Mount[] = [];
  for (const mount of parseMountInfo(await readFile("/proc/self/mountinfo", "utf8")).reverse()) {
    const device = await blockDeviceOf(mount);
    if (device === undefined || seen.has(device)) continue;
    const below = await placesBelow(device);
    if (!below.some((place) => wanted.has(place))) continue;
    seen.add(device);
    found.push(mount);
  }
  return found;
}

/** `major:minor` of a block device, or the real path of a file. */
async function placeOf(path: string): Promise<string> {
  const facts = await stat(path);
  return facts.isBlockDevice() ? deviceNumber(facts.rdev) : realpath(path);
}

async function blockDeviceOf(mount: Mount): Promise<string | undefined> {
  if (!mount.device.startsWith("0:")) return mount.device;
  if (!mount.source.startsWith("/dev/")) return undefined;
  const facts = await stat(mount.source).catch(() => undefined);
  return facts?.isBlockDevice() === true ? deviceNumber(facts.rdev) : undefined;
}

/** A device and all it stands on: its disk, members of its LVM or RAID, a loop device's file. */
async function placesBelow(device: string): Promise<string[]> {
  const folder = await realpath(`/sys/dev/block/${device}`).catch(() => undefined);
  return folder === undefined ? [device] : placesBelowFolder(folder);
}

async function placesBelowFolder(folder: string): Promise<string[]> {
  const own = [(await readFile(join(folder, "dev"), "utf8")).trim()];
  const backing = await readFile(join(folder, "loop/backing_file"), "utf8").catch(() => undefined);
  if (backing !== undefined) own.push(backing.trim());
  const isPartition = await stat(join(folder, "partition")).then(
    () => true,
    () => false,
  );
  const slaves = await readdir(join(folder, "slaves")).catch(() => []);
  const below = isPartition
    ? [dirname(folder)]
    : await Promise.all(slaves.map((slave) => realpath(`/sys/class/block/${basename(slave)}`)));
  return [...own, ...(await Promise.all(below.map(placesBelowFolder))).flat()];
}
