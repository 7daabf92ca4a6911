import type { Disk, Partition } from "#domain/inventory.ts";
import { probe } from "./blkid.ts";
import { readPartitionTable } from "./partition-table.ts";

export interface Layout {
  readonly partitionTable: Disk["partitionTable"];
  readonly partitions: Partition[];
  readonly fileSystem?: Disk["fileSystem"];
  readonly notSeen: string[];
}

/** What is on a disk or disk image, by reading its first blocks; the same way for both. */
export async function readLayout(path: string): Promise<Layout> {
  const whole = await probe(path);
  const notSeen = whole.problem === undefined ? [] : [`what is on ${path}: ${whole.problem}`];
  if (whole.partitionTable === undefined || whole.partitionTable === "other") {
    if (whole.partitionTable === "other")
      notSeen.push(`the partitions of ${path}: neither GPT nor MBR`);
    return {
      partitionTable: "none",
      partitions: [],
      ...(whole.fileSystem === undefined ? {} : { fileSystem: whole.fileSystem }),
      notSeen,
    };
  }
  const table = await readPartitionTable(path);
  if (table.problem !== undefined) notSeen.push(`the partitions of ${path}: ${table.problem}`);
  const partitions: Partition[] = [];
  for (const partition of table.partitions) {
    // The container of logical partitions holds no file system of its own.
    const found = isExtended(partition) ? undefined : await probe(path, partition);
    if (found?.problem !== undefined) {
      notSeen.push(`what is on partition ${partition.number} of ${path}: ${found.problem}`);
    }
    const { fileSystem } = found ?? {};
    partitions.push({ ...partition, ...(fileSystem === undefined ? {} : { fileSystem }) });
  }
  return { partitionTable: whole.partitionTable, partitions, notSeen };
}

function isExtended(partition: Partition): boolean {
  return ["5", "f", "85"].includes(partition.type.toLowerCase());
}
