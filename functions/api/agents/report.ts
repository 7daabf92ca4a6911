/** What an agent tells about a copy it works on. */
import { MigrationError } from "#domain/errors.ts";
import type { SessionReport } from "#domain/protocol/agent.ts";
import type { SourceServer } from "#domain/records.ts";
import type { Deps } from "../../deps.ts";
import {
  endSession,
  failCallback,
  noteFrozen,
  noteLine,
  noteProgress,
  noteRunError,
} from "../../sessions.ts";

/**
 * May be repeated.
 * @throws `record.not-found` when the session is not the server's, or nobody waits for it any more
 */
export async function takeReport(
  deps: Deps,
  server: SourceServer,
  sessionId: string,
  report: SessionReport,
): Promise<void> {
  const session = await deps.store.sessions.find(sessionId);
  const isOver = session?.state === "stopped" || session?.state === "failed";
  if (session === undefined || session.serverId !== server.id || isOver) {
    throw new MigrationError("record.not-found", { kind: "session", id: sessionId });
  }
  switch (report.state) {
    case "running":
      await noteLine(deps, sessionId, report.line);
      return noteProgress(deps, sessionId, report.progress, "agent");
    case "done":
      // The gateway's word ends the session; the agent knows how long file systems stood still.
      await noteLine(deps, sessionId, report.line);
      return noteFrozen(deps, sessionId, report.frozenSeconds);
    case "failed": {
      if (session.state === "done") return;
      await noteRunError(deps, session.runId, report.error);
      await endSession(deps, sessionId, { state: "failed", error: report.error });
      const callback = await deps.store.callbacks.find(session.callbackId);
      if (callback?.state === "open") await failCallback(deps, callback, report.error);
    }
  }
}
