/** What lies on a block device, and where the running system has it mounted. */
import { stat, statfs } from "node:fs/promises";
import type { FileSystem } from "#domain/inventory.ts";
import type { BlockDevice } from "../../block-devices.ts";
import { deviceNumber } from "../../mount-info.ts";
import { parseBlkid, probe } from "./blkid.ts";

const statfsTimeoutMs = 5000;

/** Of a device as a whole: a logical volume, an array, what LUKS has unlocked. */
export async function fileSystemOn(
  device: BlockDevice,
  notSeen: string[],
): Promise<{ fileSystem?: FileSystem }> {
  const { fileSystem, partitionTable, problem } = await probe(device.path);
  if (problem !== undefined) {
    notSeen.push(`what is on ${device.name}: ${problem}`);
    return completed(rememberedFileSystem(device), device, notSeen);
  }
  if (partitionTable !== undefined) notSeen.push(`the partitions on ${device.name}: not looked at`);
  return completed(fileSystem, device, notSeen);
}

/** What udev found when it last looked, else what the kernel has mounted. */
export function rememberedFileSystem({ udev, mountedType }: BlockDevice): FileSystem | undefined {
  const text = [...udev].map(([key, value]) => `${key}=${value}`).join("\n");
  const { fileSystem } = parseBlkid(text);
  return fileSystem ?? (mountedType === undefined ? undefined : { type: mountedType });
}

/** With where it is mounted, how full it is, and what is behind it while it is unlocked. */
export async function completed(
  fileSystem: FileSystem | undefined,
  device: BlockDevice | undefined,
  notSeen: string[],
): Promise<{ fileSystem?: FileSystem }> {
  if (fileSystem === undefined) return {};
  if (device === undefined) return { fileSystem };
  const opened = device.children.find(({ type }) => type === "crypt");
  const behind = opened === undefined ? {} : await fileSystemOn(opened, notSeen);
  return {
    fileSystem: {
      ...fileSystem,
      ...(await usageOf(device, notSeen)),
      ...(behind.fileSystem === undefined ? {} : { unlocked: behind.fileSystem }),
    },
  };
}

async function usageOf(
  device: BlockDevice,
  notSeen: string[],
): Promise<Pick<FileSystem, "mountPoint" | "sizeBytes" | "freeBytes">> {
  const mountPoints = device.mountPoints.filter((point) => point.startsWith("/"));
  const [mountPoint] = mountPoints;
  if (mountPoint === undefined) return {};
  for (const point of mountPoints) {
    const usage = await findUsage(point, device);
    if (usage !== undefined) return { mountPoint: point, ...usage };
  }
  notSeen.push(`free space of ${device.name}: what is mounted at ${mountPoint} does not tell`);
  return { mountPoint };
}

/** Undefined when it can't be asked, does not answer, or when another file system is mounted over it. */
async function findUsage(
  point: string,
  device: BlockDevice,
): Promise<Pick<FileSystem, "sizeBytes" | "freeBytes"> | undefined> {
  const asked = async () => {
    const { dev } = await stat(point);
    const seen = deviceNumber(dev);
    // What is btrfs is seen to be of no device.
    if (seen !== device.device && device.mountedType !== "btrfs") return undefined;
    const { blocks, bavail, bsize } = await statfs(point);
    return { sizeBytes: blocks * bsize, freeBytes: bavail * bsize };
  };
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, statfsTimeoutMs, undefined);
  });
  try {
    return await Promise.race([asked().catch(() => undefined), late]);
  } finally {
    clearTimeout(timer);
  }
}
