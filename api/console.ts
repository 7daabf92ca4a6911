import { z } from "@hono/zod-openapi";

export const healthView = z
  .object({ status: z.literal("ok"), consoleId: z.string(), version: z.string() })
  .openapi("ConsoleHealth");

export type ConsoleHealth = z.output<typeof healthView>;
