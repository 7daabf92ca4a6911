/**
 * How a disk is cut up. A **block** is the unit that is hashed and compared, a **range** the unit that
 * is handed to a stream, made durable and acknowledged, a **run** what one data frame carries.
 *
 * Blocks of 64 KiB: smaller ones make hashes cost more of the line than 0.1% allows to be careless with
 * (16 bytes per block are 0.024%), larger ones send more around a small change.
 */
export const blockBytes = 64 * 1024;
export const blocksPerRange = 1024;
export const rangeBytes = blockBytes * blocksPerRange;
export const blocksPerRun = 16;
export const runBytes = blockBytes * blocksPerRun;

/** 1 PiB; keeps every number of the protocol far below 2^53 and the range number below 2^32. */
export const maxVolumeBytes = 2 ** 50;

/** Ranges of a volume; the last may be shorter. */
export function rangeCount(volumeBytes: number): number {
  return Math.ceil(volumeBytes / rangeBytes);
}

export function rangeOffsetBytes(range: number): number {
  return range * rangeBytes;
}

/** Bytes of one range: `rangeBytes` but for the last one. */
export function rangeLengthBytes(volumeBytes: number, range: number): number {
  return Math.min(rangeBytes, volumeBytes - rangeOffsetBytes(range));
}

/** Blocks of one range; the last block of a volume may be shorter than `blockBytes`. */
export function blocksInRange(volumeBytes: number, range: number): number {
  return Math.ceil(rangeLengthBytes(volumeBytes, range) / blockBytes);
}

/** Bytes of `count` blocks of a range, from `firstBlock` on. */
export function blocksLengthBytes(
  volumeBytes: number,
  range: number,
  firstBlock: number,
  count: number,
): number {
  const length = rangeLengthBytes(volumeBytes, range);
  return (
    Math.min(length, (firstBlock + count) * blockBytes) - Math.min(length, firstBlock * blockBytes)
  );
}
