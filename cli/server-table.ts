/** Source servers as rows of a table. */
import type { ServerView } from "#api/servers.ts";
import { bytes, duration, percent } from "./figures.ts";
import type { Say } from "./words.ts";

export function serverHeadings(say: Say): string[] {
  return [say("ID"), say("NAME"), say("STATE"), say("AGENT"), say("COPY"), say("LAG"), say("RUN")];
}

export function serverRow(say: Say, server: ServerView): string[] {
  return [
    server.id,
    server.name,
    server.state,
    say(server.connected ? "connected" : "away"),
    copyOf(say, server),
    server.lagSeconds === undefined ? "-" : duration(server.lagSeconds),
    server.activeRunId ?? "-",
  ];
}

function copyOf(say: Say, { replication, limits }: ServerView): string {
  const { status, doneBytes, totalBytes, rateBytesPerSecond, etaSeconds } = replication;
  if (status === "none" || status === "idle") return status;
  const rate = rateBytesPerSecond > 0 ? ` ${bytes(rateBytesPerSecond)}/s` : "";
  const eta = etaSeconds === undefined ? "" : ` ${duration(etaSeconds)}`;
  const shown = limits.paused ? "paused" : status;
  const held = limits.paused ? "" : heldUp(say, replication.bottleneck);
  return `${shown} ${percent(doneBytes, totalBytes)}%${rate}${eta}${held}`;
}

/** What a copy is held up by, as the end of a line about it. */
export function heldUp(say: Say, bottleneck: ServerView["replication"]["bottleneck"]): string {
  if (bottleneck === "unknown") return "";
  return `, ${say("held up by", { part: say(`bottleneck ${bottleneck}`) })}`;
}
