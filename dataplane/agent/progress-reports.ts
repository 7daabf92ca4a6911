import { type LineMeasure, megabits } from "#domain/line.ts";
import type { SessionReport } from "#domain/protocol/agent.ts";
import type { Progress } from "#domain/protocol/facts.ts";
import type { Say } from "./events.ts";

export interface ProgressReports {
  /** Remembers the newest progress and shows it; cheap. */
  readonly note: (progress: Progress) => void;
  /** What goes with every report from now on. */
  readonly noteLine: (line: LineMeasure) => void;
  /** What was noted. */
  readonly line: () => LineMeasure | undefined;
  /** Resolves when no report is under way any more. */
  readonly stop: () => Promise<void>;
}

/**
 * Tells the console every so often how far a session is. One that gets lost is not repeated: the next
 * says more. The order list, asked for all the time, is what tells about a console that is away.
 */
export function startProgressReports(
  sessionId: string,
  deps: {
    readonly report: (id: string, report: SessionReport, signal: AbortSignal) => Promise<boolean>;
    readonly say: Say;
    readonly reportEveryMs: () => number;
  },
  signal: AbortSignal,
): ProgressReports {
  const ending = new AbortController();
  const either = AbortSignal.any([signal, ending.signal]);
  let newest: Progress | undefined;
  let line: LineMeasure | undefined;
  let underWay: Promise<unknown> | undefined;

  const timer = setInterval(() => {
    if (newest === undefined || underWay !== undefined) return;
    const progress = newest;
    newest = undefined;
    underWay = deps
      .report(
        sessionId,
        { state: "running", progress, ...(line === undefined ? {} : { line }) },
        either,
      )
      .catch(() => undefined)
      .finally(() => {
        underWay = undefined;
      });
  }, deps.reportEveryMs());

  return {
    note(progress) {
      newest = progress;
      deps.say({ event: "progress", sessionId, progress });
    },
    noteLine(measured) {
      line = measured;
      const mbit = megabits(measured.bitsPerSecond);
      const ms = measured.roundTripMs.toFixed(1);
      const text = `The line to the gateway carries ${mbit} Mbit/s, ${ms} ms there and back`;
      deps.say({ event: "note", text });
    },
    line: () => line,
    async stop() {
      clearInterval(timer);
      ending.abort();
      await underWay;
    },
  };
}
