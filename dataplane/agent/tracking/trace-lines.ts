/**
 * What the kernel says of finished writes, as text:
 *
 *   block_rq_complete: 8,0 WSM () 229378 + 2 be,0,4 [0]
 *   CPU:1 [LOST 123 EVENTS]
 *
 * Source: include/trace/events/block.h; kernels before 6.7 leave the priority out.
 */
const sectorBytes = 512;
/** device, kind, command of a raw request, first sector, sectors */
const shape = /block_rq_complete: (\d+),(\d+) (\S+) \(([^)]*)\) (\d+) \+ (\d+) /;

export type Write = (major: number, minor: number, fromByte: number, lengthBytes: number) => void;

/** Cuts the text into lines, whatever the pieces it comes in. */
export class TraceLines {
  readonly #onWrite: Write;
  readonly #onLoss: (why: string) => void;
  #rest = "";

  /** @param onLoss called when something was written and it is not known where */
  constructor(onWrite: Write, onLoss: (why: string) => void) {
    this.#onWrite = onWrite;
    this.#onLoss = onLoss;
  }

  push(chunk: Buffer): void {
    const lines = (this.#rest + chunk.toString("latin1")).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#take(line);
  }

  #take(line: string): void {
    const match = shape.exec(line);
    if (match === null) {
      if (line !== "" && !line.startsWith("#")) this.#onLoss(line.trim().slice(0, 100));
      return;
    }
    const [, major, minor, kind = "", command, sector, sectors] = match;
    if (kind.startsWith("R") || sectors === "0") return;
    // A command sent past the file systems (SG_IO): its place on the disk is not told.
    if (command !== "") this.#onLoss(`a raw command ${command}`);
    const from = Number(sector) * sectorBytes;
    this.#onWrite(Number(major), Number(minor), from, Number(sectors) * sectorBytes);
  }
}
