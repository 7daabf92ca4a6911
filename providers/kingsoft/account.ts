/** One account and region, as the rest of this folder sees it, and patience with what it shows late. */
import { MigrationError } from "#domain/errors.ts";
import type { Edition } from "#domain/gateway-defaults.ts";
import type { Clock } from "../clock.ts";
import type { ResourceKind } from "../provider.ts";
import type { KingsoftClient } from "./client.ts";
import type { KingsoftConfig } from "./config.ts";
import { isAmbiguous, isNotFound } from "./errors.ts";
import type { KecType } from "./instance-types.ts";

export interface Place {
  readonly vpcId: string;
  readonly zone: string;
}

/** What gateways are made of, and what their volumes are. */
export interface Choice {
  readonly gatewayType: string;
  readonly gatewayDisk: string;
  /** Of volumes. */
  readonly volumeType: string;
  /** Volumes of that type that the gateway's type attaches beside its system disk. */
  readonly gatewayVolumes: number;
  readonly volumeGiB: { readonly least: number; readonly most: number };
}

export interface Account {
  readonly client: KingsoftClient;
  readonly config: KingsoftConfig;
  readonly consoleId: string;
  readonly edition: Edition;
  readonly clock: Clock;
  /** Of the target's subnet. Cheap after the first call. */
  place(): Promise<Place>;
  /** All the region has, sold out or not. Cheap after the first call. */
  types(): Promise<readonly KecType[]>;
  /** By what the zone has in stock. Cheap after the first call. */
  choice(): Promise<Choice>;
  /** Orders under way, by kind and token: no action takes a client token. */
  readonly orders: Map<string, Promise<string>>;
}

interface Subnets {
  SubnetSet?: {
    SubnetId: string;
    VpcId: string;
    SubnetType?: string;
    AvailabilityZoneName?: string;
  }[];
}

/** @throws `cloud.not-found` when the subnet is not there, `input.invalid` when nothing can be put there */
export async function lookUpPlace(client: KingsoftClient, config: KingsoftConfig): Promise<Place> {
  const { subnetId } = config;
  const answer = await unlessAbsent(
    client.call<Subnets>("vpc", "DescribeSubnets", { SubnetId: [subnetId] }),
  );
  const found = answer?.SubnetSet?.find(({ SubnetId }) => SubnetId === subnetId);
  if (found === undefined) {
    throw new MigrationError("cloud.not-found", {
      platform: "kingsoft",
      what: "subnet",
      id: subnetId,
    });
  }
  const { VpcId: vpcId, SubnetType = "Normal", AvailabilityZoneName: zone = "" } = found;
  // Others are for load balancers and the like. Source: terraform-provider-ksyun, ksyun_subnet, subnet_type.
  if (SubnetType !== "Normal") {
    throw new MigrationError("input.invalid", {
      where: "subnetId",
      problem: `instances are put into subnets of type Normal; ${subnetId} is one of type ${SubnetType}`,
    });
  }
  if (config.zone !== undefined && config.zone !== zone) {
    throw new MigrationError("input.invalid", {
      where: "zone",
      problem: `subnet ${subnetId} is in ${zone}, not in ${config.zone}`,
    });
  }
  return { vpcId, zone };
}

/**
 * Makes a thing unless it is there. When the answer is lost it is looked for, as long as the target's settings
 * say; only then the failure is the caller's. Orders of one kind and token wait for each other.
 * @returns its id
 */
export function makeOnce(
  account: Account,
  kind: ResourceKind,
  token: string,
  ways: { find(): Promise<string | undefined>; make(): Promise<string> },
): Promise<string> {
  const { orders } = account;
  const key = `${kind} ${token}`;
  const before = orders.get(key)?.catch(() => undefined) ?? Promise.resolve(undefined);
  const order = before.then((made) => made ?? carryOut(account, ways));
  orders.set(key, order);
  const forget = () => {
    if (orders.get(key) === order) orders.delete(key);
  };
  order.then(forget, forget);
  return order;
}

async function carryOut(
  account: Account,
  { find, make }: { find(): Promise<string | undefined>; make(): Promise<string> },
): Promise<string> {
  const earlier = await find();
  if (earlier !== undefined) return earlier;
  let id: string | undefined;
  try {
    id = await make();
  } catch (error) {
    if (!isAmbiguous(error)) throw error;
    id = await seen(account, find, account.config.lostAnswerMs);
    if (id === undefined) throw error;
    return id;
  }
  // A repeated order looks for it by its name: it must be shown by then.
  if ((await seen(account, find, patienceMs)) !== undefined) return id;
  const problem = `${id} was made and is not shown yet`;
  throw new MigrationError("cloud.transient", { platform: "kingsoft", problem });
}

const patienceMs = 30_000;

/** Looks until there is something, at most half a minute. */
export async function untilSeen<T>(
  account: Account,
  find: () => Promise<T | undefined>,
): Promise<T | undefined> {
  return seen(account, find, patienceMs);
}

/** Pauses double from 100 ms to 3 s. */
async function seen<T>(
  { clock }: Account,
  find: () => Promise<T | undefined>,
  totalMs: number,
): Promise<T | undefined> {
  let found = await find();
  let pauseMs = 100;
  for (let sum = 0; found === undefined && sum < totalMs; sum += pauseMs) {
    if (sum > 0) pauseMs = Math.min(pauseMs * 2, 3_000);
    await clock.sleep(pauseMs);
    found = await find();
  }
  return found;
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
