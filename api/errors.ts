/** How every refusal looks: facts for programs, words for people in the language they asked for. */
import { z } from "@hono/zod-openapi";
import { errorFacts } from "#domain/protocol/facts.ts";

export const errorWords = errorFacts
  .extend({ message: z.string(), hint: z.string() })
  .openapi("ErrorWords");

export const errorBody = z.object({ error: errorWords }).openapi("Error");

/** An error kept in a record, with when it happened and in which run. */
export const keptError = errorWords
  .extend({ at: z.string(), runId: z.string().optional() })
  .openapi("KeptError");

export type ErrorWords = z.output<typeof errorWords>;
