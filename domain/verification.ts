/** What reading a server's volumes again found, in the words of its disks: partitions and file systems. */
import { z } from "zod";
import type { Disk } from "./inventory.ts";
import { type Differences, differences, type Extent, extent } from "./protocol/facts.ts";

/** Where on a disk differences are. */
export const place = z.object({
  /** Absent outside of all partitions: the partition table, gaps, or a disk without any. */
  partition: z.number().int().optional(),
  fileSystem: z.string().optional(),
  mountPoint: z.string().optional(),
  extents: z.array(extent),
});
export type Place = z.output<typeof place>;

/** The extents that are listed, by place. */
const locatedDifferences = differences
  .omit({ extents: true })
  .extend({ places: z.array(place), writtenBlocks: z.number().optional() });
type LocatedDifferences = z.output<typeof locatedDifferences>;

export const verification = z.object({
  /** The newest recovery point, if nothing was written to the volumes since. */
  recoveryPointId: z.string().optional(),
  volumes: z.array(
    z.object({
      diskId: z.string(),
      deviceName: z.string(),
      volumeId: z.string(),
      sizeBytes: z.number(),
      rootHash: z.string().optional(),
      sha256: z.string(),
      comparedBytes: z.number(),
      /** Whether the root is that of the recovery point. Absent where there is nothing to compare with. */
      isAsRecorded: z.boolean().optional(),
      /** Unlike what was acknowledged. */
      differences: locatedDifferences,
      /** Unlike the source's disk, where that was compared. */
      source: locatedDifferences.optional(),
    }),
  ),
  seconds: z.number(),
});
export type Verification = z.output<typeof verification>;
type VerificationOfVolume = Verification["volumes"][number];

export function locate(
  disk: Pick<Disk, "partitions" | "fileSystem"> | undefined,
  found: Differences & { writtenBlocks?: number },
): LocatedDifferences {
  const { extents, ...counts } = found;
  return { ...counts, places: placesOf(disk, extents) };
}

/** An extent that reaches over the edge of a partition is divided there. */
function placesOf(
  disk: Pick<Disk, "partitions" | "fileSystem"> | undefined,
  extents: readonly Extent[],
): Place[] {
  const partitions = [...(disk?.partitions ?? [])].sort((a, b) => a.offsetBytes - b.offsetBytes);
  const places = new Map<number | undefined, Place>();
  const add = (partition: (typeof partitions)[number] | undefined, found: Extent) => {
    if (found.lengthBytes <= 0) return;
    const number = partition?.number;
    const { type, mountPoint } = (partition ?? disk)?.fileSystem ?? {};
    const known = places.get(number) ?? {
      ...(number === undefined ? {} : { partition: number }),
      ...(type === undefined ? {} : { fileSystem: type }),
      ...(mountPoint === undefined ? {} : { mountPoint }),
      extents: [],
    };
    known.extents.push(found);
    places.set(number, known);
  };
  for (const whole of extents) {
    const endBytes = whole.offsetBytes + whole.lengthBytes;
    let atBytes = whole.offsetBytes;
    const upTo = (toBytes: number, partition?: (typeof partitions)[number]) => {
      add(partition, { ...whole, offsetBytes: atBytes, lengthBytes: toBytes - atBytes });
      atBytes = Math.max(atBytes, toBytes);
    };
    for (const partition of partitions) {
      const partitionEnd = partition.offsetBytes + partition.sizeBytes;
      if (partitionEnd <= atBytes || partition.offsetBytes >= endBytes) continue;
      upTo(Math.min(partition.offsetBytes, endBytes));
      upTo(Math.min(partitionEnd, endBytes), partition);
    }
    upTo(endBytes);
  }
  return [...places.values()];
}

/** Whether the volume holds what was copied to it. */
export function isProved({ differences, isAsRecorded }: VerificationOfVolume): boolean {
  return differences.blocks === 0 && isAsRecorded !== false;
}

/** Blocks of the source that differ although no write is known that would explain it. */
export function unexplainedBlocks({ source }: VerificationOfVolume): number {
  return source === undefined ? 0 : source.blocks - (source.writtenBlocks ?? 0);
}
