/** Pages; each service has its own way. */
import type { Parameters } from "../parameters.ts";
import { Refusal } from "./request.ts";
import type { Account, Thing } from "./state.ts";

/** Named ones, or all; what is not there is left out. Source: terraform-provider-ksyun, which reads an empty list as gone. */
export function named<T extends { readonly id: string }>(
  things: Iterable<T>,
  parameters: Parameters,
  list: string,
): T[] {
  const ids = parameters.list(list);
  return [...things].filter(({ id }) => ids.length === 0 || ids.includes(id));
}

export function shownThings<T extends Thing>(account: Account, things: Iterable<T>): T[] {
  return [...things].filter((thing) => account.isShown(thing));
}

/** Sources: DescribeInstances, MaxResults (5 to 1000, 10 unless told); DescribeVolumes, MaxResults (10 to 1000). */
export function pagedByMarker<T>(things: readonly T[], parameters: Parameters, least: number): T[] {
  const size = parameters.number("MaxResults") ?? 10;
  const from = parameters.number("Marker") ?? 0;
  if (size < least || size > 1000 || from < 0) {
    throw new Refusal(400, "InvalidParameterValue", "Invalid `MaxResults` parameter value.");
  }
  return things.slice(from, from + size);
}

/** Source: terraform-provider-ksyun, pageQuery over MaxResults and NextToken. */
export function pagedByToken<T>(
  things: readonly T[],
  parameters: Parameters,
): { items: readonly T[]; next: { NextToken?: string } } {
  const size = parameters.number("MaxResults") ?? 10;
  const from = Number(parameters.find("NextToken") ?? 0);
  const items = things.slice(from, from + size);
  const isLast = from + size >= things.length;
  return { items, next: isLast ? {} : { NextToken: String(from + size) } };
}

/** Source: terraform-provider-ksyun, readSnapshots: PageNumber, PageSize, Page.hasNext. */
export function pagedByNumber<T>(
  things: readonly T[],
  parameters: Parameters,
): { items: readonly T[]; next: { Page: { hasNext: boolean } } } {
  const size = parameters.number("PageSize") ?? 10;
  const from = ((parameters.number("PageNumber") ?? 1) - 1) * size;
  return {
    items: things.slice(from, from + size),
    next: { Page: { hasNext: from + size < things.length } },
  };
}
