/** One account and region, as the rest of this folder sees it. */
import { MigrationError } from "#domain/errors.ts";
import type { Edition } from "#domain/gateway-defaults.ts";
import type { Clock } from "../clock.ts";
import type { AliyunClient } from "./client.ts";
import type { AliyunConfig, DiskCategory } from "./config.ts";
import { codeOf, isNotFound } from "./errors.ts";
import type { EcsInstanceType } from "./instance-types.ts";

export interface Place {
  readonly vpcId: string;
  readonly zone: string;
}

/** What gateways are made of, and what their volumes are. */
export interface Choice {
  readonly gatewayType: string;
  /** Volumes it attaches beside its system disk. */
  readonly gatewayVolumes: number;
  readonly gatewayDisk: DiskCategory;
  readonly volumes: DiskCategory;
}

export interface Account {
  readonly client: AliyunClient;
  readonly config: AliyunConfig;
  readonly consoleId: string;
  readonly edition: Edition;
  readonly clock: Clock;
  /** Of the target's vSwitch. Cheap after the first call. */
  place(): Promise<Place>;
  /** All the platform has, sold here or not. Cheap after the first call. */
  types(): Promise<EcsInstanceType[]>;
  /** By what the zone has in stock. Cheap after the first call. */
  choice(): Promise<Choice>;
}

interface VSwitches {
  VSwitches?: { VSwitch?: { VSwitchId: string; VpcId: string; ZoneId: string }[] };
}

/** @throws `cloud.not-found` when the vSwitch is not there, `input.invalid` when it is in another zone */
export async function lookUpPlace(client: AliyunClient, config: AliyunConfig): Promise<Place> {
  const { vSwitchId } = config;
  const answer = await client.call<VSwitches>("vpc", "DescribeVSwitches", { VSwitchId: vSwitchId });
  const found = answer.VSwitches?.VSwitch?.find(({ VSwitchId }) => VSwitchId === vSwitchId);
  if (found === undefined) {
    throw new MigrationError("cloud.not-found", {
      platform: "aliyun",
      what: "vSwitch",
      id: vSwitchId,
    });
  }
  const { VpcId: vpcId, ZoneId: zone } = found;
  if (config.zone !== undefined && config.zone !== zone) {
    throw new MigrationError("input.invalid", {
      where: "zone",
      problem: `vSwitch ${vSwitchId} is in ${zone}, not in ${config.zone}`,
    });
  }
  return { vpcId, zone };
}

/** Half a minute: what was just made may be shown a little later, and small orders take some seconds. */
const pausesMs = [0, 100, 250, 500, 1_000, 2_000, 4_000, 7_000, 7_000, 8_150];

/** Looks until there is something; gives up after half a minute. */
export async function untilShown<T>(
  { clock }: Account,
  find: () => Promise<T | undefined>,
): Promise<T | undefined> {
  for (const pauseMs of pausesMs) {
    if (pauseMs > 0) await clock.sleep(pauseMs);
    const found = await find();
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Makes a thing unless one of its token is there. Alibaba Cloud remembers a client token for longer than
 * the thing may live: where it names one that is gone, the next token is taken.
 * @param create with a client token of at most 64 characters @returns its id
 */
export async function makeOnce(
  account: Account,
  token: string,
  ways: {
    readonly find: () => Promise<string | undefined>;
    readonly create: (clientToken: string) => Promise<string>;
    readonly isThere: (id: string) => Promise<boolean>;
  },
): Promise<string> {
  const { find, create, isThere } = ways;
  const shown = async (id: string) => ((await isThere(id)) ? id : undefined);
  // Ours are lower case, so that these are nobody else's.
  for (const clientToken of [token, `${token}B`, `${token}C`]) {
    const earlier = await find();
    if (earlier !== undefined) return earlier;
    try {
      const id = await create(clientToken);
      if ((await untilShown(account, () => shown(id))) !== undefined) return id;
    } catch (error) {
      // The same order with another one-time code in its user data: the first one was taken.
      if (codeOf(error) !== "IdempotentParameterMismatch") throw error;
      const first = await untilShown(account, find);
      if (first !== undefined) return first;
    }
  }
  throw new MigrationError("cloud.unexpected", {
    platform: "aliyun",
    problem: `nothing to be seen of what was made for ${token}`,
  });
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
