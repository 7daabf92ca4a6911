/** One JSON file per order, so that an order that was accepted is known after any crash. */
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { z } from "zod";
import { findJsonFile, writeJsonFile } from "../json-file.ts";

export interface RecordFolder<T> {
  /** Returns when it is on disk. Saves of one id must follow each other. */
  readonly save: (id: string, record: T) => Promise<void>;
  readonly remove: (id: string) => Promise<void>;
  readonly loadAll: () => Promise<Map<string, T>>;
}

export function openRecordFolder<S extends z.ZodType>(
  folder: string,
  schema: S,
): RecordFolder<z.output<S>> {
  // Ids come over the wire: encoded, none can name another folder.
  const pathOf = (id: string) => join(folder, `${encodeURIComponent(id)}.json`);
  return {
    save: (id, record) => writeJsonFile(pathOf(id), record),
    remove: (id) => rm(pathOf(id), { force: true }),
    async loadAll() {
      const records = new Map<string, z.output<S>>();
      for (const file of await readdir(folder).catch(() => [])) {
        if (!file.endsWith(".json")) continue;
        const record = await findJsonFile(join(folder, file), schema);
        if (record !== undefined) records.set(decodeURIComponent(file.slice(0, -5)), record);
      }
      return records;
    },
  };
}
