/** Which parts of a range a pass reads. */
import { isUnknown } from "#dataplane/wire/block-hash.ts";
import {
  blockBytes,
  blocksInRange,
  blocksPerRun,
  rangeLengthBytes,
} from "#dataplane/wire/geometry.ts";
import { rangeDigest } from "#dataplane/wire/hash-tree.ts";
import { hasBlock } from "../tracking/block-set.ts";
import type { Job } from "./stream-messages.ts";

/** At most `blocksPerRun` blocks of a range. */
export interface Run {
  readonly firstBlock: number;
  readonly lengthBytes: number;
}

/**
 * In ascending order. All of the range, unless its changes are known and the gateway still has what the
 * pass before left there: then the changed blocks. In any case without those that are free.
 * @param known the gateway's hashes of the range
 */
export function runsToRead(
  volumeBytes: number,
  { range, since, free }: Job,
  known: Buffer | undefined,
): { runs: Run[]; skippedBytes: number } {
  const isTracked =
    since !== undefined && known !== undefined && rangeDigest(known).equals(since.digest);
  const mayDiffer = (block: number) =>
    !isTracked || hasBlock(since.changed, block) || isUnknown(known, block);
  const blocks = blocksInRange(volumeBytes, range);
  const endByte = rangeLengthBytes(volumeBytes, range);
  const isFree = (block: number) => free !== undefined && hasBlock(free, block);
  const isRead = (block: number) => mayDiffer(block) && !isFree(block);
  const runs: Run[] = [];
  let skippedBytes = 0;
  for (let block = 0; block < blocks; ) {
    if (!isRead(block)) {
      // Only whole blocks are ever free.
      if (isFree(block) && mayDiffer(block)) skippedBytes += blockBytes;
      block += 1;
      continue;
    }
    let end = block + 1;
    while (end < blocks && end - block < blocksPerRun && isRead(end)) end += 1;
    const lengthBytes = Math.min(endByte, end * blockBytes) - block * blockBytes;
    runs.push({ firstBlock: block, lengthBytes });
    block = end;
  }
  return { runs, skippedBytes };
}
