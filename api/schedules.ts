import { z } from "@hono/zod-openapi";
import { schedule } from "#domain/records.ts";
import { displayName } from "./targets.ts";

export const scheduleRequest = z
  .strictObject({
    name: displayName,
    /** `rate(15 minutes)`, `cron(30 2 ? * MON-FRI *)` or `at(2026-12-01T22:00:00)`. */
    expression: z.string().max(200),
    timeZone: z.string().max(60).default("UTC"),
    /** One server, or every copied server of a target. */
    serverId: z.string().max(100).optional(),
    targetId: z.string().max(100).optional(),
  })
  .openapi("ScheduleRequest");

export const changeScheduleRequest = z
  .strictObject({ enabled: z.boolean() })
  .openapi("ChangeScheduleRequest");

export const scheduleView = z
  .object(schedule.omit({ version: true, updatedAt: true }).shape)
  .openapi("Schedule");

export type ScheduleRequest = z.input<typeof scheduleRequest>;
export type ScheduleView = z.output<typeof scheduleView>;
