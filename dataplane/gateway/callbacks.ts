/** Reports to the console: heartbeats while it works, and how it ended until the console took it. */
import type { z } from "zod";
import type { CallbackBody, callback } from "#domain/protocol/gateway.ts";
import { backoffMs, pause } from "../backoff.ts";
import { callPinned } from "../pinned-https.ts";
import type { Log } from "./log.ts";

export type Callback = z.output<typeof callback>;

const callTimeoutMs = 15_000;

/**
 * One call. `unwanted` means that nobody waits any more.
 * @throws `console.unreachable`, `auth.wrong-certificate`
 */
async function call(
  to: Callback,
  body: CallbackBody,
  signal: AbortSignal,
): Promise<{ outcome: "taken" | "unwanted" } | { outcome: "again"; problem: string }> {
  const answer = await callPinned(
    { url: to.url, fingerprint: to.consoleFingerprint },
    { method: "POST", body, timeoutMs: callTimeoutMs, signal },
  );
  if (answer.status >= 200 && answer.status < 300) return { outcome: "taken" };
  if (answer.status === 404) return { outcome: "unwanted" };
  return { outcome: "again", problem: `status ${answer.status}` };
}

/** A heartbeat that gets lost is not repeated: the next one says more. */
export async function sendHeartbeat(
  to: Callback,
  body: CallbackBody & { kind: "heartbeat" },
  log: Log,
  signal: AbortSignal,
): Promise<"taken" | "unwanted" | "lost"> {
  try {
    const answer = await call(to, body, signal);
    if (answer.outcome !== "again") return answer.outcome;
    log.warn({ problem: answer.problem }, "the console did not take a heartbeat");
  } catch (error) {
    if (!signal.aborted) log.warn({ error }, "the console did not take a heartbeat");
  }
  return "lost";
}

/** Repeats until the console took it or nobody waits any more; false when the signal aborts before. */
export async function deliver(
  to: Callback,
  body: CallbackBody,
  log: Log,
  signal: AbortSignal,
): Promise<boolean> {
  for (let attempt = 0; !signal.aborted; attempt++) {
    try {
      const answer = await call(to, body, signal);
      if (answer.outcome !== "again") return true;
      log.warn(
        { kind: body.kind, problem: answer.problem },
        "waiting for the console to take a report",
      );
    } catch (error) {
      if (signal.aborted) return false;
      log.warn({ kind: body.kind, error }, "waiting for the console to take a report");
    }
    await pause(backoffMs(attempt), signal);
  }
  return false;
}
