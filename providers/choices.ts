/**
 * What a setting of a target can be, asked of the cloud before there is a target: regions, subnets, images that
 * an account has. A platform's own are in its `choices.ts`, by the paths of its settings (`config.ts`).
 */

import type { z } from "zod";
import { MigrationError } from "#domain/errors.ts";
import { problemsOf } from "#domain/zod-problems.ts";

export interface Choice {
  /** What the setting is set to. */
  readonly value: string;
  /** What helps to choose, as the cloud calls it: a name, a zone, how many addresses are free. May be empty. */
  readonly label: string;
}

/** Answers so far, unchecked: what is asked may need some of them, such as the region. */
export interface Asking<Secrets> {
  readonly config: Readonly<Record<string, unknown>>;
  readonly secrets: Secrets;
}

/**
 * Reads only. @throws `input.invalid` where an answer is missing that it needs or is wrong, and `cloud.…` as
 * a provider does
 */
export type ListChoices<Secrets> = (asking: Asking<Secrets>) => Promise<readonly Choice[]>;

/** By path of the setting, such as `subnetId`. */
export type Choices<Secrets, Path extends string = string> = Readonly<
  Record<Path, ListChoices<Secrets>>
>;

/**
 * The answers so far as whole settings.
 * @param standIns for what is needed and was not asked yet; no list looks at them
 * @param needed what a list can't do without
 * @throws `input.invalid` naming what is missing or wrong
 */
export function settingsSoFar<Config>(
  schema: z.ZodType<Config>,
  config: Asking<unknown>["config"],
  standIns: Readonly<Record<string, unknown>>,
  needed: readonly string[] = [],
): Config {
  const missing = needed.filter((path) => config[path] === undefined);
  const parsed = schema.safeParse({ ...standIns, ...config, ...hyperDoorSoFar(config) });
  if (missing.length === 0 && parsed.success) return parsed.data;
  const lacks = missing.map((path) => `${path}: must be given`);
  const problems = parsed.success ? [] : [problemsOf(parsed.error)];
  const problem = [...lacks, ...problems].join("; ");
  throw new MigrationError("input.invalid", { where: "config", problem });
}

/** Its key may be known before its image is. */
function hyperDoorSoFar({ hyperDoor }: Asking<unknown>["config"]): object {
  return hyperDoor === undefined
    ? {}
    : { hyperDoor: { image: "not chosen", ...Object(hyperDoor) } };
}
