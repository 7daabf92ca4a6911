/** The agent's events for whoever watches: a bar on a terminal, plain lines in a pipe, or JSON lines. */
import { describeError, type Language } from "#domain/errors.ts";
import type { Progress } from "#domain/protocol/facts.ts";
import { bottleneckWords } from "#domain/server.ts";
import type { AgentEvent, Say } from "./events.ts";
import type { AgentStatus } from "./status.ts";
import { agentWords } from "./words.ts";

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
  const words = agentWords[language];
  switch (event.event) {
    case "registered":
      return words.registered(event.console, event.serverId);
    case "ready": {
      const unseen = event.notSeen.map((what) => `\n  ${words.notSeen(what)}`).join("");
      return `${words.ready(event.serverId, event.disks, event.console)}${unseen}`;
    }
    case "waiting":
      return words.waiting(event.for, event.problem);
    case "order":
      return words.order(event.sessionId, event.mode, event.disks, event.gateway);
    case "progress":
      return progressLine(event.sessionId, event.progress, language, withBar);
    case "freezing":
      return words.freezing(event.sessionId, event.mountPoints.join(", "));
    case "thawed":
      return words.thawed(event.sessionId, event.seconds.toFixed(1));
    case "done":
      return words.done(event.sessionId);
    case "failed": {
      const { message, hint } = describeError(event.error, language);
      return `${words.failed(event.sessionId, message)}\n  ${hint}`;
    }
    case "stopped":
      return words.stopped(event.sessionId);
    case "note":
      return event.text;
  }
}

/** How things stand, for a person who asked. */
export function statusText(status: AgentStatus, language: Language): string {
  const words = agentWords[language];
  const { console, serverId, isRunning, orders } = status;
  const state = isRunning ? words.running(orders) : words.notRunning(orders);
  return `${words.registered(console, serverId)}\n${state}\n`;
}

const barWidth = 24;

function progressLine(
  sessionId: string,
  progress: Progress,
  language: Language,
  withBar: boolean,
): string {
  const words = agentWords[language];
  const total = sum(progress, "totalBytes");
  const share = total === 0 ? 1 : Math.min(1, sum(progress, "doneBytes") / total);
  const filled = Math.floor(share * barWidth);
  const bar = withBar ? `[${"#".repeat(filled)}${".".repeat(barWidth - filled)}] ` : "";
  const { etaSeconds, bottleneck, rateBytesPerSecond } = progress;
  return [
    `${sessionId} ${bar}${words.of(`${(share * 100).toFixed(1)}%`, formatBytes(total))}`,
    `${formatBytes(rateBytesPerSecond)}/s`,
    ...(etaSeconds === undefined ? [] : [words.left(formatSeconds(etaSeconds))]),
    ...(bottleneck === "unknown" ? [] : [words.heldUpBy(bottleneckWords[bottleneck][language])]),
  ].join(", ");
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
