/** Whether copies are as fresh as was wished. */
import type { Deps } from "./deps.ts";
import { tell } from "./tell.ts";

/** Tells when a server's lag goes over its target, and when it is back, once each. May be repeated. */
export async function watchLag(deps: Deps): Promise<void> {
  const now = deps.now().getTime();
  for await (const server of deps.store.servers.all()) {
    const { lagTargetSeconds, recoveryPointAt, lagIsOver = false } = server;
    if (recoveryPointAt === undefined) continue;
    const seconds = Math.round((now - Date.parse(recoveryPointAt)) / 1000);
    // What is cut over has no lag any more.
    const counts = server.state !== "cut-over" && server.state !== "finalized";
    const isOver = counts && lagTargetSeconds !== undefined && seconds > lagTargetSeconds;
    if (isOver === lagIsOver) continue;
    await deps.store.servers.update(server.id, (found) => ({ ...found, lagIsOver: isOver }));
    const params = { seconds, target: lagTargetSeconds ?? 0 };
    await tell(deps, server.id, isOver ? "lag.over-target" : "lag.within-target", params);
  }
}
