/** What happened to a server, told to people. */
import { createHash } from "node:crypto";
import type { EventType } from "#domain/events.ts";
import type { Deps } from "./deps.ts";

export interface Happening {
  readonly serverId: string;
  readonly runId?: string | undefined;
  readonly type: EventType;
  readonly params?: Record<string, string | number>;
  /** When it happened, if that is kept elsewhere: then telling it twice tells it once. */
  readonly at?: string;
}

/** Ids begin with the time, so that a server's events are listed in order. */
export async function recordEvent(deps: Deps, happening: Happening): Promise<void> {
  const at = happening.at ?? deps.now().toISOString();
  const tail = createHash("sha256")
    .update(JSON.stringify([happening.serverId, happening.runId, happening.type]))
    .digest("hex")
    .slice(0, 8);
  await deps.store.events.append({
    id: `${at}-${tail}`,
    serverId: happening.serverId,
    ...(happening.runId === undefined ? {} : { runId: happening.runId }),
    at,
    type: happening.type,
    params: happening.params ?? {},
  });
}
