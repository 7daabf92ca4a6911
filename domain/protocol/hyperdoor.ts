/**
 * What HyperDoor and console say to each other. HyperDoor is the system in memory that a launched server
 * starts from where its target can't make a system disk of a volume: it copies the repaired clone over
 * the disk it was started from, and restarts into what it copied.
 *
 *   user data of the instance     hyperDoorOrders, one line of JSON
 *   HyperDoor → console           POST /v1/hyperdoor   Bearer <code>   hyperDoorReport → hyperDoorAnswer
 *
 *   started ──▶ copy      copying (at least every 20 s) ──▶ copy      copied ──▶ wait … copied ──▶ restart
 *
 * HyperDoor keeps nothing over a restart of its machine: it begins with `started` again, with the same
 * code, and finds what it wrote before. The code works for one launch's copy and is worth nothing after.
 */
import { z } from "zod";
import { errorFacts, fingerprint } from "./facts.ts";

/** Holds nothing that lasts: user data can be read by whoever may see the instance. */
export const hyperDoorOrders = z.object({
  /** Version, and the mark by which HyperDoor knows its orders among other user data. */
  hyperdoor: z.literal(1),
  url: z.url(),
  /** Absent when the console's certificate is a public one. */
  consoleFingerprint: fingerprint.optional(),
  code: z.string().min(32).max(100),
  /** Of the clone, by which it is told from other disks. */
  volumeBytes: z.number().int().positive(),
  /** Of the source server's disk: what follows it on the clone is not copied. */
  diskBytes: z.number().int().positive(),
  /** Who may log in to look why it does not work, as lines of `authorized_keys`. */
  sshKeys: z.array(z.string().max(1000)).max(4).default([]),
});
export type HyperDoorOrders = z.output<typeof hyperDoorOrders>;

const count = z.number().int().nonnegative();

/** Of a copy: every byte was read from the system disk, before it was found equal or after it was written. */
const copied = z.object({
  totalBytes: count,
  /** What differed; the rest was there already, as zeros mostly. */
  writtenBytes: count,
});

export const hyperDoorReport = z.discriminatedUnion("state", [
  /** Each time it starts. */
  z.object({ state: z.literal("started"), memoryBytes: count, systemBytes: count }),
  copied.extend({
    state: z.literal("copying"),
    /** Compared with the system disk, and written where it differed. */
    doneBytes: count,
    rateBytesPerSecond: z.number().nonnegative(),
  }),
  /** Repeated until it is told to restart. */
  copied.extend({
    state: z.literal("copied"),
    seconds: z.number().nonnegative(),
    /** The backup of a GPT was moved to the end of a larger disk. */
    movedBackupTable: z.boolean(),
  }),
  z.object({ state: z.literal("failed"), error: errorFacts }),
]);
export type HyperDoorReport = z.output<typeof hyperDoorReport>;
export type HyperDoorCopied = Extract<HyperDoorReport, { state: "copied" }>;

export const hyperDoorAnswer = z.object({
  /** `stop`: nobody waits for this copy any more. */
  do: z.enum(["copy", "wait", "restart", "stop"]),
});
export type HyperDoorAnswer = z.output<typeof hyperDoorAnswer>;
