/**
 * What a comparison found, range by range, as JSON lines in a file: durable before the range is acknowledged,
 * for an acknowledged range is never asked for again. Lines of several connections do not mix (O_APPEND); one
 * that was cut short by a kill is no JSON and was not acknowledged; of a range that came twice the last counts.
 */
import { type FileHandle, open, readFile } from "node:fs/promises";
import type { z } from "zod";
import { blockBytes, blocksLengthBytes, rangeOffsetBytes } from "#dataplane/wire/geometry.ts";
import type { sourceDifferences } from "#domain/protocol/facts.ts";
import { Extents } from "./extents.ts";

export interface FoundSpan {
  readonly firstBlock: number;
  readonly count: number;
  readonly written: boolean;
}

interface Line {
  pass: string;
  range: number;
  spans: FoundSpan[];
}

export class Findings {
  readonly #file: FileHandle;
  readonly #passId: string;

  private constructor(file: FileHandle, passId: string) {
    this.#file = file;
    this.#passId = passId;
  }

  static async open(path: string, passId: string): Promise<Findings> {
    return new Findings(await open(path, "a", 0o600), passId);
  }

  /** Returns when it is durable. A range without differences costs nothing. */
  async note(range: number, spans: readonly FoundSpan[]): Promise<void> {
    if (spans.length === 0) return;
    const line: Line = { pass: this.#passId, range, spans: [...spans] };
    // A new line first: the one before may have been cut short.
    await this.#file.write(`\n${JSON.stringify(line)}`);
    await this.#file.datasync();
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

/** Of one volume and one pass. */
export async function readFindings(
  path: string,
  passId: string,
  volumeBytes: number,
  limit: number,
): Promise<z.output<typeof sourceDifferences>> {
  const ranges = new Map<number, FoundSpan[]>();
  for (const text of (await readFile(path, "utf8")).split("\n")) {
    const line = parseLine(text);
    if (line?.pass === passId) ranges.set(line.range, line.spans);
  }
  const found = new Extents(limit);
  for (const [range, spans] of [...ranges].sort(([a], [b]) => a - b)) {
    for (const { firstBlock, count, written } of spans) {
      found.add({
        offsetBytes: rangeOffsetBytes(range) + firstBlock * blockBytes,
        lengthBytes: blocksLengthBytes(volumeBytes, range, firstBlock, count),
        written,
      });
    }
  }
  return { ...found.differences, writtenBlocks: found.writtenBlocks };
}

function parseLine(text: string): Line | undefined {
  try {
    return text === "" ? undefined : (JSON.parse(text) as Line);
  } catch {
    // Cut short by a kill, before it was acknowledged: the range was asked for again.
    return undefined;
  }
}
