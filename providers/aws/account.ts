/** One account and region, as the rest of this folder sees it. */
import { DescribeSubnetsCommand, type EC2Client } from "@aws-sdk/client-ec2";
import { MigrationError } from "#domain/errors.ts";
import type { Clock } from "../clock.ts";
import type { AwsConfig } from "./config.ts";
import { isAmbiguous, isNotFound } from "./errors.ts";

export interface Place {
  readonly vpcId: string;
  readonly zone: string;
}

export interface Account {
  readonly ec2: EC2Client;
  readonly config: AwsConfig;
  readonly consoleId: string;
  readonly clock: Clock;
  /** Of the target's subnet. Cheap after the first call. */
  place(): Promise<Place>;
}

/** @throws `cloud.not-found` when the subnet is not there */
export async function lookUpPlace(ec2: EC2Client, { subnetId }: AwsConfig): Promise<Place> {
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({ SubnetIds: [subnetId] }));
  const [subnet] = Subnets;
  if (subnet?.VpcId === undefined || subnet.AvailabilityZone === undefined) {
    throw new MigrationError("cloud.not-found", { platform: "aws", what: "subnet", id: subnetId });
  }
  return { vpcId: subnet.VpcId, zone: subnet.AvailabilityZone };
}

/**
 * Makes a thing for which AWS takes no client token, unless it is there. When the answer is lost it is
 * looked for, as long as the target's settings say; only then the failure is the caller's.
 */
export async function makeOnce<T>(
  { clock, config }: Account,
  find: () => Promise<T | undefined>,
  make: () => Promise<T>,
): Promise<T> {
  const earlier = await find();
  if (earlier !== undefined) return earlier;
  try {
    return await make();
  } catch (error) {
    if (!isAmbiguous(error)) throw error;
    for (const pauseMs of pauses(config.lostAnswerMs)) {
      await clock.sleep(pauseMs);
      const found = await find();
      if (found !== undefined) return found;
    }
    throw error;
  }
}

/** EC2 shows what it made with a delay. Source: EC2 API reference, "Eventual consistency". */
const patienceMs = 60_000;

/** Looks until what was just made is shown, so that whoever asks next finds it. */
export async function untilShown<T>(
  { clock }: Account,
  find: () => Promise<T | undefined>,
): Promise<T | undefined> {
  for (const pauseMs of [0, ...pauses(patienceMs)]) {
    if (pauseMs > 0) await clock.sleep(pauseMs);
    const found = await find();
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Doubling from 250 ms to 5 s, together about as long as told. */
function pauses(totalMs: number): number[] {
  const all: number[] = [];
  let sum = 0;
  for (let pauseMs = 250; sum < totalMs; pauseMs = Math.min(pauseMs * 2, 5_000)) {
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
