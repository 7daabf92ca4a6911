/**
 * Partitions, read from the disk itself: the kernel does not show those of a disk image, and `sfdisk` of older
 * distributions knows neither GPT nor JSON. Numbers are the kernel's.
 *
 * MBR, at 0 of the disk and of each extended boot record     GPT header, in sector 1 and in the last one
 *   446  4 entries of 16 bytes                                   0  "EFI PART"
 *          0  0x80: bootable                                    12  header size, 4 bytes
 *          4  type                                              16  CRC-32 of the header, with 0 here
 *          8  first sector, 4 bytes                             72  sector of the entries, 8 bytes
 *         12  sectors, 4 bytes                                  80  number of entries, 84 size of one
 *   510  55 AA                                               entry
 *                                                                0  type, 16 unique id (GUIDs)
 *                                                               32  first sector, 40 last one, 48 attributes
 *
 * Source: UEFI Specification 2.10, chapter 5.
 */
import { open } from "node:fs/promises";
import { crc32 } from "node:zlib";
import type { Partition } from "#domain/inventory.ts";

export interface PartitionTable {
  readonly partitions: Partition[];
  /** Why it can't be read; then the list is empty. */
  readonly problem: string | undefined;
}

/** More logical partitions than the kernel takes; a chain that bites its tail ends here. */
const mostLogical = 256;
const mostGptEntries = 4096;

/** An extended partition holds the logical ones and no file system of its own. */
export function isExtended(partition: Pick<Partition, "type">): boolean {
  return /^(5|f|85)$/i.test(partition.type);
}

/** Reads only. For a disk of which something else knows that it has such a table. */
export async function readPartitionTable(
  path: string,
  disk: { readonly sizeBytes: number; readonly logicalSectorBytes: number },
  kind: "gpt" | "mbr",
): Promise<PartitionTable> {
  try {
    const file = await open(path);
    try {
      const read = async (sector: number, lengthBytes: number) => {
        const buffer = Buffer.alloc(lengthBytes);
        const { bytesRead } = await file.read(
          buffer,
          0,
          lengthBytes,
          sector * disk.logicalSectorBytes,
        );
        return buffer.subarray(0, bytesRead);
      };
      const sectors = Math.floor(disk.sizeBytes / disk.logicalSectorBytes);
      const found = kind === "mbr" ? await readMbr(read) : await readGpt(read, sectors);
      if (found === undefined) return { partitions: [], problem: "the table is damaged" };
      const partitions = found.map(({ firstSector, sectors: count, ...entry }) => ({
        ...entry,
        offsetBytes: firstSector * disk.logicalSectorBytes,
        sizeBytes: count * disk.logicalSectorBytes,
      }));
      return { partitions, problem: undefined };
    } finally {
      await file.close();
    }
  } catch (error) {
    return { partitions: [], problem: error instanceof Error ? error.message : String(error) };
  }
}

type Read = (sector: number, lengthBytes: number) => Promise<Buffer>;
type Entry = Pick<Partition, "number" | "type" | "bootable"> & {
  readonly firstSector: number;
  readonly sectors: number;
};

async function readMbr(read: Read): Promise<Entry[] | undefined> {
  const primary = mbrEntries(await read(0, 512));
  if (primary === undefined) return undefined;
  const entries = primary.flatMap((entry, index): Entry[] =>
    entry.sectors > 0 ? [{ number: index + 1, ...entry }] : [],
  );
  const extended = entries.find(isExtended);
  const seen = new Set<number>();
  let record = extended?.firstSector;
  while (extended !== undefined && record !== undefined && !seen.has(record)) {
    if (seen.add(record).size > mostLogical) break;
    const [own, next] = mbrEntries(await read(record, 512)) ?? [];
    if (own !== undefined && own.sectors > 0 && !isExtended(own)) {
      // Where it begins is counted from its own record, and where the next record is from the first one.
      const number = Math.max(4, ...entries.map((entry) => entry.number)) + 1;
      entries.push({ number, ...own, firstSector: record + own.firstSector });
    }
    const goesOn = next !== undefined && next.sectors > 0 && isExtended(next);
    record = goesOn ? extended.firstSector + next.firstSector : undefined;
  }
  return entries;
}

/** The four entries of a boot record; undefined when it is none. */
function mbrEntries(record: Buffer): Omit<Entry, "number">[] | undefined {
  if (record.length < 512 || record.readUInt16LE(510) !== 0xaa55) return undefined;
  return [446, 462, 478, 494].map((at) => {
    const type = record.readUInt8(at + 4);
    return {
      type: type.toString(16),
      bootable: record.readUInt8(at) === 0x80,
      firstSector: record.readUInt32LE(at + 8),
      sectors: type === 0 ? 0 : record.readUInt32LE(at + 12),
    };
  });
}

async function readGpt(read: Read, diskSectors: number): Promise<Entry[] | undefined> {
  const header = (await gptHeader(read, 1)) ?? (await gptHeader(read, diskSectors - 1));
  if (header === undefined) return undefined;
  const { entriesAt, count, entryBytes } = header;
  const table = await read(entriesAt, count * entryBytes);
  const entries: Entry[] = [];
  for (let index = 0; (index + 1) * entryBytes <= table.length; index++) {
    const entry = table.subarray(index * entryBytes, (index + 1) * entryBytes);
    const type = guid(entry);
    if (/^[0-]+$/.test(type)) continue;
    const firstSector = Number(entry.readBigUInt64LE(32));
    const lastSector = Number(entry.readBigUInt64LE(40));
    // Bit 2: legacy BIOS bootable.
    const bootable = (entry.readBigUInt64LE(48) & 4n) !== 0n;
    const sectors = lastSector - firstSector + 1;
    if (sectors > 0) entries.push({ number: index + 1, type, bootable, firstSector, sectors });
  }
  return entries;
}

async function gptHeader(
  read: Read,
  sector: number,
): Promise<{ entriesAt: number; count: number; entryBytes: number } | undefined> {
  const header = await read(sector, 512);
  if (header.length < 512 || header.toString("latin1", 0, 8) !== "EFI PART") return undefined;
  const headerBytes = header.readUInt32LE(12);
  if (headerBytes < 92 || headerBytes > 512) return undefined;
  const checked = Buffer.from(header.subarray(0, headerBytes));
  checked.writeUInt32LE(0, 16);
  if (crc32(checked) !== header.readUInt32LE(16)) return undefined;
  const count = header.readUInt32LE(80);
  const entryBytes = header.readUInt32LE(84);
  if (count > mostGptEntries || entryBytes < 128 || entryBytes > 4096) return undefined;
  return { entriesAt: Number(header.readBigUInt64LE(72)), count, entryBytes };
}

/** The first three parts are little-endian, the last two are bytes as they come. */
function guid(entry: Buffer): string {
  const hex = (from: number, to: number) => entry.toString("hex", from, to);
  const swapped = (from: number, to: number) =>
    Buffer.from(entry.subarray(from, to)).reverse().toString("hex");
  const parts = [swapped(0, 4), swapped(4, 6), swapped(6, 8), hex(8, 10), hex(10, 16)];
  return parts.join("-").toUpperCase();
}
