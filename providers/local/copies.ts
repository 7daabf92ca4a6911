/**
 * Copies of volume files. The file system shares the blocks where it can (reflink: btrfs, xfs), which
 * takes a moment and no room; else holes stay holes and the rest is copied by `cp` in a process of its
 * own, while the record says `pending`. A copy has no name of its own until it is whole, so a crash
 * leaves nothing that looks finished; asked again, it is made again.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

export interface Copy {
  readonly from: string;
  readonly to: string;
  /** The copy is lengthened to this, with zeros. */
  readonly sizeBytes: number;
  /** `modifiedAt` of the original when the copy was ordered: the moment it has to show. */
  readonly modifiedAt: string;
}

interface Running {
  /** Settles when no more file is touched; the record is written after that, by `finished`. */
  readonly copied: Promise<unknown>;
  readonly stop: AbortController;
}

const running = new Map<string, Running>();

/** When a file was last written, in nanoseconds; as text, which JSON keeps exactly. */
export async function modifiedAt(path: string): Promise<string> {
  return String((await stat(path, { bigint: true })).mtimeNs);
}

/**
 * Waits until a later write shows: file times come in ticks of a few milliseconds (4 ms at 250 Hz), and
 * two writes within a tick leave the same time.
 */
export async function untilLaterWritesShow(path: string): Promise<void> {
  const ageMs = Date.now() - (await stat(path)).mtimeMs;
  if (ageMs >= 0 && ageMs < 20) await sleep(20 - ageMs);
}

async function copyFile(copy: Copy, signal: AbortSignal): Promise<void> {
  await removePartial(copy.to);
  const partial = `${copy.to}.${process.pid}.partial`;
  const child = spawn("cp", ["--reflink=auto", "--sparse=always", "--", copy.from, partial], {
    stdio: ["ignore", "ignore", "pipe"],
    signal,
  });
  let complaint = "";
  child.stderr.on("data", (chunk) => {
    complaint = `${complaint}${chunk}`.slice(0, 1000);
  });
  const [exitCode] = await once(child, "close");
  if (exitCode !== 0) throw new Error(complaint.trim() || `cp ended with ${exitCode}`);
  const handle = await open(partial, "r+");
  try {
    await handle.truncate(copy.sizeBytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  if ((await modifiedAt(copy.from)) !== copy.modifiedAt) {
    throw new Error("the volume was written while it was copied");
  }
  await rename(partial, copy.to);
}

/** Removes what earlier attempts at a copy left. */
async function removePartial(to: string): Promise<void> {
  const folder = dirname(to);
  const stale = (await readdir(folder)).filter(
    (name) => name.startsWith(`${basename(to)}.`) && name.endsWith(".partial"),
  );
  await Promise.all(stale.map((name) => rm(join(folder, name), { force: true })));
}

/**
 * Starts a copy unless this process makes it already. `finished` is called once, with the problem if
 * there was one, when the copy has its name and is on disk.
 */
export function ensureCopy(copy: Copy, finished: (problem?: string) => Promise<void>): void {
  if (running.has(copy.to)) return;
  const stop = new AbortController();
  const copied = copyFile(copy, stop.signal).then(
    () => undefined,
    (error: Error) => error.message,
  );
  running.set(copy.to, { copied, stop });
  void copied
    .then((problem) => (stop.signal.aborted ? undefined : finished(problem)))
    // A record that can't be written stays `pending`; whoever asks for it next starts the copy again.
    .catch(() => undefined)
    .finally(() => running.delete(copy.to));
}

/** Ends a copy, finished or not, and removes what it made. */
export async function removeCopy(to: string): Promise<void> {
  const copy = running.get(to);
  copy?.stop.abort();
  await copy?.copied;
  await removePartial(to);
  await rm(to, { force: true });
}
