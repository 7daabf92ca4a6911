/**
 * What was made where, written down before it is made: after a crash between a create call and its
 * answer, the ledger knows the token to ask with.
 */
import type { Around } from "./decorate.ts";
import type { ResourceKind } from "./provider.ts";

/** Kept in the store. Every method may be repeated. */
export interface Ledger {
  /** Before the cloud is called. */
  before(kind: ResourceKind, token: string, owner: string, runId: string): Promise<void>;
  /** The cloud's id for it. */
  after(token: string, id: string): Promise<void>;
  /** By the cloud's id; by the token where the call made nothing. */
  gone(kind: ResourceKind, idOrToken: string): Promise<void>;
}

function idOf(result: unknown): string | undefined {
  const id: unknown = Object(result).id;
  return typeof id === "string" ? id : undefined;
}

/** A call that fails leaves its entry open: whether it took effect is known only by asking the cloud. */
export function keepingLedger(ledger: Ledger, runId: string): Around {
  return async ({ creates, deletes }, next) => {
    if (creates !== undefined) {
      await ledger.before(creates.kind, creates.token, creates.owner, runId);
    }
    const result = await next();
    if (creates !== undefined) {
      const id = idOf(result);
      if (id !== undefined) await ledger.after(creates.token, id);
      else await ledger.gone(creates.kind, creates.token);
    }
    if (deletes !== undefined) await ledger.gone(deletes.kind, deletes.id);
    return result;
  };
}
