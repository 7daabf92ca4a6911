/** A server's life goes on, and people hear of it. */
import type { SourceServer } from "#domain/records.ts";
import type { Deps } from "./deps.ts";
import { tell } from "./tell.ts";

/**
 * Changes a server's record, and tells its state where the change moved it. May be repeated, as the
 * change may. Told after it is true: a crash in between keeps the state and loses the event.
 * @throws what `change` throws; then nothing is changed
 */
export async function moveOn(
  deps: Deps,
  serverId: string,
  runId: string,
  change: (server: SourceServer) => SourceServer,
): Promise<SourceServer> {
  let before: SourceServer["state"] | undefined;
  const server = await deps.store.servers.update(serverId, (found) => {
    before = found.state;
    return change(found);
  });
  const { state } = server;
  if (state !== before) await tell(deps, serverId, "server.state", { state }, runId);
  return server;
}
