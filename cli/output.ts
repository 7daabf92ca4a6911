/** How the command line answers: tables and lines for people, JSON for programs. */
import type { Writable } from "node:stream";
import { stripVTControlCharacters } from "node:util";

export interface Output {
  readonly json: boolean;
  readonly isTerminal: boolean;
  line(text: string): void;
  /** One JSON object: the answer, or one line of several. */
  object(value: unknown): void;
  table(headings: readonly string[], rows: readonly (readonly string[])[]): void;
  /** Replaces the line it wrote last; only on a terminal. */
  progress(text: string): void;
  endProgress(): void;
  error(text: string): void;
}

export interface Streams {
  readonly stdout: Writable & { isTTY?: boolean; columns?: number };
  readonly stderr: Writable;
}

export function createOutput(streams: Streams, json: boolean): Output {
  const { stdout, stderr } = streams;
  const isTerminal = stdout.isTTY === true && !json;
  let hasProgress = false;
  const endProgress = () => {
    if (hasProgress) stdout.write("\r\u001b[K");
    hasProgress = false;
  };
  const line = (text: string) => {
    endProgress();
    stdout.write(`${text}\n`);
  };
  return {
    json,
    isTerminal,
    line,
    endProgress,
    object: (value) => line(JSON.stringify(value)),
    table: (headings, rows) => {
      for (const row of aligned([headings, ...rows].map((cells) => cells.map(harmless)))) line(row);
    },
    progress(text) {
      const columns = stdout.columns ?? 80;
      stdout.write(`\r\u001b[K${cut(harmless(text), columns - 1)}`);
      hasProgress = true;
    },
    error(text) {
      endProgress();
      stderr.write(`${text}\n`);
    },
  };
}

/** Names come from source servers: what would steer a terminal is left out. */
export function harmless(text: string): string {
  return stripVTControlCharacters(text).replace(/\p{Cc}/gu, " ");
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const count = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, column) =>
    Math.max(...rows.map((row) => widthOf(row[column] ?? ""))),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - widthOf(cell)))
      .join("  ")
      .trimEnd(),
  );
}

/** Columns of a terminal: CJK characters take two. */
function widthOf(text: string): number {
  let width = 0;
  for (const letter of text)
    width +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/.test(
        letter,
      )
        ? 2
        : 1;
  return width;
}

function cut(text: string, columns: number): string {
  let kept = "";
  for (const letter of text) {
    if (widthOf(kept + letter) > columns) break;
    kept += letter;
  }
  return kept;
}
