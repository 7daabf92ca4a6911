/** One account and region, as the rest of this folder sees it. */
import { MigrationError } from "#domain/errors.ts";
import type { Edition } from "#domain/gateway-defaults.ts";
import type { Clock } from "../clock.ts";
import type { TencentClients } from "./client.ts";
import type { TencentConfig, TencentSecrets } from "./config.ts";
import { isAmbiguous, isGone } from "./errors.ts";

export interface Place {
  readonly vpcId: string;
  readonly zone: string;
}

export interface Account extends TencentClients {
  readonly config: TencentConfig;
  readonly secrets: TencentSecrets;
  readonly consoleId: string;
  readonly edition: Edition;
  readonly clock: Clock;
  /** Of a subnet; the target's own is asked for once. */
  place(subnetId?: string): Promise<Place>;
}

/** @throws `cloud.not-found` when the subnet is not there */
export async function lookUpPlace(vpc: Account["vpc"], subnetId: string): Promise<Place> {
  const { SubnetSet = [] } =
    (await unlessGone(vpc.DescribeSubnets({ SubnetIds: [subnetId] }))) ?? {};
  const [subnet] = SubnetSet;
  if (subnet?.VpcId === undefined || subnet.Zone === undefined) {
    throw new MigrationError("cloud.not-found", {
      platform: "tencent",
      what: "subnet",
      id: subnetId,
    });
  }
  return { vpcId: subnet.VpcId, zone: subnet.Zone };
}

/**
 * Makes a thing unless it is there. When the answer is lost it is looked for, as long as the target's
 * settings say; only then the failure is the caller's.
 */
export async function makeOnce<T>(
  account: Account,
  find: () => Promise<T | undefined>,
  make: () => Promise<T>,
): Promise<T> {
  const earlier = await find();
  if (earlier !== undefined) return earlier;
  try {
    return await make();
  } catch (error) {
    if (!isAmbiguous(error)) throw error;
    const found = await lookFor(account, account.config.lostAnswerMs, find);
    if (found === undefined) throw error;
    return found;
  }
}

/** What was just ordered may take a while to be shown, or to be let go. */
const patienceMs = 60_000;

/** Looks until there is something, or for about a minute. */
export function untilShown<T>(
  account: Account,
  find: () => Promise<T | undefined>,
): Promise<T | undefined> {
  return lookFor(account, patienceMs, find);
}

/** At once, and then after pauses that double from 250 ms to 5 s. */
async function lookFor<T>(
  { clock }: Account,
  totalMs: number,
  find: () => Promise<T | undefined>,
): Promise<T | undefined> {
  let waitedMs = 0;
  for (let pauseMs = 250; ; pauseMs = Math.min(pauseMs * 2, 5_000)) {
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
