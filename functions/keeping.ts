/**
 * What stays at the target because the user asked for it: the server a cutover launched, and the
 * gateway's security group it runs in. Everything else is removed by clean-up.
 */
import type { Resource } from "#domain/records.ts";
import type { Deps } from "./deps.ts";

/** Marks what a cutover launched, and its security group, as the user's from here on. May be repeated. */
export async function keepLaunched(
  deps: Deps,
  serverId: string,
  runId: string,
  gatewayId: string,
): Promise<void> {
  for await (const resource of deps.store.resources.all(serverId)) {
    // An image and its snapshot have done their work; the running server needs neither.
    const isServer = resource.kind === "instance" || resource.kind === "volume";
    if (resource.runId === runId && isServer) await keep(deps, resource, serverId);
  }
  for await (const resource of deps.store.resources.all(gatewayId)) {
    if (resource.kind === "security-group") await keep(deps, resource, serverId);
  }
}

async function keep(deps: Deps, { id }: Resource, serverId: string): Promise<void> {
  await deps.store.resources.update(id, (found) =>
    found.keptFor.includes(serverId) ? found : { ...found, keptFor: [...found.keptFor, serverId] },
  );
}

/** A reverted cutover keeps nothing. May be repeated. */
export async function keepNoLonger(deps: Deps, serverId: string, owners: string[]): Promise<void> {
  for (const owner of owners) {
    for await (const { id } of deps.store.resources.all(owner)) {
      await deps.store.resources.update(id, (found) =>
        found.keptFor.includes(serverId)
          ? { ...found, keptFor: found.keptFor.filter((other) => other !== serverId) }
          : found,
      );
    }
  }
}

/** The cloud's ids of what is kept among what was made for these owners. */
export async function keptCloudIds(deps: Deps, owners: readonly string[]): Promise<Set<string>> {
  const kept = new Set<string>();
  for (const owner of owners) {
    for await (const { keptFor, cloudId } of deps.store.resources.all(owner)) {
      if (keptFor.length > 0 && cloudId !== undefined) kept.add(cloudId);
    }
  }
  return kept;
}
