import type { Disk, FileSystem, Partition } from "#domain/inventory.ts";
import type { BlockDevice } from "../../block-devices.ts";
import { probe, tableName } from "./blkid.ts";
import { completed, rememberedFileSystem } from "./file-systems.ts";
import { isExtended, readPartitionTable } from "./partition-table.ts";

export interface Layout extends Pick<Disk, "partitionTable" | "partitions" | "fileSystem"> {
  /** Whether the disk itself could be asked. */
  readonly isRead: boolean;
  readonly notSeen: string[];
}

interface Place {
  readonly path: string;
  readonly sizeBytes: number;
  readonly logicalSectorBytes: number;
  /** Undefined for a disk image. */
  readonly device: BlockDevice | undefined;
}

/** What is on a disk or disk image, by reading its first blocks; the same way for both. */
export async function readLayout(disk: Place): Promise<Layout> {
  const { path, device } = disk;
  const whole = await probe(path);
  if (whole.problem !== undefined) {
    const notSeen = [`what is on ${path}: ${whole.problem}`];
    // Without the right to read it, the kernel and udev's memory still say something.
    return device === undefined
      ? { partitionTable: "none", partitions: [], isRead: false, notSeen }
      : { ...(await layoutByKernel(device)), isRead: false, notSeen };
  }
  const { partitionTable } = whole;
  if (partitionTable === undefined || partitionTable === "other") {
    const notSeen =
      partitionTable === "other" ? [`the partitions of ${path}: neither GPT nor MBR`] : [];
    const fileSystem = await completed(whole.fileSystem, device, notSeen);
    const table = partitionTable ?? "none";
    return { partitionTable: table, partitions: [], ...fileSystem, isRead: true, notSeen };
  }
  const table = await readPartitionTable(path, disk, partitionTable);
  const notSeen =
    table.problem === undefined ? [] : [`the partitions of ${path}: ${table.problem}`];
  const partitions: Partition[] = [];
  for (const partition of table.partitions) {
    partitions.push(
      isExtended(partition)
        ? partition
        : { ...partition, ...(await contentOf(disk, partition, notSeen)) },
    );
  }
  return { partitionTable, partitions, isRead: true, notSeen };
}

/**
 * The partition's own device is asked where there is one: what was written to it a moment ago need not be seen
 * through the disk's, which the kernel caches apart.
 */
async function contentOf(
  { path, device }: Place,
  partition: Partition,
  notSeen: string[],
): Promise<{ fileSystem?: FileSystem }> {
  const own = device?.children.find(({ partitionNumber }) => partitionNumber === partition.number);
  const found = own === undefined ? await probe(path, partition) : await probe(own.path);
  if (found.problem !== undefined) {
    notSeen.push(`what is on partition ${partition.number} of ${path}: ${found.problem}`);
  }
  return completed(found.fileSystem, own, notSeen);
}

async function layoutByKernel(
  device: BlockDevice,
): Promise<Pick<Disk, "partitionTable" | "partitions" | "fileSystem">> {
  const table = device.udev.get("ID_PART_TABLE_TYPE");
  const partitions: Partition[] = [];
  for (const child of device.children) {
    if (child.partitionNumber === undefined || child.startBytes === undefined) continue;
    partitions.push({
      number: child.partitionNumber,
      offsetBytes: child.startBytes,
      sizeBytes: child.sizeBytes,
      type: (child.udev.get("ID_PART_ENTRY_TYPE") ?? "unknown").replace(/^0x/, ""),
      bootable: false,
      ...(await completed(rememberedFileSystem(child), child, [])),
    });
  }
  return {
    partitionTable: table === undefined ? "none" : tableName(table),
    partitions,
    ...(await completed(rememberedFileSystem(device), device, [])),
  };
}
