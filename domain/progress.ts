/** What a copy's progress means for the server it belongs to. */
import type { Progress, SessionResult, SyncMode } from "./protocol/facts.ts";
import type { SourceServer } from "./records.ts";

type Replication = SourceServer["replication"];

/**
 * Progress as agent and gateway tell it, made one. Each sees its own half: who does not know the
 * bottleneck leaves it to the other, and only the gateway knows whether an agent is connected to it.
 */
export function mergeProgress(
  known: Progress | undefined,
  told: Progress,
  teller: "agent" | "gateway",
): Progress {
  return {
    ...told,
    bottleneck: told.bottleneck === "unknown" ? (known?.bottleneck ?? "unknown") : told.bottleneck,
    waitingForAgent:
      teller === "gateway" ? told.waitingForAgent : (known?.waitingForAgent ?? false),
  };
}

export function replicationUnderWay(
  sessionId: string,
  mode: SyncMode,
  progress: Progress,
): Replication {
  const copying = mode === "initial" ? "initial-sync" : "delta-sync";
  return {
    status: progress.waitingForAgent ? "stalled" : copying,
    sessionId,
    totalBytes: sumOf(progress.volumes, "totalBytes"),
    doneBytes: sumOf(progress.volumes, "doneBytes"),
    rateBytesPerSecond: progress.waitingForAgent ? 0 : progress.rateBytesPerSecond,
    ...(progress.etaSeconds === undefined || progress.waitingForAgent
      ? {}
      : { etaSeconds: progress.etaSeconds }),
    bottleneck: progress.bottleneck,
  };
}

export function replicationAfter(sessionId: string, result: SessionResult): Replication {
  const totalBytes = sumOf(result.volumes, "totalBytes");
  return {
    status: "idle",
    sessionId,
    totalBytes,
    doneBytes: totalBytes,
    rateBytesPerSecond: 0,
    bottleneck: "unknown",
  };
}

/** A copy that ended early keeps its figures: the next one goes on from there. */
export function replicationPaused(replication: Replication): Replication {
  const { etaSeconds: _, ...rest } = replication;
  return { ...rest, status: "paused", rateBytesPerSecond: 0 };
}

export function sumOf<K extends string>(items: readonly Record<K, number>[], key: K): number {
  return items.reduce((sum, item) => sum + item[key], 0);
}
