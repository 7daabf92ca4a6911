/** The file systems that lie straight on a disk, each on a partition or on all of it. */
import { constants } from "node:fs";
import { open, readdir, readFile, realpath, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { deviceNumber, type Mount, parseMountInfo } from "../../mount-info.ts";
import { probe } from "../inventory/blkid.ts";

const sectorBytes = 512;

export interface Stretch {
  /** A device, or an image file, of which the file system takes all. */
  readonly path: string;
  /** `major:minor`; undefined for a file. */
  readonly device: string | undefined;
  /** Where it begins on the disk. */
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  /** As blkid names it. */
  readonly type: string;
}

/** What is built on others (LVM, md, LUKS, multipath) is left out, and so is whatever blkid is not sure of. */
export async function stretchesOf(diskPath: string): Promise<Stretch[]> {
  const facts = await stat(diskPath);
  if (!facts.isBlockDevice()) {
    if (await isLoopDevices(diskPath)) return [];
    return stretchIfKnown({
      path: diskPath,
      device: undefined,
      offsetBytes: 0,
      sizeBytes: facts.size,
    });
  }
  const folder = await realpath(`/sys/dev/block/${deviceNumber(facts.rdev)}`);
  const partitions: string[] = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const place = join(folder, entry.name);
    if ((await find(place, "partition")) !== undefined) partitions.push(place);
  }
  const found = await Promise.all((partitions.length === 0 ? [folder] : partitions).map(describe));
  return found.flat();
}

async function describe(folder: string): Promise<Stretch[]> {
  const holders = await readdir(join(folder, "holders")).catch(() => []);
  if (holders.length > 0) return [];
  const isPartition = (await find(folder, "partition")) !== undefined;
  return stretchIfKnown({
    // Source: Documentation/ABI/stable/sysfs-block; a slash in a name is written as an exclamation mark.
    path: join("/dev", basename(folder).replaceAll("!", "/")),
    device: await find(folder, "dev"),
    offsetBytes: isPartition ? Number(await find(folder, "start")) * sectorBytes : 0,
    sizeBytes: Number(await find(folder, "size")) * sectorBytes,
  });
}

async function stretchIfKnown(where: Omit<Stretch, "type">): Promise<Stretch[]> {
  const { fileSystem, partitionTable } = await probe(where.path);
  if (fileSystem === undefined || partitionTable !== undefined) return [];
  return [{ ...where, type: fileSystem.type }];
}

async function find(folder: string, name: string): Promise<string | undefined> {
  try {
    return (await readFile(join(folder, name), "utf8")).trim();
  } catch {
    return undefined;
  }
}

async function isLoopDevices(path: string): Promise<boolean> {
  const wanted = await realpath(path);
  for (const name of await readdir("/sys/class/block").catch(() => [])) {
    if ((await find(`/sys/class/block/${name}`, "loop/backing_file")) === wanted) return true;
  }
  return false;
}

/** Where this process sees it mounted, writable. */
export async function mountOf({ device }: Stretch): Promise<Mount | undefined> {
  const mounts = parseMountInfo(await readFile("/proc/self/mountinfo", "utf8"));
  return mounts.find((mount) => mount.device === device && !mount.readOnly);
}

/**
 * Whether the kernel or another program has it for itself: mounted, also where this process can't see it (in a
 * container, say), or part of something. Source: open(2), O_EXCL on block devices.
 */
export async function isTaken({ path, device }: Stretch): Promise<boolean> {
  if (device === undefined) return false;
  try {
    await (await open(path, constants.O_RDONLY | constants.O_EXCL)).close();
    return false;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EBUSY") return true;
    throw error;
  }
}
