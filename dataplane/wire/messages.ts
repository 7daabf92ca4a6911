/** The bodies that are JSON: welcome and status. An error's body is `errorFacts` of the domain. */
import { z } from "zod";
import { hashKeyBytes } from "./block-hash.ts";

const count = z.number().nonnegative();
/** Of the volume's block hashes. */
const hashKey = z.string().regex(new RegExp(`^[0-9a-f]{${2 * hashKeyBytes}}$`));

/** The gateway's answer to a hello. A volume's number in frames is its place in the list. */
export const welcome = z.object({
  version: z.literal(2),
  volumes: z
    .array(
      z.object({
        volumeId: z.string(),
        sizeBytes: z.number().int().positive(),
        /** May be absent when done. */
        hashKey: hashKey.optional(),
        /** Already confirmed in this session: nothing is to be sent for it. */
        done: z.boolean(),
      }),
    )
    .min(1)
    .max(1000),
  /** Which of the gateway's threads answers, and how many there are. */
  lane: z.number().int().nonnegative().default(0),
  lanes: z.number().int().positive().default(1),
  /** Whether it answers probes. */
  probes: z.boolean().default(false),
});
export type Welcome = z.output<typeof welcome>;

/** What the agent knows and the gateway can't, about once a second on one of its streams. */
export const status = z.object({
  bottleneck: z.string().max(50),
  rateBytesPerSecond: count,
  etaSeconds: count.optional(),
  volumes: z
    .array(
      z.object({
        volumeId: z.string().max(300),
        doneBytes: count,
        readBytes: count,
        sentBytes: count,
        /** As the acknowledgements say. */
        writtenBytes: count,
        changedBytes: count,
        skippedBytes: count.default(0),
      }),
    )
    .max(1000),
});
export type Status = z.output<typeof status>;
