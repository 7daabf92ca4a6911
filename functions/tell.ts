/** Tells people what happened to a server, or to a target. */
import type { EventType } from "#domain/events.ts";
import type { Event } from "#domain/records.ts";
import type { Deps } from "./deps.ts";
import { newId } from "./ids.ts";

export async function tell(
  deps: Deps,
  serverId: string,
  type: EventType,
  params: Record<string, string | number> = {},
  runId?: string,
): Promise<void> {
  const at = deps.now().toISOString();
  const event: Event = {
    id: `${at}-${newId("evt", deps.random)}`,
    serverId,
    at,
    type,
    params,
    ...(runId === undefined ? {} : { runId }),
  };
  // First on its way: a crash in between must not keep it from those who asked for it.
  await deps.store.outbox.create({ id: event.id, event, published: false, tries: {} });
  await deps.store.events.append(event);
}
