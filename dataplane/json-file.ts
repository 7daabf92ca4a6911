/** Small JSON files that survive a crash: whole and old, or whole and new, never half. */
import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import type { z } from "zod";
import { MigrationError } from "#domain/errors.ts";

/** Written beside the old file and renamed over it, both synced. Readable by its owner only. */
export async function writeJsonFile(path: string, value: unknown): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const fresh = `${path}.${process.pid}.new`;
  await writeSynced(fresh, `${JSON.stringify(value, null, 2)}\n`);
  await rename(fresh, path);
  // Without this the rename itself may be lost when the machine loses power.
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * The file's content, or undefined when there is none.
 * @throws `state.damaged` when it isn't what the schema says: guessing could copy to a wrong volume.
 */
export async function findJsonFile<S extends z.ZodType>(
  path: string,
  schema: S,
): Promise<z.output<S> | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new MigrationError("state.damaged", { file: path, problem: firstLine(cause) }, { cause });
  }
}

async function writeSynced(path: string, text: string): Promise<void> {
  const handle = await open(path, "w", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).slice(0, 300);
}
