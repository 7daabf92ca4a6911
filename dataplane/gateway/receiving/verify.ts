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
import type { VerifiedVolume } from "#domain/protocol/gateway.ts";
import { BlockMap, type RangeEntry } from "./block-map.ts";
import { Extents } from "./extents.ts";
import { rehash } from "./rehash.ts";
import { VolumeFile } from "./volume-file.ts";
import type { VolumeIdentity } from "./volume-identity.ts";

export interface VerifyTask {
  readonly diskId: string;
  readonly volumeId: string;
  readonly sizeBytes: number;
  readonly path: string;
  /** What was found at the path; nothing else there is read. */
  readonly identity: VolumeIdentity;
  readonly mapPath: string;
  readonly gatewayId: string;
  /** Extents listed at most. */
  readonly limit: number;
}

/**
 * Reads the volume again and compares it with the block map, where that claims to know; without a map
 * nothing differs. Changes neither.
 * @param onBytes told of every piece that was read
 */
export async function verifyVolume(
  task: VerifyTask,
  onBytes: (lengthBytes: number) => void,
): Promise<VerifiedVolume> {
  const { diskId, volumeId, sizeBytes, limit } = task;
  const found = await BlockMap.find(task.mapPath);
  const file = await VolumeFile.open(task, task.gatewayId).catch(async (error: unknown) => {
    await found?.close();
    throw error;
  });
  const map = found?.head.sizeBytes === sizeBytes ? found : undefined;
  const hasher = map?.hasher ?? new BlockHasher("00".repeat(hashKeyBytes));
  const tree = new HashTree(sizeBytes);
  const whole = createHash("sha256");
  const differing = new Extents(limit);
  let comparedBytes = 0;
  try {
    // What was written but is still in memory would otherwise be missed by uncached reads.
    await file.sync();
    for (let range = 0; range < rangeCount(sizeBytes); range += 1) {
      const { hashes } = await rehash(file, hasher, sizeBytes, range, (bytes) => {
        whole.update(bytes);
        onBytes(bytes.length);
      });
      tree.add(range, rangeDigest(hashes));
      const entry = await map?.readRange(range);
      if (entry === undefined || entry.state === "unknown" || entry.state === "open") continue;
      for (let block = 0; block * hashBytes < hashes.length; block += 1) {
        if (entry.state === "listed" && isUnknown(entry.hashes, block)) continue;
        const lengthBytes = blocksLengthBytes(sizeBytes, range, block, 1);
        comparedBytes += lengthBytes;
        if (isAsMapped(hasher, entry, hashes, block, lengthBytes)) continue;
        differing.add({ offsetBytes: rangeOffsetBytes(range) + block * blockBytes, lengthBytes });
      }
    }
  } finally {
    await file.close();
    await found?.close();
  }
  return {
    ...{ diskId, volumeId, sizeBytes },
    ...(map === undefined ? {} : { rootHash: tree.root() }),
    sha256: whole.digest("hex"),
    comparedBytes,
    differences: differing.differences,
  };
}

function isAsMapped(
  hasher: BlockHasher,
  entry: RangeEntry,
  found: Buffer,
  block: number,
  lengthBytes: number,
): boolean {
  return entry.state === "zero"
    ? sameHash(found, block, hasher.zeroHash(lengthBytes), 0)
    : sameHash(found, block, entry.hashes, block);
}
