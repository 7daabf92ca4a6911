/**
 * Session tokens of people: `<payload>.<signature>`, both base64url. The payload names the user, the
 * password it was made with (by a stamp of its hash) and the end. So a changed password, a changed role
 * and a removed user take effect at once, although no session is kept anywhere.
 */
import { createHmac, hkdfSync, timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { MigrationError } from "#domain/errors.ts";
import type { User } from "#domain/records.ts";
import type { Deps } from "../../deps.ts";
import { hashSecret } from "../../ids.ts";

const validMs = 12 * 3600_000;

const payload = z.object({ user: z.string(), stamp: z.string(), expiresAt: z.iso.datetime() });

export interface IssuedSession {
  readonly token: string;
  readonly expiresAt: string;
}

export function issueSession(deps: Deps, user: User): IssuedSession {
  const expiresAt = new Date(deps.now().getTime() + validMs).toISOString();
  const body = Buffer.from(
    JSON.stringify({ user: user.id, stamp: stampOf(user), expiresAt }),
  ).toString("base64url");
  return { token: `${body}.${sign(deps, body).toString("base64url")}`, expiresAt };
}

/** @throws `auth.required` for anything but a valid token of a user as he is now */
export async function userOfSession(deps: Deps, token: string): Promise<User> {
  const [body = "", signature = ""] = token.split(".");
  const expected = sign(deps, body);
  const given = Buffer.from(signature, "base64url");
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new MigrationError("auth.required", {});
  }
  const claims = payload.parse(JSON.parse(Buffer.from(body, "base64url").toString("utf8")));
  if (Date.parse(claims.expiresAt) <= deps.now().getTime()) {
    throw new MigrationError("auth.required", {});
  }
  const user = await deps.store.users.find(claims.user);
  if (user === undefined || stampOf(user) !== claims.stamp) {
    throw new MigrationError("auth.required", {});
  }
  return user;
}

function stampOf(user: User): string {
  return hashSecret(user.passwordHash).slice(0, 16);
}

function sign(deps: Deps, body: string): Buffer {
  // A key of its own, so that a callback's signature never passes for a session's.
  const key = hkdfSync("sha256", deps.console.callbackKey, "", "people's sessions", 32);
  return createHmac("sha256", Buffer.from(key)).update(body).digest();
}
