/** Filters and pages, which all Describe actions have alike, and the types that handlers share. */
import { Refusal } from "./request.ts";
import type { Account, Tag, Thing } from "./state.ts";

type Asked<C, A extends keyof C> = C[A] extends (request: infer R, ...rest: never[]) => unknown
  ? NonNullable<R>
  : never;
type Answered<C, A extends keyof C> = C[A] extends (...all: never[]) => Promise<infer R>
  ? Omit<R, "RequestId">
  : never;

/** What a service does, in the SDK's own types for what is asked and answered. */
export type Actions<C, A extends keyof C> = {
  [N in A]: (account: Account, request: Asked<C, N>) => Answered<C, N> | Promise<Answered<C, N>>;
};

/** What a filter looks at, by the filter's name. */
export type Fields<T> = Readonly<Record<string, (thing: T) => string | undefined>>;

interface Filter {
  Name: string;
  Values: readonly string[];
}

interface Listed {
  Filters?: readonly Filter[];
  Offset?: number | string;
  Limit?: number | string;
}

/** Found by a part of them. Source: CVM API, DescribeImages, Filters. */
const vague = new Set(["image-name", "platform"]);

/** @param takesTags false for snapshots, which have no such filter */
export function filtered<T extends { readonly tags: readonly Tag[] }>(
  things: readonly T[],
  filters: readonly Filter[] = [],
  fields: Fields<T>,
  takesTags = true,
): T[] {
  if (filters.length > 10 || filters.some(({ Values }) => Values.length > 100)) {
    throw new Refusal("InvalidFilterValue.LimitExceeded", "There are too many filters.");
  }
  const tests = filters.map(({ Name, Values }) => {
    const key = takesTags ? /^tag:(.+)$/.exec(Name)?.[1] : undefined;
    const field =
      key === undefined
        ? fields[Name]
        : (thing: T) => thing.tags.find((tag) => tag.Key === key)?.Value;
    if (field === undefined) {
      throw new Refusal("InvalidFilter", `The filter \`${Name}\` is not valid.`);
    }
    const isVague = vague.has(Name);
    return (thing: T) => {
      const value = field(thing) ?? "";
      return Values.some((wanted) => (isVague ? value.includes(wanted) : value === wanted));
    };
  });
  return things.filter((thing) => tests.every((test) => test(thing)));
}

/**
 * Named ones, or what the filters leave, a page of them.
 * @param ifAbsent code of the refusal where a named one is not there; without it that one is left out
 */
export function listed<T extends Thing>(
  account: Account,
  all: ReadonlyMap<string, T>,
  ids: readonly string[] | undefined,
  request: Listed,
  fields: Fields<T>,
  options: { ifAbsent?: string; takesTags?: boolean } = {},
): { page: T[]; total: number } {
  const shown = [...all.values()].filter((thing) => account.isShown(thing));
  if (ids !== undefined && ids.length > 0 && request.Filters !== undefined) {
    throw new Refusal("InvalidParameter", "Ids and filters are not given together.");
  }
  const absent = ids?.find((id) => !shown.some((thing) => thing.id === id));
  if (absent !== undefined && options.ifAbsent !== undefined) {
    throw new Refusal(options.ifAbsent, `\`${absent}\` does not exist.`);
  }
  const named = ids === undefined ? shown : shown.filter(({ id }) => ids.includes(id));
  const found = filtered(named, request.Filters, fields, options.takesTags);
  return { page: pageOf(found, request), total: found.length };
}

export function pageOf<T>(found: readonly T[], { Offset = 0, Limit = 20 }: Listed): T[] {
  const offset = Number(Offset);
  const limit = Number(Limit);
  if (!(limit >= 1 && limit <= 100) || !(offset >= 0)) {
    throw new Refusal("InvalidParameterValue.LimitExceeded", "A page has 1 to 100 items.");
  }
  return found.slice(offset, offset + limit);
}
