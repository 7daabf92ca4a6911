/** Lists that come in pages; the platform has two ways to ask for the next one. */
import type { Parameters } from "../numbered-parameters.ts";
import type { AliyunClient, Product } from "./client.ts";

export interface Caller {
  readonly client: AliyunClient;
}

/** The most that actions take, unless told. */
const pageSize = 100;

/** All pages of an action that hands out a token for the next one. */
export async function listByToken<Answer extends { NextToken?: string }, T>(
  { client }: Caller,
  product: Product,
  action: string,
  parameters: Parameters,
  read: (answer: Answer) => readonly T[] | undefined,
): Promise<T[]> {
  const found: T[] = [];
  let token: string | undefined;
  do {
    const page: Answer = await client.call<Answer>(product, action, {
      ...parameters,
      MaxResults: pageSize,
      NextToken: token,
    });
    found.push(...(read(page) ?? []));
    token = page.NextToken === "" ? undefined : page.NextToken;
  } while (token !== undefined);
  return found;
}

/** All pages of an action that numbers them. @param most that the action takes on one */
export async function listByNumber<Answer extends { TotalCount?: number }, T>(
  { client }: Caller,
  product: Product,
  action: string,
  parameters: Parameters,
  read: (answer: Answer) => readonly T[] | undefined,
  most = pageSize,
): Promise<T[]> {
  const found: T[] = [];
  for (let number = 1; ; number += 1) {
    const page = await client.call<Answer>(product, action, {
      ...parameters,
      PageNumber: number,
      PageSize: most,
    });
    const items = read(page) ?? [];
    found.push(...items);
    if (items.length === 0 || number * most >= (page.TotalCount ?? 0)) return found;
  }
}
