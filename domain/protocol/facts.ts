/** Shapes that several messages share. */
import { z } from "zod";
import { bottlenecks } from "../server.ts";

/** An error as it crosses a process border; `domain/errors.ts` gives it words. */
export const errorFacts = z.object({
  code: z.string().max(100),
  params: z.record(z.string(), z.union([z.string().max(4000), z.number()])),
});

/** SHA-256 of a certificate in DER, lower-case hex. */
export const fingerprint = z.string().regex(/^[0-9a-f]{64}$/);

/** `compare` reads both sides and sends and writes no block. */
export const syncMode = z.enum(["initial", "delta", "final", "compare"]);
export type SyncMode = z.output<typeof syncMode>;

const count = z.number().nonnegative();

/** How far one volume is. `doneBytes` counts covered disk, whether sent, skipped or found equal. */
export const volumeProgress = z.object({
  diskId: z.string(),
  volumeId: z.string(),
  totalBytes: count,
  doneBytes: count,
  /** Read from the disk. */
  readBytes: count,
  /** Sent over the line, after compression, framing included. */
  sentBytes: count,
  /** Written to the volume. */
  writtenBytes: count,
  /** Blocks whose content differed from the volume's, in uncompressed bytes. */
  changedBytes: count,
  /** Not read, because a file system had it free. */
  skippedBytes: count.default(0),
});

export const progress = z.object({
  volumes: z.array(volumeProgress),
  rateBytesPerSecond: count,
  etaSeconds: count.optional(),
  bottleneck: z.enum(bottlenecks),
  /** True while no agent is connected: what it waits for is then the source server. */
  waitingForAgent: z.boolean().default(false),
});
export type Progress = z.output<typeof progress>;

export const extent = z.object({
  offsetBytes: count,
  lengthBytes: count,
  /** Of a source: its kernel told of a write there since the last sync. */
  written: z.boolean().optional(),
});
export type Extent = z.output<typeof extent>;

/** Blocks that are not what they should be: all of them counted, the first of them listed. */
export const differences = z.object({
  blocks: count,
  bytes: count,
  extentCount: count,
  extents: z.array(extent),
});
export type Differences = z.output<typeof differences>;

export const sourceDifferences = differences.extend({
  /** Of `blocks`: those of which the source's kernel told that they were written since the last sync. */
  writtenBlocks: count,
});

/** A volume at the end of a session: everything acknowledged, hashed and on disk. */
export const volumeResult = volumeProgress.extend({
  /** Of a session in mode `compare`: what the source has and the volume has not. */
  differences: sourceDifferences.optional(),
  /** Root of the hash tree over all blocks, hex; equal to what the agent read (docs/wire-protocol.md). */
  rootHash: z.string(),
});

export const sessionResult = z.object({
  volumes: z.array(volumeResult),
  seconds: z.number(),
  /** How long the source's file systems were frozen, where they were. */
  frozenSeconds: z.number().optional(),
});
export type SessionResult = z.output<typeof sessionResult>;
