/** Filters and pages, which all Describe actions have alike. */
import type { Parameters } from "../parameters.ts";
import { Refusal, type Xml } from "./query.ts";
import type { Account, Thing } from "./state.ts";

/** What a filter looks at, by the filter's name; tags are there for everything. */
export type Fields<T> = Readonly<
  Record<string, (thing: T) => string | readonly string[] | undefined>
>;

/** `*` and `?` stand for any. Source: EC2 user guide, "Filtering resources using the AWS CLI". */
function matches(pattern: string, value: string): boolean {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`).test(value);
}

/** @throws Refusal for a filter that AWS would not know */
export function filtered<T extends { readonly tags: ReadonlyMap<string, string> }>(
  things: readonly T[],
  parameters: Parameters,
  fields: Fields<T>,
): T[] {
  const tests = parameters.structures("Filter").map((filter) => {
    const name = filter.get("Name");
    const patterns = filter.list("Value");
    const tag = /^tag:(.+)$/.exec(name)?.[1];
    const field = tag === undefined ? fields[name] : (thing: T) => thing.tags.get(tag);
    if (field === undefined) {
      throw new Refusal("InvalidParameterValue", `The filter '${name}' is invalid`);
    }
    return (thing: T) =>
      [field(thing) ?? []]
        .flat()
        .some((value) => patterns.some((pattern) => matches(pattern, value)));
  });
  return things.filter((thing) => tests.every((test) => test(thing)));
}

/**
 * Named ones must all be there; else what the filters leave.
 * @throws Refusal `…NotFound` for the first that is not
 */
export function listed<T extends Thing>(
  account: Account,
  all: ReadonlyMap<string, T>,
  ids: readonly string[],
  notFound: string,
  parameters: Parameters,
  fields: Fields<T>,
): T[] {
  const shown = [...all.values()].filter((thing) => account.isShown(thing));
  for (const id of ids) {
    if (!shown.some((thing) => thing.id === id)) {
      throw new Refusal(notFound, `The ID '${id}' does not exist`);
    }
  }
  const named = ids.length === 0 ? shown : shown.filter(({ id }) => ids.includes(id));
  return filtered(named, parameters, fields);
}

/** @throws Refusal where named things are asked for in pages. Source: EC2 API reference, "Pagination". */
export function paged<T>(
  things: readonly T[],
  parameters: Parameters,
  ids: readonly string[],
): { items: readonly T[]; nextToken?: string } {
  const size = parameters.number("MaxResults");
  if (size === undefined) return { items: things };
  if (ids.length > 0) {
    throw new Refusal(
      "InvalidParameterCombination",
      "The parameter MaxResults cannot be used with a list of ids",
    );
  }
  if (size < 5 || size > 1000) {
    throw new Refusal("InvalidParameterValue", `Value ( ${size} ) for MaxResults is invalid`);
  }
  const from = Number(parameters.find("NextToken") ?? 0);
  const items = things.slice(from, from + size);
  return from + size < things.length ? { items, nextToken: String(from + size) } : { items };
}

export function tagSet(tags: ReadonlyMap<string, string>): Xml {
  return [...tags].map(([key, value]) => ({ key, value }));
}
