/** One account and zone, as the rest of this folder sees it. */
import { MigrationError } from "#domain/errors.ts";
import type { Edition } from "#domain/gateway-defaults.ts";
import type { Clock } from "../clock.ts";
import type { Parameters } from "../numbered-parameters.ts";
import type { QingcloudClient } from "./client.ts";
import type { QingcloudConfig } from "./config.ts";
import { isNotFound } from "./errors.ts";
import { type HostClass, usualVolumeType, type VolumeType } from "./host-classes.ts";

export interface Account {
  readonly client: QingcloudClient;
  readonly config: QingcloudConfig;
  readonly consoleId: string;
  readonly edition: Edition;
  readonly clock: Clock;
  /** Orders of this process that are at work now, by token. */
  readonly making: Map<string, Promise<unknown>>;
}

/** What volumes are made of. */
export const volumeTypeOf = ({ config }: Account): VolumeType =>
  config.volume.type ?? usualVolumeType(config.gateway.hostClass);

/** Of launched servers whose type tells none. */
export const launchClassOf = ({ config }: Account): HostClass =>
  config.launch.hostClass ?? config.gateway.hostClass;

/** The most that every list takes. */
export const pageSize = 100;

/** All pages of a list. @param set the answer's field that holds them */
export async function listAll<T>(
  { client }: Pick<Account, "client">,
  action: string,
  set: string,
  filter: Parameters,
): Promise<T[]> {
  const all: T[] = [];
  for (;;) {
    const page = await client.call<Record<string, unknown> & { total_count?: number }>(action, {
      ...filter,
      offset: all.length,
      limit: pageSize,
    });
    const items = (page[set] ?? []) as T[];
    all.push(...items);
    if (items.length === 0 || all.length >= (page.total_count ?? 0)) return all;
  }
}

/** What is not there is `undefined`. A list that names an id which is not there is refused too. */
export async function unlessAbsent<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

export function isAbsent(what: string, id: string): MigrationError {
  return new MigrationError("cloud.not-found", { platform: "qingcloud", what, id });
}

export function inWrongState(what: string, id: string, state: string): MigrationError {
  return new MigrationError("cloud.wrong-state", { platform: "qingcloud", what, id, state });
}
