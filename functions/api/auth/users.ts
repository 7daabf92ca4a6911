/** People who may use this console. */
import { MigrationError } from "#domain/errors.ts";
import type { Role, User } from "#domain/records.ts";
import type { Deps } from "../../deps.ts";
import { hashPassword, isPassword, oneTimePassword, pretendCheck } from "./passwords.ts";
import type { Throttle } from "./throttle.ts";

/** @throws `auth.wrong-password`, the same whether the user or the password is wrong; `auth.throttled` */
export async function checkPassword(
  deps: Deps,
  throttle: Throttle,
  name: string,
  password: string,
): Promise<User> {
  const waitMs = throttle.waitMs(name);
  if (waitMs > 0) {
    throw new MigrationError("auth.throttled", { user: name, seconds: Math.ceil(waitMs / 1000) });
  }
  // Counted before the slow check, so that many tries at once are not all let through.
  throttle.failed(name);
  const user = await deps.store.users.find(name);
  const isRight =
    user === undefined
      ? await pretendCheck(password)
      : await isPassword(password, user.passwordHash);
  if (user === undefined || !isRight) throw new MigrationError("auth.wrong-password", {});
  throttle.succeeded(name);
  return user;
}

export interface NewUser {
  readonly user: User;
  readonly oneTimePassword: string;
}

/** @throws `record.exists` */
export async function createUser(deps: Deps, name: string, role: Role): Promise<NewUser> {
  const password = oneTimePassword(deps.random);
  const user = await deps.store.users.create({
    id: name,
    role,
    passwordHash: await hashPassword(password, deps.random),
    oneTime: true,
  });
  return { user, oneTimePassword: password };
}

/** A new one-time password; sessions of the old one end at once. */
export async function resetPassword(deps: Deps, name: string): Promise<NewUser> {
  const password = oneTimePassword(deps.random);
  const passwordHash = await hashPassword(password, deps.random);
  const user = await deps.store.users.update(name, (old) => ({
    ...old,
    passwordHash,
    oneTime: true,
  }));
  return { user, oneTimePassword: password };
}

export async function changePassword(deps: Deps, name: string, password: string): Promise<User> {
  const passwordHash = await hashPassword(password, deps.random);
  return deps.store.users.update(name, (old) => ({ ...old, passwordHash, oneTime: false }));
}

/** @throws `auth.last-administrator` when nobody could administer the console any more */
export async function requireOtherAdministrator(deps: Deps, name: string): Promise<void> {
  for await (const user of deps.store.users.all()) {
    if (user.role === "administrator" && user.id !== name) return;
  }
  throw new MigrationError("auth.last-administrator", { user: name });
}
