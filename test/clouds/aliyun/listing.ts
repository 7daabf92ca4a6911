/** Lists: what a filter leaves, and pages. */
import type { Parameters } from "../parameters.ts";
import { Refusal } from "./rpc.ts";
import type { Account, Thing } from "./state.ts";

/** Named ones, those with all the tags, and those that have what is asked for. */
export function listed<T extends Thing>(
  account: Account,
  all: ReadonlyMap<string, T>,
  parameters: Parameters,
  options: {
    /** Parameter that holds ids as JSON; none of an empty list are shown. */
    readonly ids?: string;
    readonly fields?: Readonly<Record<string, (thing: T) => string | undefined>>;
  } = {},
): T[] {
  const { ids, fields = {} } = options;
  const named = ids === undefined ? undefined : parameters.find(ids);
  const wanted: unknown = named === undefined ? undefined : JSON.parse(named);
  const tags = parameters.structures("Tag");
  return [...all.values()].filter((thing) => {
    if (!account.isShown(thing)) return false;
    if (Array.isArray(wanted) && !wanted.includes(thing.id)) return false;
    if (!tags.every((tag) => thing.tags.get(tag.get("Key")) === tag.get("Value"))) return false;
    return Object.entries(fields).every(([name, field]) => {
      const asked = parameters.find(name);
      return asked === undefined || field(thing) === asked;
    });
  });
}

/** At most 100 here; ten unless told. Source: DescribeDisks, MaxResults and NextToken. */
export function pagedByToken<T>(
  things: readonly T[],
  parameters: Parameters,
): { items: readonly T[]; next: Readonly<Record<string, unknown>> } {
  const size = sizeOf(parameters, "MaxResults");
  const from = Number(parameters.find("NextToken") ?? 0);
  const NextToken = from + size < things.length ? String(from + size) : "";
  return { items: things.slice(from, from + size), next: { NextToken } };
}

/** Source: DescribeImages, PageNumber and PageSize. @param most on a page, which not all actions have alike */
export function pagedByNumber<T>(
  things: readonly T[],
  parameters: Parameters,
  most = 100,
): { items: readonly T[]; next: Readonly<Record<string, unknown>> } {
  const PageSize = sizeOf(parameters, "PageSize", most);
  const PageNumber = parameters.number("PageNumber") ?? 1;
  const items = things.slice((PageNumber - 1) * PageSize, PageNumber * PageSize);
  return { items, next: { PageNumber, PageSize, TotalCount: things.length } };
}

function sizeOf(parameters: Parameters, name: string, most = 100): number {
  const size = parameters.number(name) ?? 10;
  if (size >= 1 && size <= most) return size;
  throw new Refusal(400, `Invalid${name}`, `The specified ${name} is not valid.`);
}

/** ECS shows tags by other names than it takes them. */
export const shownTags = (tags: ReadonlyMap<string, string>) => ({
  Tag: [...tags].map(([TagKey, TagValue]) => ({ TagKey, TagValue })),
});
