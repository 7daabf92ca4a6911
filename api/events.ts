import { z } from "@hono/zod-openapi";
import { event } from "#domain/records.ts";

/** What happened, with words in the language asked for. Ids are in order of time. */
export const eventView = event.extend({ text: z.string() }).openapi("Event");

export const eventQuery = z.object({
  serverId: z.string().max(100).optional(),
  /** Only what came after this event. */
  after: z.string().max(100).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(200),
});

export const streamQuery = eventQuery.omit({ limit: true });

export type EventView = z.output<typeof eventView>;
