/** `<data>/console.json`: how the console that works on this data can be reached. */
import { join } from "node:path";
import { z } from "zod";
import { findJsonFile, writeJsonFile } from "#dataplane/json-file.ts";

const consoleFile = z.object({
  version: z.string(),
  pid: z.number().int(),
  startedAt: z.string(),
  /** For people. */
  url: z.string(),
  /** For agents and gateways. */
  machinesUrl: z.string(),
  /** Of the certificate there. */
  fingerprint: z.string(),
  /** The Step Functions API. */
  engineUrl: z.string(),
});
export type ConsoleFile = z.output<typeof consoleFile>;

export function findConsoleFile(dataFolder: string): Promise<ConsoleFile | undefined> {
  return findJsonFile(join(dataFolder, "console.json"), consoleFile);
}

export function writeConsoleFile(dataFolder: string, content: ConsoleFile): Promise<void> {
  return writeJsonFile(join(dataFolder, "console.json"), content);
}
