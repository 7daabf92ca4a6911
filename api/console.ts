import { z } from "@hono/zod-openapi";

export const healthView = z
  .object({ status: z.literal("ok"), consoleId: z.string(), version: z.string() })
  .openapi("ConsoleHealth");

/** `console.json` in the data folder of a standalone edition: how it can be reached. */
export const consoleFile = z.object({
  version: z.string(),
  pid: z.number().int(),
  startedAt: z.string(),
  /** For people. */
  url: z.string(),
  /** For agents and gateways. */
  machinesUrl: z.string(),
  /** Of the certificate there. */
  fingerprint: z.string(),
  /** The Step Functions API. */
  engineUrl: z.string(),
});

export type ConsoleHealth = z.output<typeof healthView>;
