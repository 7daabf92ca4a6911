/** One project, as the rest of this folder sees it, and how what has no client token is made once. */
import { MigrationError } from "#domain/errors.ts";
import type { Edition } from "#domain/gateway-defaults.ts";
import type { Clock } from "../clock.ts";
import type { CallOptions, OpenstackClient } from "./client.ts";
import type { OpenstackConfig } from "./config.ts";
import { isAmbiguous, isNotFound, isWrongState } from "./errors.ts";
import type { OperationName } from "./operations.ts";

/** What looking around takes. */
export interface Connection {
  readonly client: OpenstackClient;
  readonly config: OpenstackConfig;
}

export interface Account extends Connection {
  readonly consoleId: string;
  readonly edition: Edition;
  readonly clock: Clock;
  /** Orders that are being carried out, by kind and token. */
  readonly underway: Map<string, Promise<unknown>>;
}

/** A thing of which two may have been made by one order. */
export interface Made {
  readonly id: string;
  readonly created_at?: string | undefined;
  /** Nova's word for it. */
  readonly created?: string | undefined;
}

interface Once<T extends Made> {
  /** Such as `volume of-token`. */
  readonly key: string;
  /** All that carry the order's token. */
  find(): Promise<T[]>;
  make(): Promise<T>;
  /** What another process made of the same order in the same moment. */
  remove(id: string): Promise<void>;
}

/**
 * No service knows client tokens, and names are not unique. So a thing is looked for before it is made; an order
 * whose answer was lost is looked for afterwards; and where two processes made one each, both keep the older.
 */
export async function makeOnce<T extends Made>(account: Account, order: Once<T>): Promise<T> {
  const { underway } = account;
  const busy = underway.get(order.key) as Promise<T> | undefined;
  if (busy !== undefined) return busy;
  const made = makeFirst(account, order);
  underway.set(order.key, made);
  try {
    return await made;
  } finally {
    underway.delete(order.key);
  }
}

async function makeFirst<T extends Made>(account: Account, order: Once<T>): Promise<T> {
  const earlier = oldest(await order.find());
  if (earlier !== undefined) return earlier;
  let made: T;
  try {
    made = await order.make();
  } catch (error) {
    if (!isAmbiguous(error)) throw error;
    const found = await lookAgain(account, async () => oldest(await order.find()));
    if (found === undefined) throw error;
    return found;
  }
  const first = oldest(await order.find()) ?? made;
  if (first.id !== made.id) await removeDone(account, () => order.remove(made.id));
  return first;
}

/** What is still being made is not deleted: it is waited for. */
async function removeDone({ clock, config }: Account, remove: () => Promise<void>): Promise<void> {
  for (const pauseMs of pauses(config.lostAnswerMs)) {
    try {
      return await remove();
    } catch (error) {
      if (!isWrongState(error)) throw error;
    }
    await clock.sleep(pauseMs);
  }
  return remove();
}

function oldest<T extends Made>(found: readonly T[]): T | undefined {
  const when = ({ created_at, created, id }: Made) => `${created_at ?? created ?? ""} ${id}`;
  return [...found].sort((a, b) => (when(a) < when(b) ? -1 : 1))[0];
}

/** For what may have been made a moment ago. */
async function lookAgain<T>(
  { clock, config }: Account,
  find: () => Promise<T | undefined>,
): Promise<T | undefined> {
  for (const pauseMs of pauses(config.lostAnswerMs)) {
    await clock.sleep(pauseMs);
    const found = await find();
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Doubling from 100 ms to 3 s, together about as long as told. */
function pauses(totalMs: number): number[] {
  const all: number[] = [];
  let sum = 0;
  for (let pauseMs = 100; sum < totalMs; pauseMs = Math.min(pauseMs * 2, 3_000)) {
    all.push(pauseMs);
    sum += pauseMs;
  }
  return all;
}

/** What is not there is `undefined`. */
export async function unlessAbsent<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

export function absent(what: string, id: string): MigrationError {
  return new MigrationError("cloud.not-found", { platform: "openstack", what, id });
}

const pageSize = 500;

/**
 * All pages of a list. A service may make them shorter than asked; what follows stands in `<key>_links`, or in
 * Glance's `next`.
 */
export async function listAll<T extends { readonly id: string }>(
  { client }: Connection,
  operation: OperationName,
  key: string,
  query: CallOptions["query"] = {},
): Promise<T[]> {
  const all: T[] = [];
  for (;;) {
    const page = await client.call<Record<string, unknown>>(operation, {
      query: { ...query, limit: pageSize, marker: all.at(-1)?.id },
    });
    const items = (page[key] ?? []) as T[];
    all.push(...items);
    const links = (page[`${key}_links`] ?? []) as { rel?: string }[];
    const goesOn = page.next !== undefined || links.some(({ rel }) => rel === "next");
    if (!goesOn || items.length === 0) return all;
  }
}
