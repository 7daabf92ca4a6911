/**
 * Orders: made once, watched, and repeated while QingCloud asks for patience. QingCloud knows no client
 * tokens; what an order made is found again by its name.
 */
import { MigrationError } from "#domain/errors.ts";
import type { CreateOptions } from "../provider.ts";
import { type Account, listAll, pageSize, unlessAbsent } from "./account.ts";
import { asksToTryLater, isAmbiguous } from "./errors.ts";
import { type Name, readName, searchWord, tokenDigest } from "./names.ts";

/** Every action that is a job answers so; some have none. */
export interface Ordered {
  readonly job_id?: string;
}

interface Job {
  readonly job_id: string;
  readonly job_action: string;
  readonly status: "pending" | "working" | "failed" | "successful" | "done with failure";
  /** Separated by commas. */
  readonly resource_ids?: string;
}

/** Doubling from 50 ms to 3 s, together about as long as told. */
function pauses(totalMs: number): number[] {
  const all: number[] = [];
  let sum = 0;
  for (let pauseMs = 50; sum < totalMs; pauseMs = Math.min(pauseMs * 2, 3_000)) {
    all.push(pauseMs);
    sum += pauseMs;
  }
  return all;
}

/** Small orders, such as attaching, take some seconds. */
const patienceMs = 12_000;

/** Looks until there is something, at most as long as small orders take. */
export async function untilSeen<T>(
  { clock }: Account,
  find: () => Promise<T | undefined>,
  totalMs = patienceMs,
): Promise<T | undefined> {
  for (const pauseMs of [0, ...pauses(totalMs)]) {
    if (pauseMs > 0) await clock.sleep(pauseMs);
    const found = await find();
    if (found !== undefined) return found;
  }
  return undefined;
}

const isOver = ({ status }: Job) => status !== "pending" && status !== "working";

async function findJob(account: Account, id: string): Promise<Job | undefined> {
  const found = await unlessAbsent(
    listAll<Job>(account, "DescribeJobs", "job_set", { jobs: [id] }),
  );
  return found?.find(({ job_id }) => job_id === id);
}

const failed = ({ job_action, job_id }: Job): string =>
  `${job_action} failed, as job ${job_id} says`;

/**
 * Waits for what was ordered, as long as small orders take; then what was changed tells how it goes on.
 * @throws `cloud.unexpected` when it failed: the job alone says so
 */
export async function settle(account: Account, { job_id }: Ordered): Promise<void> {
  if (job_id === undefined || job_id === "") return;
  const job = await untilSeen(account, async () => {
    const found = await findJob(account, job_id);
    return found === undefined || isOver(found) ? { found } : undefined;
  });
  if (job?.found === undefined || job.found.status === "successful") return;
  throw new MigrationError("cloud.unexpected", {
    platform: "qingcloud",
    problem: failed(job.found),
  });
}

/** Jobs that make something. */
const makers = [
  ...["CreateVolumes", "CreateVolumeFromSnapshot", "CreateSnapshots"],
  ...["CaptureImageFromSnapshot", "RunInstances"],
];

/**
 * Why a thing that is pending never will be there. Only its job says so, which is found by the thing
 * among the jobs that failed last: whoever ordered it may be another process.
 */
export async function problemOf({ client }: Account, id: string): Promise<string | undefined> {
  const answer = await client.call<{ job_set?: Job[] }>("DescribeJobs", {
    status: ["failed", "done with failure"],
    limit: pageSize,
  });
  const job = (answer.job_set ?? []).find(
    ({ job_action, resource_ids = "" }) =>
      makers.includes(job_action) && String(resource_ids).split(",").includes(id),
  );
  return job && failed(job);
}

/**
 * Gives an order again while QingCloud asks for that: what was just made can't be deleted for some seconds,
 * until its lease is written. Source: QingCloud API, TerminateInstances.
 */
export async function insist<T>(account: Account, order: () => Promise<T>): Promise<T> {
  let asked: unknown;
  const done = await untilSeen(account, async () => {
    try {
      return { answer: await order() };
    } catch (error) {
      if (!asksToTryLater(error)) throw error;
      asked = error;
      return undefined;
    }
  });
  if (done === undefined) throw asked;
  return done.answer;
}

/** A kind of thing that carries our names. */
export interface Kind<T> {
  readonly action: string;
  readonly set: string;
  readonly idOf: (thing: T) => string;
  readonly nameOf: (thing: T) => string | null | undefined;
  /** Deleted, though still shown for some hours. */
  readonly isGone: (thing: T) => boolean;
  readonly filter?: Readonly<Record<string, string | number>>;
}

export async function listOurs<T>(
  account: Account,
  kind: Kind<T>,
  owner?: string,
): Promise<{ thing: T; name: Name }[]> {
  const word = searchWord(account.consoleId, owner);
  const found = await listAll<T>(account, kind.action, kind.set, {
    ...kind.filter,
    search_word: word,
  });
  return found.flatMap((thing) => {
    const name = readName(kind.nameOf(thing));
    // The word finds parts of names too, and ids.
    const isOurs = name !== undefined && `hm-${name.console}-${name.owner}-`.startsWith(`${word}-`);
    return isOurs && !kind.isGone(thing) ? [{ thing, name }] : [];
  });
}

/** By the token of the order that made it. */
export async function findOurs<T>(
  account: Account,
  kind: Kind<T>,
  token: string,
  owner?: string,
): Promise<T | undefined> {
  const ours = await listOurs(account, kind, owner);
  const digest = tokenDigest(token);
  return ours.find(({ name }) => name.token === digest)?.thing;
}

/**
 * Makes a thing unless the one of this token is there. When the answer is lost it is looked for, as long
 * as the target's settings say; only then the failure is the caller's.
 */
export async function makeOnce<T>(
  account: Account,
  kind: Kind<T>,
  options: CreateOptions,
  make: () => Promise<string>,
): Promise<string> {
  const { making, config } = account;
  const key = `${kind.action} ${options.token}`;
  const owner = options.tags["hypermotion:owner"];
  const find = async () => {
    const found = await findOurs(account, kind, options.token, owner);
    return found && kind.idOf(found);
  };
  const order = async () => {
    const earlier = await find();
    if (earlier !== undefined) return earlier;
    try {
      return await make();
    } catch (error) {
      if (!isAmbiguous(error)) throw error;
      const found = await untilSeen(account, find, config.lostAnswerMs);
      if (found === undefined) throw error;
      return found;
    }
  };
  const running = (making.get(key) ?? order().finally(() => making.delete(key))) as Promise<string>;
  making.set(key, running);
  return running;
}
