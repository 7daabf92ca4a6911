/** Whether a disk starts by UEFI: it has an EFI system partition, and a folder `EFI` in it. */
import { open } from "node:fs/promises";
import type { Disk, Partition } from "#domain/inventory.ts";

const espType = "C12A7328-F81F-11D2-BA4B-00A0C93EC93B";
const entryBytes = 32;

export async function startsByUefi(disk: Pick<Disk, "path" | "partitions">): Promise<boolean> {
  for (const partition of disk.partitions) {
    if (isEsp(partition) && (await hasEfiFolder(disk.path, partition))) return true;
  }
  return false;
}

function isEsp(partition: Partition): boolean {
  return partition.type.toUpperCase() === espType || partition.type.toLowerCase() === "ef";
}

/**
 * Looks through the root folder of the FAT. For FAT12 and FAT16 it is a fixed region, for FAT32 its
 * first cluster is read, where firmware and installers put `EFI` on a fresh partition.
 * Source: Microsoft, FAT: General Overview of On-Disk Format, 1.03.
 */
async function hasEfiFolder(path: string, partition: Partition): Promise<boolean> {
  const file = await open(path);
  try {
    const boot = Buffer.alloc(512);
    await file.read(boot, 0, 512, partition.offsetBytes);
    const root = rootFolder(boot);
    if (root === undefined) return false;
    const entries = Buffer.alloc(Math.min(root.sizeBytes, 64 * 1024));
    const { bytesRead } = await file.read(
      entries,
      0,
      entries.length,
      partition.offsetBytes + root.offsetBytes,
    );
    return listsEfi(entries.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}

/** Where a FAT keeps its root folder; undefined when this is no FAT boot sector. */
export function rootFolder(boot: Buffer): { offsetBytes: number; sizeBytes: number } | undefined {
  if (boot.length < 512 || boot.readUInt16LE(510) !== 0xaa55) return undefined;
  const sectorBytes = boot.readUInt16LE(11);
  const sectorsPerCluster = boot.readUInt8(13);
  const tables = boot.readUInt8(16);
  if (sectorBytes < 512 || sectorsPerCluster === 0 || tables === 0) return undefined;
  const rootEntries = boot.readUInt16LE(17);
  const tableSectors = boot.readUInt16LE(22) || boot.readUInt32LE(36);
  const dataSector = boot.readUInt16LE(14) + tables * tableSectors;
  if (rootEntries > 0) {
    return { offsetBytes: dataSector * sectorBytes, sizeBytes: rootEntries * entryBytes };
  }
  const cluster = boot.readUInt32LE(44) - 2;
  return {
    offsetBytes: (dataSector + cluster * sectorsPerCluster) * sectorBytes,
    sizeBytes: sectorsPerCluster * sectorBytes,
  };
}

function listsEfi(entries: Buffer): boolean {
  for (let at = 0; at + entryBytes <= entries.length; at += entryBytes) {
    const name = entries.toString("latin1", at, at + 11);
    const isFolder = (entries.readUInt8(at + 11) & 0x10) !== 0;
    if (isFolder && name === "EFI        ") return true;
  }
  return false;
}
