/** One account and pool, as the rest of this folder sees it: patience, and lists that come in pages. */
import { MigrationError } from "#domain/errors.ts";
import type { Edition } from "#domain/gateway-defaults.ts";
import type { Clock } from "../clock.ts";
import type { CtyunClient, Parameters } from "./client.ts";
import type { CtyunConfig, CtyunSecrets } from "./config.ts";
import { isNotFound } from "./errors.ts";
import type { OperationName } from "./operations.ts";

export interface Account {
  readonly client: CtyunClient;
  readonly config: CtyunConfig;
  readonly gatewayPassword: CtyunSecrets["gatewayPassword"];
  readonly consoleId: string;
  readonly edition: Edition;
  readonly clock: Clock;
  /** Of the target's subnet. Cheap after the first call. */
  vpcId(): Promise<string>;
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

/** What was just ordered is shown some seconds later. */
export const orderPatienceMs = 12_000;

/** Looks until there is something, as long as told. */
export async function untilSeen<T>(
  { clock }: Account,
  find: () => Promise<T | undefined>,
  patienceMs = orderPatienceMs,
): Promise<T | undefined> {
  let waitedMs = 0;
  for (let pauseMs = 50; ; pauseMs = Math.min(pauseMs * 2, 3_000)) {
    const found = await find();
    if (found !== undefined || waitedMs >= patienceMs) return found;
    await clock.sleep(pauseMs);
    waitedMs += pauseMs;
  }
}

/** A repeated order finds it. */
export function notYet(problem: string): MigrationError {
  return new MigrationError("cloud.transient", { platform: "ctyun", problem });
}

/** The most that every list takes. */
const pageSize = 50;

/** All pages of a list that numbers them. */
export async function listPages<T>(
  { client }: Pick<Account, "client">,
  operation: OperationName,
  parameters: Parameters,
  itemsOf: (page: Readonly<Record<string, unknown>>) => unknown,
): Promise<T[]> {
  const all: T[] = [];
  for (let pageNo = 1; ; pageNo += 1) {
    const page = await client.call<Record<string, unknown>>(operation, {
      ...parameters,
      pageNo,
      pageSize,
    });
    const items = (itemsOf(page) ?? []) as readonly T[];
    all.push(...items);
    if (items.length === 0 || pageNo >= Number(page.totalPage ?? 0)) return all;
  }
}
