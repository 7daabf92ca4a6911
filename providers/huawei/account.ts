/** One project and region, as the rest of this folder sees it, and patience with what it shows late. */
import { createHash } from "node:crypto";
import { MigrationError } from "#domain/errors.ts";
import type { Edition } from "#domain/gateway-defaults.ts";
import type { Clock } from "../clock.ts";
import type { CallOptions, HuaweiClient } from "./client.ts";
import type { HuaweiConfig } from "./config.ts";
import { isAmbiguous, isNotFound, isTokenReused, jobFailure } from "./errors.ts";
import type { OperationName } from "./operations.ts";

export interface Account {
  readonly client: HuaweiClient;
  readonly config: HuaweiConfig;
  readonly consoleId: string;
  readonly edition: Edition;
  readonly clock: Clock;
  /** Of the target's subnet. Cheap after the first call. */
  vpcId(): Promise<string>;
}

interface Job {
  readonly status: "INIT" | "RUNNING" | "SUCCESS" | "FAIL";
  readonly end_time?: string | null;
  readonly error_code?: string | null;
  readonly fail_reason?: string | null;
  readonly entities?: {
    readonly image_id?: string;
    readonly sub_jobs?: readonly Job[];
  };
}

type JobService = "EcsShowJob" | "EvsShowJob" | "ImsShowJob";

/** Asked of the service that began it; undefined when it knows no more of it. */
export async function findJob(
  { client }: Account,
  service: JobService,
  jobId: string,
): Promise<Job | undefined> {
  return unlessAbsent(client.call<Job>(service, { path: { job_id: jobId } }));
}

/** What went wrong may stand at the job or at one of its parts. */
export function whyItFailed(job: Job, what: string) {
  const part = job.entities?.sub_jobs?.find(({ status }) => status === "FAIL");
  const code = part?.error_code ?? job.error_code ?? "";
  return jobFailure(code, part?.fail_reason ?? job.fail_reason ?? "", what);
}

/** Client tokens are UUIDs. Source: EVS and ECS API references, X-Client-Token. */
function clientToken(token: string, generation: number): string {
  const hex = createHash("sha256").update(`${token} ${generation}`).digest("hex");
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`];
  return [...parts, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join("-");
}

interface Begun {
  readonly id: string;
  readonly jobId: string;
}

const mostGenerations = 8;

export interface TokenOrder {
  readonly token: string;
  /** Named in an error. */
  readonly what: string;
  readonly job: JobService;
  make(clientToken: string): Promise<Begun>;
  find(id: string): Promise<unknown>;
  /** The id of what carries the token's tag. */
  findAgain(): Promise<string | undefined>;
}

/**
 * Makes what a client token stands for. For eight hours the cloud answers a token with its first order, also
 * when what came of it failed or was deleted since; then the token is used up, and its next generation is taken.
 */
export async function makeByToken(account: Account, order: TokenOrder): Promise<string> {
  for (let generation = 0; generation < mostGenerations; generation += 1) {
    try {
      const begun = await order.make(clientToken(order.token, generation));
      if (await comesAbout(account, order, begun)) return begun.id;
    } catch (error) {
      // A gateway's order is never the same twice: each brings a code of its own.
      if (!isTokenReused(error)) throw error;
      const again = await lookAgain(account, () => order.findAgain());
      if (again !== undefined) return again;
    }
  }
  throw jobFailure("", `${mostGenerations} orders for ${order.token} came to nothing`, order.what);
}

/** A job that failed longer ago was ordered by somebody who has given up since. */
const freshFailureMs = 5 * 60_000;

/**
 * @returns false when the order is an earlier one, of which nothing is left
 * @throws why it failed; `cloud.transient` while it is not shown: a repeated order finds it
 */
async function comesAbout(account: Account, order: TokenOrder, begun: Begun): Promise<boolean> {
  for (const pauseMs of [0, ...pauses(orderPatienceMs)]) {
    if (pauseMs > 0) await account.clock.sleep(pauseMs);
    if ((await order.find(begun.id)) !== undefined) return true;
    const job = await findJob(account, order.job, begun.jobId);
    if (job === undefined) return false;
    if (job.status === "FAIL") {
      const endedAt = Date.parse(job.end_time ?? "");
      if (Date.now() - endedAt > freshFailureMs) return false;
      throw whyItFailed(job, order.what);
    }
    if (job.status === "SUCCESS") return (await order.find(begun.id)) !== undefined;
  }
  const problem = `${order.what} is not shown yet, job ${begun.jobId} makes it`;
  throw new MigrationError("cloud.transient", { platform: "huawei", problem });
}

/**
 * Makes a thing for which the cloud takes no client token, unless it is there. When the answer is lost it is
 * looked for, as long as the target's settings say; only then the failure is the caller's.
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
    const found = await lookAgain(account, find);
    if (found === undefined) throw error;
    return found;
  }
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

/** Servers and volumes are shown when their disks are made. */
const orderPatienceMs = 12_000;

/** What was just made may be shown some seconds later. */
const patienceMs = 30_000;

/** Looks until there is something, at most half a minute. */
export async function untilSeen<T>(
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

export const pageSize = 500;

/** All pages of a list that counts its items from an offset. */
export async function listByOffset<T>(
  account: Account,
  operation: OperationName,
  pageOf: (offset: number) => Pick<CallOptions, "query" | "body">,
  itemsOf: (page: Record<string, unknown>) => readonly T[] | undefined,
): Promise<T[]> {
  const all: T[] = [];
  for (;;) {
    const page = await account.client.call<Record<string, unknown>>(operation, pageOf(all.length));
    const items = itemsOf(page) ?? [];
    all.push(...items);
    if (items.length < pageSize) return all;
  }
}

/** All pages of a list that goes on behind the last item's id. */
export async function listByMarker<T extends { readonly id: string }>(
  account: Pick<Account, "client">,
  operation: OperationName,
  query: Readonly<Record<string, string | undefined>>,
  itemsOf: (page: Record<string, unknown>) => readonly T[] | undefined,
): Promise<T[]> {
  const all: T[] = [];
  for (;;) {
    const page = await account.client.call<Record<string, unknown>>(operation, {
      query: { ...query, limit: pageSize, marker: all.at(-1)?.id },
    });
    const items = itemsOf(page) ?? [];
    all.push(...items);
    if (items.length < pageSize) return all;
  }
}
