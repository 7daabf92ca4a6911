/**
 * A GUID partition table ends with a copy of itself in the disk's last sector. On a larger disk than the
 * one it was made for that copy is somewhere in the middle; firmware and partition tools then complain.
 *
 *   header  0 "EFI PART"   8 revision   12 size   16 CRC-32 of the header, with itself as zero
 *          24 its own LBA  32 the other's LBA     40 first usable LBA     48 last usable LBA
 *          56 disk's GUID  72 LBA of the entries  80 number of entries    84 bytes of one
 *          88 CRC-32 of the entries
 * Source: UEFI Specification 2.10, section 5.3.2, "GPT Header".
 */
import { crc32 } from "node:zlib";
import { alignedBuffer } from "../wire/aligned-buffer.ts";
import type { Disk } from "./copy.ts";

const sectorBytes = 512;
const signature = Buffer.from("EFI PART");
/** Sectors before the backup header: the entries of a table of the usual size, and more. */
const largestEntriesBytes = 256 * 1024;
/** What is read and written at once: `O_DIRECT` takes whole pages at whole pages. */
const pageBytes = 4096;

/**
 * Writes the backup to the end of the larger disk and leads the table there. May be repeated; does
 * nothing where there is no valid table, where the disk is not larger, and for sectors of 4096 bytes.
 * @returns whether it was moved
 */
export async function moveBackupTable(
  disk: Disk,
  sizes: { readonly sizeBytes: number; readonly targetBytes: number },
): Promise<boolean> {
  const { targetBytes } = sizes;
  if (targetBytes <= sizes.sizeBytes || targetBytes % pageBytes !== 0) return false;
  const front = alignedBuffer(pageBytes);
  await disk.read(front, 0, pageBytes, 0);
  const header = readHeader(front.subarray(sectorBytes, 2 * sectorBytes));
  if (header === undefined || header.entriesBytes > largestEntriesBytes) return false;

  const lastLba = BigInt(targetBytes / sectorBytes) - 1n;
  if (header.otherLba === lastLba) return false;
  const entries = await readEntries(disk, header);
  if (crc32(entries) !== header.entriesCrc) return false;
  const entriesSectors = BigInt(Math.ceil(header.entriesBytes / sectorBytes));
  const places = { lastUsableLba: lastLba - entriesSectors - 1n };

  const backupEntriesLba = lastLba - entriesSectors;
  const backup = headerWith(header.bytes, {
    ...places,
    ownLba: lastLba,
    otherLba: 1n,
    entriesLba: backupEntriesLba,
  });
  const fromBytes = Math.floor((Number(backupEntriesLba) * sectorBytes) / pageBytes) * pageBytes;
  const end = alignedBuffer(targetBytes - fromBytes);
  entries.copy(end, Number(backupEntriesLba) * sectorBytes - fromBytes);
  backup.copy(end, end.length - sectorBytes);
  // First the copy, then what leads to it.
  await disk.write(end, 0, end.length, fromBytes);
  await disk.datasync();
  headerWith(header.bytes, {
    ...places,
    ownLba: 1n,
    otherLba: lastLba,
    entriesLba: header.entriesLba,
  }).copy(front, sectorBytes);
  await disk.write(front, 0, pageBytes, 0);
  await disk.datasync();
  return true;
}

interface Header {
  readonly bytes: Buffer;
  readonly otherLba: bigint;
  readonly entriesLba: bigint;
  readonly entriesBytes: number;
  readonly entriesCrc: number;
}

function readHeader(sector: Buffer): Header | undefined {
  const headerBytes = sector.readUInt32LE(12);
  if (!sector.subarray(0, 8).equals(signature) || headerBytes < 92 || headerBytes > sectorBytes)
    return undefined;
  const bytes = Buffer.from(sector);
  if (crcOf(bytes) !== sector.readUInt32LE(16)) return undefined;
  return {
    bytes,
    otherLba: bytes.readBigUInt64LE(32),
    entriesLba: bytes.readBigUInt64LE(72),
    entriesBytes: bytes.readUInt32LE(80) * bytes.readUInt32LE(84),
    entriesCrc: bytes.readUInt32LE(88),
  };
}

async function readEntries(disk: Disk, { entriesLba, entriesBytes }: Header): Promise<Buffer> {
  const at = Number(entriesLba) * sectorBytes;
  const fromBytes = Math.floor(at / pageBytes) * pageBytes;
  const lengthBytes = Math.ceil((at + entriesBytes - fromBytes) / pageBytes) * pageBytes;
  const pages = alignedBuffer(lengthBytes);
  await disk.read(pages, 0, lengthBytes, fromBytes);
  return pages.subarray(at - fromBytes, at - fromBytes + entriesBytes);
}

function headerWith(
  bytes: Buffer,
  places: Record<"ownLba" | "otherLba" | "lastUsableLba" | "entriesLba", bigint>,
): Buffer {
  const header = Buffer.from(bytes);
  header.writeBigUInt64LE(places.ownLba, 24);
  header.writeBigUInt64LE(places.otherLba, 32);
  header.writeBigUInt64LE(places.lastUsableLba, 48);
  header.writeBigUInt64LE(places.entriesLba, 72);
  header.writeUInt32LE(crcOf(header), 16);
  return header;
}

function crcOf(header: Buffer): number {
  const copy = Buffer.from(header.subarray(0, header.readUInt32LE(12)));
  copy.writeUInt32LE(0, 16);
  return crc32(copy);
}
