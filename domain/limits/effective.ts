/**
 * Which figure holds at a target: the operator's own where there is one, else the document's; of that
 * and what the cloud itself reports, the stricter.
 */
import { z } from "zod";
import { MigrationError } from "../errors.ts";
import type { Platform } from "../platform.ts";
import {
  isLimitName,
  isValueOf,
  type LimitName,
  type LimitValue,
  type LimitValueOf,
  type LimitValues,
  limitDefinitions,
  limitNames,
  stricter,
} from "./definitions.ts";
import { type Figure, type LimitTable, limitTables } from "./tables.ts";

export const limitValue = z.union([
  z.number(),
  z.boolean(),
  z.array(z.string().min(1).max(60)).max(50),
]);

/** A figure that an operator changed; without a value it is the document's again. */
export const limitChange = z.object({
  name: z.string(),
  value: limitValue.optional(),
  reason: z.string(),
  by: z.string(),
  at: z.iso.datetime(),
});
export type LimitChange = z.output<typeof limitChange>;

export interface EffectiveLimit<N extends LimitName = LimitName> {
  readonly name: N;
  /** Of the document; `X-19` for a figure the document does not have on this platform. */
  readonly row: string;
  readonly document?: LimitValueOf<N>;
  readonly own?: LimitChange & { readonly value: LimitValueOf<N> };
  readonly cloud?: LimitValueOf<N>;
  readonly value: LimitValueOf<N>;
  /** What the value comes from. */
  readonly from: "document" | "own" | "cloud";
  readonly figure?: Figure<N>;
}

/** Which row to name and which figure to open: what the cloud itself refuses nobody opens. */
export function judgedBy<N extends LimitName>(
  limit: EffectiveLimit<N>,
): { row: string; limit?: N } {
  return limit.from === "cloud" ? { row: "X-19" } : { row: limit.row, limit: limit.name };
}

export class Limits {
  readonly #limits: ReadonlyMap<LimitName, EffectiveLimit>;

  constructor(limits: readonly EffectiveLimit[]) {
    this.#limits = new Map(limits.map((limit) => [limit.name, limit]));
  }

  find<N extends LimitName>(name: N): EffectiveLimit<N> | undefined {
    return this.#limits.get(name) as EffectiveLimit<N> | undefined;
  }

  /** `undefined` where nothing limits it. */
  value<N extends LimitName>(name: N): LimitValueOf<N> | undefined {
    return this.find(name)?.value;
  }

  all(): readonly EffectiveLimit[] {
    return [...this.#limits.values()];
  }
}

export interface LimitSources {
  readonly platform: Platform;
  /** Oldest first. */
  readonly changes?: readonly LimitChange[];
  /** What the cloud says of itself. */
  readonly cloud?: LimitValues;
  /** Rows whose most does not hold for a server, because a person took that upon themselves. */
  readonly acknowledged?: readonly string[];
}

export function effectiveLimits({
  platform,
  changes = [],
  cloud = {},
  acknowledged = [],
}: LimitSources): Limits {
  const own = ownValues(changes);
  const found = limitNames.flatMap((name) => {
    const figure: Figure | undefined = limitTables[platform][name];
    const isLifted =
      limitDefinitions[name].kind === "most" && acknowledged.includes(figure?.row ?? "");
    return limitOf(name, {
      figure: isLifted ? undefined : figure,
      own: own.get(name),
      cloud: cloud[name],
    });
  });
  return new Limits(found);
}

/** Those of a table alone: before a target is chosen. */
export function documentLimits(table: LimitTable): Limits {
  const found = limitNames.flatMap((name) =>
    limitOf(name, { figure: table[name], own: undefined, cloud: undefined }),
  );
  return new Limits(found);
}

function limitOf(
  name: LimitName,
  sources: {
    figure: Figure | undefined;
    own: OwnValue | undefined;
    cloud: LimitValue | undefined;
  },
): EffectiveLimit[] {
  const { figure, own, cloud } = sources;
  const chosen = own?.value ?? figure?.value;
  const value =
    chosen === undefined || cloud === undefined ? (chosen ?? cloud) : stricter(name, chosen, cloud);
  if (value === undefined) return [];
  const isCloud = cloud !== undefined && JSON.stringify(value) !== JSON.stringify(chosen);
  return [
    {
      name,
      row: figure?.row ?? "X-19",
      value,
      from: isCloud ? "cloud" : own === undefined ? "document" : "own",
      ...(figure === undefined ? {} : { document: figure.value, figure }),
      ...(own === undefined ? {} : { own }),
      ...(cloud === undefined ? {} : { cloud }),
    },
  ];
}

type OwnValue = LimitChange & { readonly value: LimitValue };

function ownValues(changes: readonly LimitChange[]): Map<string, OwnValue> {
  const own = new Map<string, OwnValue>();
  for (const change of changes) {
    if (change.value === undefined) own.delete(change.name);
    else own.set(change.name, { ...change, value: change.value });
  }
  return own;
}

/** As many changes as a target keeps; older ones go once they were changed again. */
const keptChanges = 200;

/**
 * The changes with one more.
 * @throws `input.invalid` for a name or a value that can't be
 */
export function withChange(changes: readonly LimitChange[], change: LimitChange): LimitChange[] {
  const { name, value } = change;
  if (!isLimitName(name)) {
    throw new MigrationError("input.invalid", {
      where: `limit ${name}`,
      problem: `there is none of that name; there are ${limitNames.join(", ")}`,
    });
  }
  if (value !== undefined && !isValueOf(name, value)) {
    const { kind } = limitDefinitions[name];
    throw new MigrationError("input.invalid", {
      where: `limit ${name}`,
      problem: shapes[kind],
    });
  }
  const all = [...changes, change];
  if (all.length <= keptChanges) return all;
  const newest = new Set([...ownValues(all).values()].map((own) => `${own.name} ${own.at}`));
  const old = all.findIndex((one) => !newest.has(`${one.name} ${one.at}`));
  return all.toSpliced(Math.max(0, old), 1);
}

const aNumber = "must be a number, 0 or more, and a whole one where things are counted";
const more = "must be a number above 0, and a whole one where things are counted";
const aFlag = "must be true or false";
const aList = "must be a list of words divided by commas, or any";
const shapes: Record<(typeof limitDefinitions)[LimitName]["kind"], string> = {
  ...{ most: more, least: aNumber, step: more },
  ...{ must: aFlag, may: aFlag },
  ...{ among: aList, except: aList },
};
