/** The limits of a target, and how one is changed. */
import { z } from "@hono/zod-openapi";
import { limitValue } from "#domain/limits/effective.ts";

export const limitView = z
  .object({
    name: z.string(),
    /** Of the requirement document; X-19 for a figure that it does not have here. */
    row: z.string(),
    unit: z.string(),
    /** In the language asked for. */
    meaning: z.string(),
    document: limitValue.optional(),
    /** Changed for this target. */
    own: z
      .object({ value: limitValue, reason: z.string(), by: z.string(), at: z.string() })
      .optional(),
    /** As the cloud reports it. */
    cloud: limitValue.optional(),
    /** What holds. */
    effective: limitValue,
    from: z.enum(["document", "own", "cloud"]),
    /** What the platform allows by now, where the document is outdated. */
    today: z.string().optional(),
  })
  .openapi("Limit");

export const targetLimitsView = z
  .object({
    targetId: z.string(),
    limits: z.array(limitView),
    /** What the document says besides, and the product does by itself. */
    facts: z.array(z.object({ row: z.string(), meaning: z.string() })),
    /** Oldest first; without a value: back to the document's. */
    changes: z.array(
      z.object({
        name: z.string(),
        value: limitValue.optional(),
        reason: z.string(),
        by: z.string(),
        at: z.string(),
      }),
    ),
  })
  .openapi("TargetLimits");

export const changeLimitRequest = z
  .object({
    /** Without it the document's figure holds again. */
    value: limitValue.optional(),
    reason: z.string().trim().min(3).max(500),
  })
  .openapi("ChangeLimitRequest");

export type LimitView = z.output<typeof limitView>;
export type TargetLimitsView = z.output<typeof targetLimitsView>;
export type ChangeLimit = z.input<typeof changeLimitRequest>;
