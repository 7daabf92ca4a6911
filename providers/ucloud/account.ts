/** One account, project and zone, as the rest of this folder sees it. */
import { MigrationError } from "#domain/errors.ts";
import type { Edition } from "#domain/gateway-defaults.ts";
import type { Clock } from "../clock.ts";
import type { UCloudClient } from "./client.ts";
import type { UCloudConfig, UCloudSecrets } from "./config.ts";
import { isAmbiguous, isBusy, isGone } from "./errors.ts";

export interface Account {
  readonly client: UCloudClient;
  readonly config: UCloudConfig;
  readonly secrets: UCloudSecrets;
  readonly consoleId: string;
  readonly edition: Edition;
  readonly clock: Clock;
  /** Of a subnet; of the target's own, which is asked for once, unless told. */
  vpcId(subnetId?: string): Promise<string>;
  /** Creates that are under way, by kind and token. */
  readonly underWay: Map<string, Promise<string>>;
}

interface Subnets {
  readonly DataSet?: readonly { readonly SubnetId?: string; readonly VPCId?: string }[];
}

/** @throws `cloud.not-found` when the subnet is not there */
export async function lookUpVpc(client: UCloudClient, subnetId: string): Promise<string> {
  const answer = await unlessGone(
    client.call<Subnets>("DescribeSubnet", { SubnetIds: [subnetId], Limit: 1 }),
  );
  const found = answer?.DataSet?.find(({ SubnetId }) => SubnetId === subnetId);
  if (found?.VPCId !== undefined) return found.VPCId;
  const facts = { platform: "ucloud", what: "subnet", id: subnetId };
  throw new MigrationError("cloud.not-found", facts);
}

/** A thing of one order, as its list shows it. */
export interface Made {
  readonly id: string;
  /** Seconds since 1970. */
  readonly createdAt: number;
}

/**
 * Makes a thing unless one of its order is there. UCloud takes no client tokens and no unique names: two
 * orders at once in this process are one, an answer that was lost is looked for, and where two processes
 * ordered at the same time, whoever made the later one takes it back.
 */
export async function makeOnce(
  account: Account,
  order: string,
  ways: {
    /** Of this order; usually none or one. */
    readonly list: () => Promise<readonly Made[]>;
    readonly create: () => Promise<string>;
    readonly discard: (id: string) => Promise<void>;
  },
): Promise<string> {
  const { underWay } = account;
  const first = underWay.get(order);
  if (first !== undefined) return first;
  const making = makeOnly(account, ways).finally(() => underWay.delete(order));
  underWay.set(order, making);
  return making;
}

async function makeOnly(
  account: Account,
  { list, create, discard }: Parameters<typeof makeOnce>[2],
): Promise<string> {
  const find = async () => firstOf(await list());
  const earlier = await find();
  if (earlier !== undefined) return earlier;
  let id: string;
  try {
    id = await create();
  } catch (error) {
    if (!isAmbiguous(error)) throw error;
    const found = await lookFor(account, account.config.lostAnswerMs, find);
    if (found === undefined) throw error;
    return found;
  }
  const shown = await untilShown(account, async () => {
    const made = await list();
    return made.some((one) => one.id === id) ? firstOf(made) : undefined;
  });
  if (shown === undefined || shown === id) return id;
  await discardMade(account, () => discard(id));
  return shown;
}

/** What is still being made is not deleted: it is waited for. */
async function discardMade(account: Account, discard: () => Promise<void>): Promise<void> {
  const done = await untilShown(account, async () => {
    try {
      await discard();
      return true;
    } catch (error) {
      if (!isBusy(error)) throw error;
      return undefined;
    }
  });
  // It says what it is busy with.
  if (done === undefined) await discard();
}

function firstOf(made: readonly Made[]): string | undefined {
  const [first] = [...made].sort((a, b) => a.createdAt - b.createdAt || (a.id < b.id ? -1 : 1));
  return first?.id;
}

const patienceMs = 60_000;

/** Looks until there is something, or for about a minute: lists may lag, and small orders take seconds. */
export function untilShown<T>(
  account: Account,
  find: () => Promise<T | undefined>,
): Promise<T | undefined> {
  return lookFor(account, patienceMs, find);
}

/** At once, and then after pauses that double from 125 ms to 5 s. */
async function lookFor<T>(
  { clock }: Account,
  totalMs: number,
  find: () => Promise<T | undefined>,
): Promise<T | undefined> {
  let waitedMs = 0;
  for (let pauseMs = 125; ; pauseMs = Math.min(pauseMs * 2, 5_000)) {
    const found = await find();
    if (found !== undefined || waitedMs >= totalMs) return found;
    await clock.sleep(pauseMs);
    waitedMs += pauseMs;
  }
}

/** What is not there, or not any more, is `undefined`. */
export async function unlessGone<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}
