/** Tells people what happened to a server. */
import type { EventType } from "#domain/events.ts";
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
  await deps.store.events.append({
    id: `${at}-${newId("evt", deps.random)}`,
    serverId,
    at,
    type,
    params,
    ...(runId === undefined ? {} : { runId }),
  });
}
