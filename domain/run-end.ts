/** What the end of a run leaves on its server. */
import type { SourceServer } from "./records.ts";
import { transition } from "./server.ts";

/**
 * The server without the run's lock. A cutover that did not come to its end goes back to where it
 * began; every other state stays. A server that another run holds is returned as it is.
 */
export function releaseServer(server: SourceServer, runId: string): SourceServer {
  if (server.activeRunId !== runId) return server;
  const { activeRunId: _, stateBeforeRun, ...rest } = server;
  if (server.state !== "cutting-over") return rest;
  const untested = stateBeforeRun === "ready-for-test";
  const action = untested ? "abandon untested cutover" : "abandon cutover";
  return { ...rest, state: transition(server, action) };
}
