/**
 * One run at a time moves a server. The lock is a field of the server's record, taken and freed on
 * condition; a nested run works under its parent's lock.
 */
import { MigrationError } from "#domain/errors.ts";
import type { SourceServer } from "#domain/records.ts";
import type { Deps } from "./deps.ts";
import { moveOn } from "./moving-on.ts";

/**
 * Takes the server for a run and changes it in the same write. May be repeated by the same run. A lock
 * whose run has ended without freeing it (it was stopped from outside) is taken over.
 * @throws `server.busy`, and what `change` throws; then nothing is taken
 */
export async function takeServer(
  deps: Deps,
  serverId: string,
  owner: string,
  change: (server: SourceServer) => SourceServer,
): Promise<SourceServer> {
  const holder = (await deps.store.servers.get(serverId)).activeRunId;
  const abandoned = holder !== undefined && holder !== owner && (await hasEnded(deps, holder));
  return moveOn(deps, serverId, owner, (server) => {
    const free =
      server.activeRunId === undefined ||
      server.activeRunId === owner ||
      (abandoned && server.activeRunId === holder);
    if (!free) {
      throw new MigrationError("server.busy", { server: serverId, run: server.activeRunId ?? "" });
    }
    return { ...change(server), activeRunId: owner };
  });
}

async function hasEnded(deps: Deps, runId: string): Promise<boolean> {
  const run = await deps.store.runs.find(runId);
  if (run === undefined) return true;
  if (run.state !== "running") return true;
  // A run whose execution is not there yet is about to be started.
  return (await deps.machines.status(run.kind, runId)) === "ended";
}

/** Frees the server if this run holds it, and changes it in the same write. */
export async function freeServer(
  deps: Deps,
  serverId: string,
  owner: string,
  change: (server: SourceServer) => SourceServer = (server) => server,
): Promise<void> {
  await deps.store.servers.update(serverId, (server) => {
    if (server.activeRunId !== owner) return server;
    const { activeRunId: _, ...rest } = change(server);
    return rest;
  });
}
