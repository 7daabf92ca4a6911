/** What the agent tells the person or program that watches it. */
import type { ErrorFacts } from "#domain/errors.ts";
import type { Progress } from "#domain/protocol/facts.ts";

export type AgentEvent =
  | { event: "registered"; serverId: string; console: string }
  | { event: "ready"; serverId: string; console: string; disks: number; notSeen: readonly string[] }
  | { event: "waiting"; for: string; problem: string }
  | { event: "order"; sessionId: string; mode: string; disks: number; gateway: string }
  | { event: "progress"; sessionId: string; progress: Progress }
  | { event: "freezing"; sessionId: string; mountPoints: readonly string[] }
  | { event: "thawed"; sessionId: string; seconds: number }
  | { event: "done"; sessionId: string; frozenSeconds?: number }
  | { event: "failed"; sessionId: string; error: ErrorFacts }
  | { event: "stopped"; sessionId: string }
  | { event: "note"; text: string };

export type Say = (event: AgentEvent) => void;

/**
 * A `say` that can fall silent: while file systems are frozen a line to a log file on one of them would
 * block the agent, and so the thaw. What was said meanwhile comes out afterwards, progress excepted.
 */
export function createQuietable(say: Say): {
  say: Say;
  hush: () => void;
  resume: () => void;
  isHushed: () => boolean;
} {
  let held: AgentEvent[] | undefined;
  return {
    say(event) {
      if (held === undefined) say(event);
      else if (event.event !== "progress") held.push(event);
    },
    isHushed: () => held !== undefined,
    hush() {
      held ??= [];
    },
    resume() {
      const waiting = held ?? [];
      held = undefined;
      for (const event of waiting) say(event);
    },
  };
}

/** An error in one line, for a `waiting` event. */
export function describeProblem(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
