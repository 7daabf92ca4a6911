/** The agent's events for whoever watches: a bar on a terminal, plain lines in a pipe, or JSON lines. */
import { describeError, type Language } from "#domain/errors.ts";
import type { Progress } from "#domain/protocol/facts.ts";
import type { AgentEvent, Say } from "./events.ts";

export interface Output {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

const lineEveryMs = 10_000;

/** JSON goes to standard output, words for people to standard error. */
export function createShow(options: {
  readonly json: boolean;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly language: Language;
  readonly now: () => number;
}): Say {
  if (options.json) {
    return (event) => {
      const at = new Date(options.now()).toISOString();
      options.stdout.write(`${JSON.stringify({ at, ...event })}\n`);
    };
  }
  return options.stderr.isTTY === true ? showOnTerminal(options) : showAsLines(options);
}

function showOnTerminal(options: { stderr: Output; language: Language }): Say {
  let hasBar = false;
  return (event) => {
    const clear = hasBar ? "\r\u001b[K" : "";
    hasBar = event.event === "progress";
    const text = hasBar
      ? lineOf(event, options.language, true)
      : `${lineOf(event, options.language, false)}\n`;
    options.stderr.write(clear + text);
  };
}

function showAsLines(options: { stderr: Output; language: Language; now: () => number }): Say {
  const lastShown = new Map<string, number>();
  return (event) => {
    if (event.event === "progress") {
      const last = lastShown.get(event.sessionId);
      if (last !== undefined && options.now() - last < lineEveryMs) return;
      lastShown.set(event.sessionId, options.now());
    } else if ("sessionId" in event) {
      lastShown.delete(event.sessionId);
    }
    options.stderr.write(`${lineOf(event, options.language, false)}\n`);
  };
}

function lineOf(event: AgentEvent, language: Language, withBar: boolean): string {
  switch (event.event) {
    case "registered":
      return `Registered at ${event.console} as server ${event.serverId}`;
    case "ready": {
      const unseen = event.notSeen.map((line) => `\n  not seen: ${line}`).join("");
      return `Server ${event.serverId} with ${event.disks} disks waits for orders of ${event.console}${unseen}`;
    }
    case "waiting":
      return `Waiting for ${event.for}: ${event.problem}`;
    case "order":
      return `Session ${event.sessionId}: ${event.mode} sync of ${event.disks} disks to gateway ${event.gateway}`;
    case "progress":
      return progressLine(event.sessionId, event.progress, withBar);
    case "freezing":
      return `Session ${event.sessionId}: freezing ${event.mountPoints.join(", ")}`;
    case "thawed":
      return `Session ${event.sessionId}: thawed after ${event.seconds.toFixed(1)} s`;
    case "done":
      return `Session ${event.sessionId}: done`;
    case "failed": {
      const words = describeError(event.error, language);
      return `Session ${event.sessionId} failed: ${words.message}\n  ${words.hint}`;
    }
    case "stopped":
      return `Session ${event.sessionId}: stopped`;
    case "note":
      return event.text;
  }
}

const barWidth = 24;

function progressLine(sessionId: string, progress: Progress, withBar: boolean): string {
  const total = sum(progress, "totalBytes");
  const share = total === 0 ? 1 : Math.min(1, sum(progress, "doneBytes") / total);
  const filled = Math.floor(share * barWidth);
  const bar = withBar ? `[${"#".repeat(filled)}${".".repeat(barWidth - filled)}] ` : "";
  const left =
    progress.etaSeconds === undefined ? "" : `, ${formatSeconds(progress.etaSeconds)} left`;
  const rate = formatBytes(progress.rateBytesPerSecond);
  const held = progress.bottleneck === "unknown" ? "" : `, held up by: ${progress.bottleneck}`;
  return `${sessionId} ${bar}${(share * 100).toFixed(1)}% of ${formatBytes(total)}, ${rate}/s${left}${held}`;
}

function sum(progress: Progress, field: "totalBytes" | "doneBytes"): number {
  return progress.volumes.reduce((total, volume) => total + volume[field], 0);
}

function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  const power = bytes < 1 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}

function formatSeconds(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  if (seconds < 3600) return `${Math.ceil(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
