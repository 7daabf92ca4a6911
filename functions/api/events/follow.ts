/** Events of one server or target, or of all, in order of time, and on from there. */
import type { Event } from "#domain/records.ts";
import type { Deps } from "../../deps.ts";

/** Every server is asked in turn: the more there are, the more seldom. */
const leastPauseMs = 500;
const pausePerServerMs = 5;

/**
 * An event may be written a moment after one with a later id. So we look back this far each time, and
 * leave out what was told already.
 */
const lookBackMs = 2000;

/** @throws `record.not-found` */
export async function listEvents(
  deps: Deps,
  query: { serverId?: string | undefined; after?: string | undefined; limit: number },
): Promise<Event[]> {
  const { after, limit } = query;
  const options = after === undefined ? { limit } : { after, limit };
  const servers = await subjectsOf(deps, query.serverId);
  const lists = await Promise.all(servers.map((id) => deps.store.events.list(id, options)));
  return lists
    .flat()
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .slice(0, limit);
}

/** Everything after the given event, then what happens, until `until` is aborted. */
export async function* followEvents(
  deps: Deps,
  query: { serverId?: string | undefined; after?: string | undefined },
  until: AbortSignal,
): AsyncIterable<Event> {
  const pageSize = 1000;
  const told = new Set<string>();
  const from = query.after;
  let newest = query.after;
  while (!until.aborted) {
    const after = newest === undefined ? undefined : earlier(newest, from);
    const events = await listEvents(deps, { ...query, after, limit: pageSize });
    const fresh = events.filter(({ serverId, id }) => !told.has(`${serverId} ${id}`));
    for (const event of fresh) {
      told.add(`${event.serverId} ${event.id}`);
      if (newest === undefined || event.id > newest) newest = event.id;
      yield event;
    }
    forget(told, events);
    if (fresh.length > 0 && events.length === pageSize) continue;
    const count = query.serverId === undefined ? (await subjectsOf(deps, undefined)).length : 1;
    await deps.sleep(Math.max(leastPauseMs, count * pausePerServerMs));
  }
}

/** Ids begin with an instant; what cannot be one is used as it is. */
function earlier(id: string, from: string | undefined): string {
  const at = Date.parse(id.slice(0, 24));
  if (Number.isNaN(at)) return id;
  const back = new Date(at - lookBackMs).toISOString();
  // Never before what the caller has seen.
  return from !== undefined && back < from ? from : back;
}

/** What lies outside the next look back is not asked for again. */
function forget(told: Set<string>, events: readonly Event[]): void {
  if (told.size < 5000) return;
  told.clear();
  for (const { serverId, id } of events) told.add(`${serverId} ${id}`);
}

/** @throws `record.not-found` */
export async function subjectsOf(deps: Deps, serverId: string | undefined): Promise<string[]> {
  if (serverId !== undefined) {
    const target = await deps.store.targets.find(serverId);
    return [(target ?? (await deps.store.servers.get(serverId))).id];
  }
  const ids: string[] = [];
  for await (const { id } of deps.store.servers.all()) ids.push(id);
  for await (const { id } of deps.store.targets.all()) ids.push(id);
  return ids;
}
