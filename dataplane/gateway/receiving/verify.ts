import { createHash } from "node:crypto";
import { hashBytes, isUnknown, sameHash, zeroHashOf } from "#dataplane/wire/block-hash.ts";
import {
  blockBytes,
  blocksLengthBytes,
  rangeCount,
  rangeOffsetBytes,
} from "#dataplane/wire/geometry.ts";
import { HashTree, rangeDigest } from "#dataplane/wire/hash-tree.ts";
import { BlockMap, type RangeEntry } from "./block-map.ts";
import type { LaneVolume } from "./lane-messages.ts";
import { rehash } from "./rehash.ts";
import { VolumeFile } from "./volume-file.ts";

export interface VerifyResponse {
  rootHash: string;
  sha256: string;
  differingBlocks: number;
  firstDifferenceBytes?: number;
}

/** Reads the volume again. Compares with the block map where it claims to know; without a map nothing differs. */
export async function verifyVolume(volume: LaneVolume, gatewayId: string): Promise<VerifyResponse> {
  const file = await VolumeFile.open(volume, gatewayId);
  const found = await BlockMap.find(volume.mapPath);
  const map = found?.head.sizeBytes === volume.sizeBytes ? found : undefined;
  const tree = new HashTree(volume.sizeBytes);
  const whole = createHash("sha256");
  let differingBlocks = 0;
  let firstDifferenceBytes: number | undefined;
  try {
    // What was written but is still in memory would otherwise be missed by uncached reads.
    await file.sync();
    for (let range = 0; range < rangeCount(volume.sizeBytes); range += 1) {
      const entry = await map?.readRange(range);
      const onVolume = await rehash(file, volume.sizeBytes, range, (bytes) => whole.update(bytes));
      tree.add(range, rangeDigest(onVolume.hashes));
      for (const block of differences(entry, onVolume.hashes, volume.sizeBytes, range)) {
        differingBlocks += 1;
        firstDifferenceBytes ??= rangeOffsetBytes(range) + block * blockBytes;
      }
    }
  } finally {
    await file.close();
    await found?.close();
  }
  return {
    rootHash: tree.root(),
    sha256: whole.digest("hex"),
    differingBlocks,
    ...(firstDifferenceBytes === undefined ? {} : { firstDifferenceBytes }),
  };
}

function* differences(
  entry: RangeEntry | undefined,
  found: Buffer,
  volumeBytes: number,
  range: number,
) {
  if (entry === undefined || entry.state === "unknown" || entry.state === "open") return;
  for (let block = 0; block * hashBytes < found.length; block += 1) {
    if (entry.state === "listed" && isUnknown(entry.hashes, block)) continue;
    const isSame =
      entry.state === "zero"
        ? sameHash(found, block, zeroHashOf(blocksLengthBytes(volumeBytes, range, block, 1)), 0)
        : sameHash(found, block, entry.hashes, block);
    if (!isSame) yield block;
  }
}
