/** What a check says of a server, before anything is made. */
import { z } from "@hono/zod-openapi";
import { acknowledgement, severities, thingKinds } from "#domain/checks/finding.ts";
import { launchNetwork } from "#domain/records.ts";

export const checkRequest = z
  .object({
    /** Without it: the target the server has already; else only the server itself is judged. */
    targetId: z.string().max(100).optional(),
    /** How it is to be launched there. */
    launch: z
      .object({
        instanceType: z.string().min(1).max(100).optional(),
        repair: z.boolean().optional(),
        zone: z.string().min(1).max(100).optional(),
        placement: launchNetwork.optional(),
      })
      .optional(),
  })
  .openapi("CheckRequest");

export const findingView = z
  .object({
    code: z.string(),
    /** Of the requirement document. */
    row: z.string(),
    severity: z.enum(severities),
    thing: z.object({ kind: z.enum(thingKinds), name: z.string() }),
    params: z.record(z.string(), z.union([z.string(), z.number()])),
    /** The figure of the target that decides and can be changed. */
    limit: z.string().optional(),
    acknowledged: acknowledgement.optional(),
    /** In the language asked for. */
    words: z.object({
      thing: z.string(),
      seen: z.string(),
      allowed: z.string(),
      todo: z.string(),
    }),
  })
  .openapi("Finding");

export const serverCheckView = z
  .object({
    serverId: z.string(),
    targetId: z.string().optional(),
    /** The heaviest there is; absent: nothing was found. */
    worst: z.enum(severities).optional(),
    /** The heaviest first. */
    findings: z.array(findingView),
  })
  .openapi("ServerCheck");

export const acknowledgeRequest = z
  .object({
    targetId: z.string().max(100),
    row: z.string().max(20),
    reason: z.string().trim().min(3).max(500),
  })
  .openapi("AcknowledgeRequest");

export type CheckRequest = z.input<typeof checkRequest>;
export type FindingView = z.output<typeof findingView>;
export type ServerCheckView = z.output<typeof serverCheckView>;
export type AcknowledgeRequest = z.input<typeof acknowledgeRequest>;
