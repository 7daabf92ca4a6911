/** People name servers and targets by name or id. */
import type { Client } from "#api/client.ts";
import type { ServerView } from "#api/servers.ts";
import type { TargetView } from "#api/targets.ts";
import { MigrationError } from "#domain/errors.ts";

/** @throws `record.not-found`, `input.ambiguous` */
export function findServer(client: Client, given: string): Promise<ServerView> {
  return findByName("server", client.listServers(), given);
}

/** @throws `record.not-found`, `input.ambiguous` */
export function findTarget(client: Client, given: string): Promise<TargetView> {
  return findByName("target", client.listTargets(), given);
}

/** @throws `record.not-found`, `input.ambiguous` */
export async function findByName<T extends { id: string; name: string }>(
  kind: string,
  all: AsyncIterable<T>,
  given: string,
): Promise<T> {
  const named: T[] = [];
  for await (const item of all) {
    if (item.id === given) return item;
    if (item.name === given) named.push(item);
  }
  const [found] = named;
  if (found === undefined) throw new MigrationError("record.not-found", { kind, id: given });
  if (named.length > 1) {
    const ids = named.map(({ id }) => id).join(", ");
    throw new MigrationError("input.ambiguous", { kind, name: given, ids });
  }
  return found;
}
