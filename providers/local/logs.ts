/** Logs that others append to, kept from filling the disk, and read from their end. */
import { open, writeFile } from "node:fs/promises";
import { hasCode } from "./errors.ts";

/** What is kept of a log, and the most that `readConsole` gives. */
const keptLogBytes = 256 * 1024;

async function readTail(path: string, bytes: number): Promise<Buffer> {
  try {
    const handle = await open(path, "r");
    try {
      const { size } = await handle.stat();
      const tail = Buffer.alloc(Math.min(size, bytes));
      const { bytesRead } = await handle.read(tail, 0, tail.length, size - tail.length);
      return tail.subarray(0, bytesRead);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return Buffer.alloc(0);
    throw error;
  }
}

/**
 * Cuts a log that outgrew `maxBytes`: its newest part goes to `<path>.1` and the file begins anew. Its
 * writers must append (O_APPEND). What is written between the two steps is lost, which a log can bear.
 */
export async function boundLog(path: string, maxBytes: number): Promise<void> {
  try {
    const handle = await open(path, "r+");
    try {
      if ((await handle.stat()).size <= maxBytes) return;
      await writeFile(`${path}.1`, await readTail(path, keptLogBytes), { mode: 0o600 });
      await handle.truncate(0);
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!hasCode(error, "ENOENT")) throw error;
  }
}

/** The newest part of a log, also when it was just cut; empty where there is none yet. */
export async function readLog(path: string, bytes = keptLogBytes): Promise<string> {
  const newest = await readTail(path, bytes);
  const older =
    newest.length < bytes
      ? await readTail(`${path}.1`, bytes - newest.length)
      : newest.subarray(0, 0);
  return Buffer.concat([older, newest]).toString("utf8");
}
