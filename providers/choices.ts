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
  /** What helps to choose, as the cloud calls it: a name, a zone, a network. May be empty. */
  readonly label: string;
  /** Of a subnet, where the cloud tells. */
  readonly freeAddresses?: number | undefined;
  /** Of a subnet, or of a security group that holds in one network only: which (a VPC's id). */
  readonly network?: string | undefined;
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

/** How a platform's lists are asked for. */
interface Way<Config, Secrets, Opened> {
  readonly schema: z.ZodType<Config>;
  /** For what is needed and was not asked yet; no list looks at them. */
  readonly standIns:
    | Readonly<Record<string, unknown>>
    | ((config: Asking<Secrets>["config"]) => Readonly<Record<string, unknown>>);
  readonly open: (settings: Config, secrets: Secrets) => Opened;
  readonly inCloudTerms: (error: unknown, action: string) => MigrationError;
}

/**
 * Asks a platform, by the answers so far.
 * @returns what takes the answers, the settings that a list can't do without, and the list
 */
export function asker<Config, Secrets, Opened>(way: Way<Config, Secrets, Opened>) {
  return async <T>(
    { config, secrets }: Asking<Secrets>,
    needed: readonly string[],
    list: (opened: Opened, settings: Config) => Promise<T>,
  ): Promise<T> => {
    const { schema, standIns } = way;
    const rest = typeof standIns === "function" ? standIns(config) : standIns;
    const settings = settingsSoFar(schema, config, rest, needed);
    try {
      return await list(way.open(settings, secrets), settings);
    } catch (error) {
      throw way.inCloudTerms(error, "choices");
    }
  };
}

/** What the cloud left out is no part of it. */
export const labelOf = (...parts: readonly (string | false | null | undefined)[]) =>
  parts.filter(Boolean).join(", ");

/** @throws `input.invalid` naming what is missing or wrong */
export function settingsSoFar<Config>(
  schema: z.ZodType<Config>,
  config: Asking<unknown>["config"],
  standIns: Readonly<Record<string, unknown>> = {},
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
