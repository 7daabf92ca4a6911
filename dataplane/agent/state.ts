/**
 * What the agent remembers across restarts, in its state folder:
 *
 *   registration.json   who it is to the console, with its token
 *   sessions.json       the orders that stand, and how sessions ended that are still listed
 */
import { join } from "node:path";
import { z } from "zod";
import { type SyncOrder, sessionReport, syncOrder } from "#domain/protocol/agent.ts";
import { fingerprint } from "#domain/protocol/facts.ts";
import { findJsonFile, writeJsonFile } from "../json-file.ts";

const registration = z.object({
  consoleUrl: z.url(),
  consoleFingerprint: fingerprint.optional(),
  serverId: z.string(),
  token: z.string(),
});
export type Registration = z.output<typeof registration>;

const endedSession = z.object({
  sessionId: z.string(),
  report: sessionReport,
  /** The console has taken the report, or said that nobody waits for it. */
  delivered: z.boolean(),
});
export type EndedSession = z.output<typeof endedSession>;

const sessions = z.object({ orders: z.array(syncOrder), ended: z.array(endedSession) });
export type Sessions = z.output<typeof sessions>;

export function findRegistration(folder: string): Promise<Registration | undefined> {
  return findJsonFile(join(folder, "registration.json"), registration);
}

export function saveRegistration(folder: string, value: Registration): Promise<void> {
  return writeJsonFile(join(folder, "registration.json"), value);
}

export interface SessionStore {
  readonly load: () => Promise<Sessions>;
  readonly save: (value: {
    orders: readonly SyncOrder[];
    ended: readonly EndedSession[];
  }) => Promise<void>;
}

/** Saves follow each other: two at once would race for the same file. */
export function openSessionStore(folder: string): SessionStore {
  const path = join(folder, "sessions.json");
  let last: Promise<void> = Promise.resolve();
  return {
    load: async () => (await findJsonFile(path, sessions)) ?? { orders: [], ended: [] },
    save(value) {
      const snapshot = structuredClone(value);
      const next = last.then(() => writeJsonFile(path, snapshot));
      last = next.catch(() => undefined);
      return next;
    },
  };
}
