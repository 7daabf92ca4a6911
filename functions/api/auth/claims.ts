/** People whom the API's front door has let in: API Gateway's JWT authorizer, with a Cognito user pool. */
import { z } from "zod";
import { MigrationError } from "#domain/errors.ts";
import { type Role, roles } from "#domain/records.ts";
import type { Person } from "../router.ts";

/**
 * What Lambda is given beside the request; a caller can't write it. Groups arrive as one text,
 * `[administrator operator]`. Source: API Gateway developer guide, "Control access to HTTP APIs with JWT
 * authorizers"; Cognito developer guide, "Using the access token".
 */
const environment = z.object({
  requestContext: z.object({
    authorizer: z.object({
      jwt: z.object({
        claims: z.object({
          sub: z.string().min(1),
          username: z.string().optional(),
          "cognito:groups": z.string().default(""),
        }),
      }),
    }),
  }),
});

/** @throws `auth.required` without claims, `auth.no-role` for somebody in none of our groups */
export function personOfClaims(env: unknown): Person {
  const { data } = environment.safeParse(env);
  if (data === undefined) throw new MigrationError("auth.required", {});
  const { claims } = data.requestContext.authorizer.jwt;
  const name = claims.username ?? claims.sub;
  const groups = claims["cognito:groups"].replace(/[[\]]/g, " ").split(/[\s,]+/);
  const highest = roles.filter((role: Role) => groups.includes(role)).at(-1);
  if (highest === undefined) {
    throw new MigrationError("auth.no-role", { user: name, roles: roles.join(", ") });
  }
  return { name, role: highest };
}
