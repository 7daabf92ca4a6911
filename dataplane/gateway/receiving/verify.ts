import { createHash } from "node:crypto";
import {
  BlockHasher,
  hashBytes,
  hashKeyBytes,
  isUnknown,
  sameHash,
} from "#dataplane/wire/block-hash.ts";
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
  /** Absent without a block map: the key of the hashes is part of it. */
  rootHash?: string;
  sha256: string;
  differingBlocks: number;
  firstDifferenceBytes?: number;
}

/** Reads the volume again. Compares with the block map where it claims to know; without a map nothing differs. */
export async function verifyVolume(volume: LaneVolume, gatewayId: string): Promise<VerifyResponse> {
  const file = await VolumeFile.open(volume, gatewayId);
  const found = await BlockMap.find(volume.mapPath);
  const map = found?.head.sizeBytes === volume.sizeBytes ? found : undefined;
  const hasher = map?.hasher ?? new BlockHasher("00".repeat(hashKeyBytes));
  const tree = new HashTree(volume.sizeBytes);
  const whole = createHash("sha256");
  let differingBlocks = 0;
  let firstDifferenceBytes: number | undefined;
  try {
    // What was written but is still in memory would otherwise be missed by uncached reads.
    await file.sync();
    for (let range = 0; range < rangeCount(volume.sizeBytes); range += 1) {
      const onBytes = (bytes: Buffer) => whole.update(bytes);
      const { hashes } = await rehash(file, hasher, volume.sizeBytes, range, onBytes);
      tree.add(range, rangeDigest(hashes));
      const entry = await map?.readRange(range);
      for (const block of differences(hasher, entry, hashes, volume.sizeBytes, range)) {
        differingBlocks += 1;
        firstDifferenceBytes ??= rangeOffsetBytes(range) + block * blockBytes;
      }
    }
  } finally {
    await file.close();
    await found?.close();
  }
  return {
    ...(map === undefined ? {} : { rootHash: tree.root() }),
    sha256: whole.digest("hex"),
    differingBlocks,
    ...(firstDifferenceBytes === undefined ? {} : { firstDifferenceBytes }),
  };
}

function* differences(
  hasher: BlockHasher,
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
        ? sameHash(
            found,
            block,
            hasher.zeroHash(blocksLengthBytes(volumeBytes, range, block, 1)),
            0,
          )
        : sameHash(found, block, entry.hashes, block);
    if (!isSame) yield block;
  }
}
