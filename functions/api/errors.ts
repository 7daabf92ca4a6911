/** How errors leave the API: one table from what an error means to its HTTP status. */
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import type { ErrorWords } from "#api/errors.ts";
import {
  describeError,
  type ErrorCode,
  type ErrorFacts,
  errorTable,
  type exitStatus,
  type Language,
  MigrationError,
} from "#domain/errors.ts";

const byMeaning: Record<keyof typeof exitStatus, number> = {
  unexpected: 500,
  usage: 400,
  notFound: 404,
  conflict: 409,
  refused: 422,
  access: 403,
  unreachable: 503,
  cloud: 502,
  data: 500,
  boot: 422,
};

const exceptions: Partial<Record<ErrorCode, number>> = {
  "auth.required": 401,
  "auth.wrong-password": 401,
  "auth.wrong-code": 401,
  "auth.unknown-agent": 401,
  "auth.throttled": 429,
  "input.no-route": 404,
  "input.too-large": 413,
};

export function httpStatusOf(code: ErrorCode): number {
  return exceptions[code] ?? byMeaning[errorTable[code].exit];
}

/** An error with its words, as it is shown in one language. */
export function wordsOf(
  facts: { code: string; params: Readonly<Record<string, string | number>> },
  language: Language,
): ErrorWords {
  // An unknown code, of a newer version's record, is shown as it is.
  const words = describeError(facts as ErrorFacts, language);
  return { code: facts.code, params: facts.params, ...words };
}

/** What HTTP itself refuses (a body that is no JSON, a wrong content type) is bad input to us. */
export function asMigrationError(error: Error, c: Context): MigrationError | undefined {
  if (error instanceof MigrationError) return error;
  if (!(error instanceof HTTPException)) return undefined;
  return new MigrationError("input.invalid", {
    where: `${c.req.method} ${c.req.path}`,
    problem: error.message === "" ? `status ${error.status}` : error.message,
  });
}
