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
 * pass before left there: then the changed blocks.
 * @param known the gateway's hashes of the range
 */
export function runsToRead(
  volumeBytes: number,
  { range, since }: Job,
  known: Buffer | undefined,
): Run[] {
  const isTracked =
    since !== undefined && known !== undefined && rangeDigest(known).equals(since.digest);
  const mayDiffer = (block: number) =>
    !isTracked || hasBlock(since.changed, block) || isUnknown(known, block);
  const blocks = blocksInRange(volumeBytes, range);
  const endByte = rangeLengthBytes(volumeBytes, range);
  const runs: Run[] = [];
  for (let block = 0; block < blocks; ) {
    if (!mayDiffer(block)) {
      block += 1;
      continue;
    }
    let end = block + 1;
    while (end < blocks && end - block < blocksPerRun && mayDiffer(end)) end += 1;
    const lengthBytes = Math.min(endByte, end * blockBytes) - block * blockBytes;
    runs.push({ firstBlock: block, lengthBytes });
    block = end;
  }
  return runs;
}
