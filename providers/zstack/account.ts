/** One ZStack as the rest of this folder sees it, and patience with what it shows late. */
import { MigrationError } from "#domain/errors.ts";
import type { Edition } from "#domain/gateway-defaults.ts";
import type { Clock } from "../clock.ts";
import type { ResourceKind } from "../provider.ts";
import type { ZstackClient } from "./client.ts";
import type { ZstackConfig } from "./config.ts";
import { isUuidTaken } from "./errors.ts";
import type { QueryName } from "./operations.ts";
import { type Marks, ownedBy, readMarks } from "./tags.ts";

export interface Account {
  readonly client: ZstackClient;
  readonly config: ZstackConfig;
  readonly consoleId: string;
  readonly edition: Edition;
  readonly clock: Clock;
}

/** What every kind of thing is shown with. */
export interface Thing {
  readonly uuid: string;
  readonly name: string;
  readonly description?: string | null;
}

export async function findOne<T>(
  { client }: Account,
  query: QueryName,
  uuid: string,
): Promise<T | undefined> {
  const [found] = await client.list<T>(query, [`uuid=${uuid}`]);
  return found;
}

/** Those of this console, and of one owner where that is told, with their marks. */
export async function listOurs<T extends Thing>(
  { client, consoleId }: Account,
  query: QueryName,
  owner: string | undefined,
): Promise<{ thing: T; marks: Marks }[]> {
  const found = await client.list<T>(query, [ownedBy(consoleId, owner)]);
  return found.flatMap((thing) => {
    const marks = readMarks(thing.description);
    const isOurs = marks?.console === consoleId && (owner === undefined || marks.owner === owner);
    return marks !== undefined && isOurs ? [{ thing, marks }] : [];
  });
}

/**
 * Makes a thing whose uuid we chose, unless it is there.
 * @throws `cloud.transient` while it is not shown, or one of that uuid is still being taken away: a repeated
 *   order finds it, or makes it
 */
export async function makeOnce(
  account: Account,
  what: ResourceKind,
  find: () => Promise<unknown>,
  make: () => Promise<unknown>,
): Promise<void> {
  if ((await find()) !== undefined) return;
  try {
    await make();
  } catch (error) {
    if (!isUuidTaken(error)) throw error;
  }
  if (await isSeen(account, find)) return;
  const problem = `the ${what} that was ordered is not shown yet`;
  throw new MigrationError("cloud.transient", { platform: "zstack", problem });
}

/** What was just ordered is shown a moment later. */
async function isSeen({ clock }: Account, find: () => Promise<unknown>): Promise<boolean> {
  for (const pauseMs of [0, 50, 100, 200, 500, 1_000]) {
    if (pauseMs > 0) await clock.sleep(pauseMs);
    if ((await find()) !== undefined) return true;
  }
  return false;
}

export function notFound(what: string, id: string): MigrationError {
  return new MigrationError("cloud.not-found", { platform: "zstack", what, id });
}

export function wrongState(what: string, id: string, state: string): MigrationError {
  return new MigrationError("cloud.wrong-state", { platform: "zstack", what, id, state });
}

export function refused(what: string, problem: string): MigrationError {
  return new MigrationError("cloud.refused", { platform: "zstack", what, problem });
}
