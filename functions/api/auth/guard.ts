/** Who may call a route: people by role, agents by their own token. */
import { createHash, timingSafeEqual } from "node:crypto";
import type { Context, MiddlewareHandler } from "hono";
import { MigrationError } from "#domain/errors.ts";
import { type Role, roles, type SourceServer } from "#domain/records.ts";
import type { Deps } from "../../deps.ts";
import type { Env, Person } from "../router.ts";
import { personOfClaims } from "./claims.ts";
import { userOfSession } from "./session.ts";

/** Lets people of a role, or a higher one, pass. */
export function allow(deps: Deps, needed: Role): MiddlewareHandler<Env> {
  return async (c, next) => {
    const person = await personOf(deps, c);
    if (roles.indexOf(person.role) < roles.indexOf(needed)) {
      throw new MigrationError("auth.forbidden", { role: person.role, needed });
    }
    c.set("person", person);
    await next();
  };
}

async function personOf(deps: Deps, c: Context<Env>): Promise<Person> {
  if (deps.signIn !== undefined) return personOfClaims(c.env);
  const user = await userOfSession(deps, bearer(c) ?? "");
  if (user.oneTime) throw new MigrationError("auth.change-password", { user: user.id });
  return { name: user.id, role: user.role };
}

/** For routes about users and sessions of our own. @throws `auth.elsewhere` where there are none */
export function onlyHere({ signIn }: Deps): MiddlewareHandler<Env> {
  return async (_c, next) => {
    if (signIn !== undefined) {
      throw new MigrationError("auth.elsewhere", { address: signIn.issuer });
    }
    await next();
  };
}

/** Lets anyone with a session pass, even of a one-time password. */
export function allowAnyone(deps: Deps): MiddlewareHandler<Env> {
  return async (c, next) => {
    const user = await userOfSession(deps, bearer(c) ?? "");
    c.set("person", { name: user.id, role: user.role });
    await next();
  };
}

/** Lets agents pass that are known by server and token together. */
export function allowAgent(deps: Deps): MiddlewareHandler<Env> {
  return async (c, next) => {
    c.set("agent", await agentOf(deps, c));
    await next();
  };
}

/** Lets pass who shows a code; whether a copy waits with it, its report is asked. */
export function allowCode(): MiddlewareHandler<Env> {
  return async (c, next) => {
    if (bearer(c) === undefined) throw new MigrationError("auth.required", {});
    await next();
  };
}

/** `Bearer <serverId>.<token>`. @throws `auth.unknown-agent` */
async function agentOf(deps: Deps, c: Context<Env>): Promise<SourceServer> {
  const given = bearer(c) ?? "";
  const dot = given.indexOf(".");
  const server = dot > 0 ? await deps.store.servers.find(given.slice(0, dot)) : undefined;
  if (server === undefined || !isSecret(given.slice(dot + 1), server.agentTokenHash)) {
    throw new MigrationError("auth.unknown-agent", { address: deps.console.url });
  }
  return server;
}

function isSecret(given: string, hash: string): boolean {
  const found = createHash("sha256").update(given).digest();
  const expected = Buffer.from(hash, "hex");
  return found.length === expected.length && timingSafeEqual(found, expected);
}

export function bearer(c: Context): string | undefined {
  return /^Bearer (\S{1,1000})$/.exec(c.req.header("authorization") ?? "")?.[1];
}
