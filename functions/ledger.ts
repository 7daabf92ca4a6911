/** The ledger in the store: what was made at a target, written before it is made and kept until it is gone. */
import { createHash } from "node:crypto";
import { MigrationError } from "#domain/errors.ts";
import type { Resource } from "#domain/records.ts";
import type { Ledger } from "#providers/ledger.ts";
import type { ResourceKind } from "#providers/provider.ts";
import type { Store } from "#store/store.ts";

export function ledgerOf(store: Store, targetId: string): Ledger {
  const idOfToken = (token: string) => entryId(targetId, token);
  const idOfCloudId = (kind: ResourceKind, cloudId: string) =>
    `cid-${digestOf(targetId, kind, cloudId)}`;

  return {
    async before(kind, token, owner, runId) {
      const resource = await store.resources.ensure({
        id: idOfToken(token),
        targetId,
        kind,
        token,
        owner,
        runId,
        state: "creating",
        keptFor: [],
      });
      // The same call again, after what it made was deleted, makes it anew.
      if (resource.state === "gone") {
        await store.resources.update(resource.id, ({ cloudId: _, ...old }) => ({
          ...old,
          runId,
          state: "creating",
        }));
      }
    },
    async after(token, cloudId) {
      const { id: resourceId, kind } = await store.resources.get(idOfToken(token));
      // First the way back, so that a deletion finds whatever has a cloud's id.
      await store.cloudIds.ensure({ id: idOfCloudId(kind, cloudId), resourceId });
      await store.resources.update(resourceId, (old) =>
        old.cloudId === cloudId && old.state === "exists"
          ? old
          : { ...old, cloudId, state: "exists" },
      );
    },
    async gone(kind, idOrToken) {
      const pointer = await store.cloudIds.find(idOfCloudId(kind, idOrToken));
      await markGone(store, pointer?.resourceId ?? idOfToken(idOrToken));
      if (pointer !== undefined) await store.cloudIds.delete(pointer.id);
    },
  };
}

/** What was written down before the create call of this token, if it was made. */
export function findEntry(
  store: Store,
  targetId: string,
  token: string,
): Promise<Resource | undefined> {
  return store.resources.find(entryId(targetId, token));
}

/** Of a call that never answered and made nothing, as the platform was asked. May be repeated. */
export async function closeEntry(
  store: Store,
  targetId: string,
  kind: ResourceKind,
  token: string,
): Promise<void> {
  await ledgerOf(store, targetId).gone(kind, token);
}

function entryId(targetId: string, token: string): string {
  return `res-${digestOf(targetId, token)}`;
}

/** What a sweep by tags found and deleted was never in the ledger. */
async function markGone(store: Store, resourceId: string): Promise<void> {
  try {
    await store.resources.update(resourceId, (old) =>
      old.state === "gone" ? old : { ...old, state: "gone" },
    );
  } catch (error) {
    if (!(error instanceof MigrationError) || error.code !== "record.not-found") throw error;
  }
}

function digestOf(...parts: string[]): string {
  return createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 24);
}
