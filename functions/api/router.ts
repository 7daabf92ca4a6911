/** What all routes share: parsed input, the language asked for, the documents' parts. */
import { OpenAPIHono, z } from "@hono/zod-openapi";
import { errorBody } from "#api/errors.ts";
import { type Language, MigrationError } from "#domain/errors.ts";
import type { Role, SourceServer } from "#domain/records.ts";
import { problemsOf } from "#domain/zod-problems.ts";

export interface Person {
  readonly name: string;
  readonly role: Role;
}

export interface Env {
  Variables: { language: Language; person: Person; agent: SourceServer };
}

export type Router = OpenAPIHono<Env>;

export function newRouter(): Router {
  return new OpenAPIHono<Env>({
    defaultHook: (result) => {
      if (result.success) return;
      throw new MigrationError("input.invalid", {
        where: result.target === "json" ? "request body" : result.target,
        problem: problemsOf(result.error),
      });
    },
  });
}

export const byPerson = [{ person: [] }];
export const byAgent = [{ agent: [] }];
export const byHyperDoor = [{ hyperDoor: [] }];

/** A body that must be there: without `required` the framework skips its check when no type is sent. */
export function jsonBody<S extends z.ZodType>(schema: S) {
  return { required: true, content: { "application/json": { schema } } };
}

export function jsonAnswer<S extends z.ZodType>(description: string, schema: S) {
  return { description, content: { "application/json": { schema } } };
}

/** Every route may refuse; the statuses are in `errors.ts`. */
export const refusals = {
  default: jsonAnswer("Refused: facts, and words in the language asked for", errorBody),
};

export const idParam = z.object({ id: z.string().min(1).max(100) });
