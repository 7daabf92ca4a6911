import { alignedBuffer } from "#dataplane/wire/aligned-buffer.ts";
import { type BlockHasher, hashBytes, isZero } from "#dataplane/wire/block-hash.ts";
import {
  blockBytes,
  blocksInRange,
  rangeLengthBytes,
  rangeOffsetBytes,
  runBytes,
} from "#dataplane/wire/geometry.ts";
import type { VolumeFile } from "./volume-file.ts";

/**
 * Reads one range of a volume and gives the hash of every block; `zero` when all of it is zeros.
 * `onBytes` sees every piece in order.
 */
export async function rehash(
  volume: VolumeFile,
  hasher: BlockHasher,
  volumeBytes: number,
  range: number,
  onBytes?: (bytes: Buffer) => void,
): Promise<{ hashes: Buffer; isZero: boolean }> {
  const lengthBytes = rangeLengthBytes(volumeBytes, range);
  const hashes = Buffer.alloc(blocksInRange(volumeBytes, range) * hashBytes);
  const buffer = alignedBuffer(runBytes);
  let allZero = true;
  for (let at = 0; at < lengthBytes; at += runBytes) {
    const bytes = buffer.subarray(0, Math.min(runBytes, lengthBytes - at));
    await volume.read(buffer, rangeOffsetBytes(range) + at, bytes.length);
    onBytes?.(bytes);
    for (let within = 0; within < bytes.length; within += blockBytes) {
      const block = bytes.subarray(within, within + blockBytes);
      const index = (at + within) / blockBytes;
      if (isZero(block)) {
        hasher.zeroHash(block.length).copy(hashes, index * hashBytes);
      } else {
        allZero = false;
        hasher.hashInto(block, hashes, index * hashBytes);
      }
    }
  }
  return { hashes, isZero: allZero };
}
