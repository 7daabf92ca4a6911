/** Partitions as `sfdisk --json` shows them. */
import { z } from "zod";
import type { Partition } from "#domain/inventory.ts";
import { runTool } from "../../run-tool.ts";

const sfdiskOutput = z.object({
  partitiontable: z.object({
    label: z.string(),
    sectorsize: z.number().default(512),
    partitions: z
      .array(
        z.object({
          node: z.string(),
          start: z.number(),
          size: z.number(),
          type: z.string(),
          bootable: z.boolean().default(false),
        }),
      )
      .default([]),
  }),
});

export interface PartitionTable {
  readonly partitions: Partition[];
  /** Why it can't be read; then the list is empty. */
  readonly problem: string | undefined;
}

/** @throws ZodError when it isn't sfdisk's output */
export function parseSfdisk(text: string): Partition[] {
  const { partitions, sectorsize } = sfdiskOutput.parse(JSON.parse(text)).partitiontable;
  return partitions.map((entry) => ({
    // The node is the disk's path with the number behind it, after a "p" where the path ends in a digit.
    number: Number(/(\d+)$/.exec(entry.node)?.[1] ?? 0),
    offsetBytes: entry.start * sectorsize,
    sizeBytes: entry.size * sectorsize,
    type: entry.type,
    bootable: entry.bootable,
  }));
}

/** Reads only. Call it for a disk that has a GPT or MBR: for others sfdisk just complains. */
export async function readPartitionTable(path: string): Promise<PartitionTable> {
  const run = await runTool("sfdisk", ["--json", path]);
  if (run.status === 0) return { partitions: parseSfdisk(run.stdout), problem: undefined };
  const problem = run.status === undefined ? "sfdisk is not installed" : run.stderr.trim();
  return { partitions: [], problem };
}
