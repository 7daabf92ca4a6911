/**
 * One JSON file per resource, written whole (temporary file, fsync, rename) before the thing itself
 * is made and removed after it is gone: whatever a crash leaves behind has a record that leads to it.
 *
 * A record's file is named after a hash of its create token, so claiming a token is one exclusive
 * link of one file. The id is that name with random characters behind it, because a volume made again
 * under the same token must not be taken for the first one by a gateway that still remembers it.
 * Ids have 20 characters, which is what a virtio-blk or NVMe serial number holds.
 */
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { link, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { hasCode, refused } from "./errors.ts";

export const recordBase = z.object({
  id: z.string(),
  token: z.string(),
  tags: z.object({
    "hypermotion:console": z.string(),
    "hypermotion:owner": z.string(),
    Name: z.string(),
  }),
  createdAt: z.string(),
});
export type RecordBase = z.output<typeof recordBase>;

export interface RecordFolder<T extends RecordBase> {
  find(id: string): Promise<T | undefined>;
  findByToken(token: string): Promise<T | undefined>;
  list(): Promise<T[]>;
  /** Writes the record `make` gives for a new id; where the token is taken, returns its holder instead. */
  claim(token: string, make: (base: { id: string; createdAt: string }) => T): Promise<T>;
  write(record: T): Promise<void>;
  remove(id: string): Promise<void>;
}

const hashLength = 10;
const alphabet = "0123456789abcdefghijklmnopqrstuv";
const characters = (bytes: Buffer) =>
  Array.from(bytes, (byte) => alphabet.charAt(byte % 32)).join("");

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  await handle.sync().finally(() => handle.close());
}

async function writeTemporary(path: string, text: string): Promise<string> {
  const temporary = `${path}.${randomUUID()}`;
  const handle = await open(temporary, "wx", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  return temporary;
}

/** Replaces a file's whole content; a reader sees the old or the new, also after a power cut. */
export async function writeAtomically(path: string, text: string): Promise<void> {
  const temporary = await writeTemporary(path, text);
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

/** The file's text, or undefined where there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}

/** Makes or opens a folder of records whose ids begin with `prefix-` (at most three letters). */
export async function openRecords<T extends RecordBase>(
  folder: string,
  prefix: string,
  schema: z.ZodType<T>,
): Promise<RecordFolder<T>> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const idShape = new RegExp(`^${prefix}-[0-9a-v]{16}$`);
  const nameFor = (token: string) =>
    `${prefix}-${characters(createHash("sha256").update(token).digest().subarray(0, hashLength))}`;
  const pathOf = (name: string) => join(folder, `${name}.json`);
  const nameOf = (id: string) => id.slice(0, prefix.length + 1 + hashLength);

  async function read(name: string): Promise<T | undefined> {
    const text = await readIfThere(pathOf(name));
    return text === undefined ? undefined : schema.parse(JSON.parse(text));
  }

  async function find(id: string): Promise<T | undefined> {
    if (!idShape.test(id)) return undefined;
    const record = await read(nameOf(id));
    return record?.id === id ? record : undefined;
  }

  return {
    find,

    async findByToken(token) {
      const record = await read(nameFor(token));
      return record?.token === token ? record : undefined;
    },

    async list() {
      const names = (await readdir(folder)).filter((name) => name.endsWith(".json")).sort();
      const records = await Promise.all(names.map((name) => read(name.slice(0, -".json".length))));
      return records.filter((record) => record !== undefined);
    },

    async claim(token, make) {
      if (!/^[a-z0-9-]{1,63}$/.test(token)) {
        throw refused("a create", `the token ${token} is not 1 to 63 of a-z, 0-9 and -`);
      }
      const name = nameFor(token);
      const record = make({
        id: `${name}${characters(randomBytes(6))}`,
        createdAt: new Date().toISOString(),
      });
      const temporary = await writeTemporary(pathOf(name), JSON.stringify(record));
      try {
        await link(temporary, pathOf(name));
      } catch (error) {
        const holder = hasCode(error, "EEXIST") ? await read(name) : undefined;
        if (holder?.token === token) return holder;
        throw error;
      } finally {
        await rm(temporary, { force: true });
        await syncFolder(folder);
      }
      return record;
    },

    async write(record) {
      await writeAtomically(pathOf(nameOf(record.id)), JSON.stringify(record));
    },

    async remove(id) {
      if ((await find(id)) === undefined) return;
      await rm(pathOf(nameOf(id)), { force: true });
      await syncFolder(folder);
    },
  };
}

const queues = new Map<string, Promise<unknown>>();

/**
 * Runs one change of a folder's records after the other. One console owns a folder, but it may have
 * opened the same target several times; so the queue belongs to the process, not to a provider.
 */
export function oneAtATime<T>(folder: string, change: () => Promise<T>): Promise<T> {
  const result = (queues.get(folder) ?? Promise.resolve()).then(change, change);
  const settled = result.then(
    () => undefined,
    () => undefined,
  );
  queues.set(folder, settled);
  void settled.then(() => {
    if (queues.get(folder) === settled) queues.delete(folder);
  });
  return result;
}
