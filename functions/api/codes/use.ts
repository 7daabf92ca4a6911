/** One-time codes: whoever shows one with a certificate uses it up, and may show it again. */
import { MigrationError } from "#domain/errors.ts";
import type { Code } from "#domain/records.ts";
import type { Deps } from "../../deps.ts";
import { hashSecret } from "../../ids.ts";

/** @throws `auth.wrong-code` when it is unknown, expired, for something else, or used up by others */
export async function useCode(
  deps: Deps,
  shown: { code: string; purpose: Code["purpose"]; gatewayId?: string },
  user: { fingerprint: string; id: string },
): Promise<void> {
  const id = hashSecret(shown.code);
  const refused = () => new MigrationError("auth.wrong-code", {});
  if ((await deps.store.codes.find(id)) === undefined) throw refused();
  await deps.store.codes.update(id, (code) => {
    const isFor = code.purpose === shown.purpose && code.gatewayId === shown.gatewayId;
    if (!isFor || Date.parse(code.expiresAt) <= deps.now().getTime()) throw refused();
    if (code.usedBy.some((used) => used.fingerprint === user.fingerprint)) return code;
    if (code.usesLeft === 0) throw refused();
    return { ...code, usesLeft: code.usesLeft - 1, usedBy: [...code.usedBy, user] };
  });
}
