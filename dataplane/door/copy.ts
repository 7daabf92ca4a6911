/**
 * Copies one disk over another and proves it. A piece is read from both and written only where they
 * differ, so zeros cost nothing on a fresh disk and a copy that begins again reads what it wrote before;
 * what was written is read back at the end and compared with the hash of what it was written from. So
 * every byte of the system disk was read once it was right.
 *
 *   0 ─────────── headBytes ─────────────────────────── sizeBytes
 *     second, HyperDoor itself lies there           first
 *
 * Until the last write before the head a restart leads into HyperDoor again.
 */
import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { MigrationError } from "#domain/errors.ts";
import { alignedBuffer } from "../wire/aligned-buffer.ts";

/** A disk's system calls, so that a test may fail one. */
export type Disk = Pick<FileHandle, "read" | "write" | "datasync">;

export interface CopyOrder {
  readonly source: Disk;
  readonly target: Disk;
  /** How much of the source is copied; the target is at least as large. */
  readonly sizeBytes: number;
  /** What is copied last. */
  readonly headBytes: number;
  readonly signal?: AbortSignal;
  /** Called after each piece. */
  readonly onProgress?: (progress: CopyProgress) => void;
}

export interface CopyProgress {
  readonly totalBytes: number;
  readonly doneBytes: number;
  readonly writtenBytes: number;
}

const pieceBytes = 1024 ** 2;
/** Pieces on their way at once: enough for disks that answer late. */
const atOnce = 8;

interface Range {
  readonly fromBytes: number;
  readonly toBytes: number;
}

/**
 * Returns when all of it is on the target and read back. May be repeated.
 * @throws `hyperdoor.io`, `hyperdoor.differs`, or the signal's reason
 */
export async function copyDisk(order: CopyOrder): Promise<CopyProgress> {
  const { sizeBytes, target } = order;
  const headBytes = Math.min(order.headBytes, sizeBytes);
  const progress = { totalBytes: sizeBytes, doneBytes: 0, writtenBytes: 0 };
  const parts: Range[] = [
    { fromBytes: headBytes, toBytes: sizeBytes },
    { fromBytes: 0, toBytes: headBytes },
  ];
  for (const part of parts) {
    const written = await copyPart(order, part, progress);
    await target.datasync();
    await readBack(order, written);
  }
  return progress;
}

/** @returns the hash of each piece that was written, by its offset */
async function copyPart(
  { source, target, signal, onProgress }: CopyOrder,
  part: Range,
  progress: { -readonly [K in keyof CopyProgress]: CopyProgress[K] },
): Promise<Map<number, Written>> {
  const written = new Map<number, Written>();
  const newBuffers = () => ({ from: alignedBuffer(pieceBytes), to: alignedBuffer(pieceBytes) });
  await eachPiece(part, signal, newBuffers, async (offsetBytes, lengthBytes, { from, to }) => {
    const wanted = from.subarray(0, lengthBytes);
    const there = to.subarray(0, lengthBytes);
    await Promise.all([
      readAll(source, "the clone", wanted, offsetBytes),
      readAll(target, "the system disk", there, offsetBytes),
    ]);
    if (!wanted.equals(there)) {
      await writeAll(target, wanted, offsetBytes);
      written.set(offsetBytes, { lengthBytes, hash: hashOf(wanted) });
      progress.writtenBytes += lengthBytes;
    }
    progress.doneBytes += lengthBytes;
    onProgress?.(progress);
  });
  return written;
}

interface Written {
  readonly lengthBytes: number;
  readonly hash: Buffer;
}

async function readBack(
  { target, signal }: CopyOrder,
  written: ReadonlyMap<number, Written>,
): Promise<void> {
  const wrong: number[] = [];
  const pieces = [...written.keys()].sort((a, b) => a - b);
  const next = pieces.values();
  await atOnceEach(
    signal,
    next,
    () => alignedBuffer(pieceBytes),
    async (offsetBytes, buffer) => {
      const { lengthBytes, hash } = written.get(offsetBytes) as Written;
      const there = buffer.subarray(0, lengthBytes);
      await readAll(target, "the system disk", there, offsetBytes);
      if (!hashOf(there).equals(hash)) wrong.push(offsetBytes);
    },
  );
  const [first] = wrong.sort((a, b) => a - b);
  if (first !== undefined) {
    throw new MigrationError("hyperdoor.differs", { pieces: wrong.length, offsetBytes: first });
  }
}

const hashOf = (bytes: Buffer): Buffer => createHash("sha256").update(bytes).digest();

async function eachPiece<B>(
  { fromBytes, toBytes }: Range,
  signal: AbortSignal | undefined,
  newBuffers: () => B,
  work: (offsetBytes: number, lengthBytes: number, buffers: B) => Promise<void>,
): Promise<void> {
  function* offsets() {
    for (let at = fromBytes; at < toBytes; at += pieceBytes) yield at;
  }
  await atOnceEach(signal, offsets(), newBuffers, (at, buffers) =>
    work(at, Math.min(pieceBytes, toBytes - at), buffers),
  );
}

/** A few workers with buffers of their own; the first that fails ends all. */
async function atOnceEach<T, B>(
  signal: AbortSignal | undefined,
  items: Iterator<T>,
  newBuffers: () => B,
  work: (item: T, buffers: B) => Promise<void>,
): Promise<void> {
  let failed = false;
  const worker = async () => {
    const buffers = newBuffers();
    while (!failed) {
      signal?.throwIfAborted();
      const { done, value } = items.next();
      if (done) return;
      await work(value, buffers);
    }
  };
  const workers = Array.from({ length: atOnce }, () =>
    worker().catch((error) => {
      failed = true;
      throw error;
    }),
  );
  // None may still write when this returns.
  const [problem] = (await Promise.allSettled(workers)).filter(
    ({ status }) => status === "rejected",
  );
  if (problem?.status === "rejected") throw problem.reason;
}

async function readAll(disk: Disk, name: string, into: Buffer, offsetBytes: number): Promise<void> {
  for (let done = 0; done < into.length; ) {
    const at = offsetBytes + done;
    const { bytesRead } = await disk
      .read(into, done, into.length - done, at)
      .catch((error: unknown) => io(name, at, error));
    if (bytesRead === 0) io(name, at, new Error("it ends there"));
    done += bytesRead;
  }
}

async function writeAll(disk: Disk, bytes: Buffer, offsetBytes: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const at = offsetBytes + done;
    const { bytesWritten } = await disk
      .write(bytes, done, bytes.length - done, at)
      .catch((error: unknown) => io("the system disk", at, error));
    done += bytesWritten;
  }
}

function io(disk: string, offsetBytes: number, cause: unknown): never {
  const problem = cause instanceof Error ? cause.message : String(cause);
  throw new MigrationError("hyperdoor.io", { disk, offsetBytes, problem }, { cause });
}
