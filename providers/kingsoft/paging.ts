/** Lists that come in pages; each service has its own way to ask for the next one. */

import type { Parameters } from "../numbered-parameters.ts";
import { type Account, unlessAbsent } from "./account.ts";
import type { Service } from "./client.ts";

/** Fewest of what all actions take. Sources: KEC API, DescribeInstances (5 to 1000); EBS API, DescribeVolumes (10 to 1000). */
const pageSize = 100;

type Caller = Pick<Account, "client">;

/** KEC and EBS count from an offset. What is not there at all is an empty list. */
export async function listByMarker<Answer, T>(
  { client }: Caller,
  service: Service,
  action: string,
  parameters: Parameters,
  read: (answer: Answer) => readonly T[] | undefined,
): Promise<T[]> {
  const found: T[] = [];
  for (;;) {
    const page = { MaxResults: pageSize, Marker: found.length };
    const answer = await unlessAbsent(
      client.call<Answer>(service, action, { ...parameters, ...page }),
    );
    const items = (answer && read(answer)) ?? [];
    found.push(...items);
    if (items.length < pageSize) return found;
  }
}

/** VPC and EIP hand out a token for the next page. */
export async function listByToken<Answer extends { NextToken?: string }, T>(
  { client }: Caller,
  service: Service,
  action: string,
  parameters: Parameters,
  read: (answer: Answer) => readonly T[] | undefined,
): Promise<T[]> {
  const found: T[] = [];
  let token: string | undefined;
  do {
    const answer: Answer | undefined = await unlessAbsent(
      client.call<Answer>(service, action, {
        ...parameters,
        MaxResults: pageSize,
        NextToken: token,
      }),
    );
    found.push(...((answer && read(answer)) ?? []));
    token = answer?.NextToken || undefined;
  } while (token !== undefined);
  return found;
}

/** Snapshots' pages are numbered, and say whether there is another. Source: terraform-provider-ksyun, readSnapshots. */
export async function listByNumber<Answer extends { Page?: { hasNext?: boolean } }, T>(
  { client }: Caller,
  service: Service,
  action: string,
  parameters: Parameters,
  read: (answer: Answer) => readonly T[] | undefined,
): Promise<T[]> {
  const found: T[] = [];
  for (let number = 1; ; number += 1) {
    const page = { PageNumber: number, PageSize: pageSize };
    const answer = await unlessAbsent(
      client.call<Answer>(service, action, { ...parameters, ...page }),
    );
    const items = (answer && read(answer)) ?? [];
    found.push(...items);
    if (!(answer?.Page?.hasNext ?? items.length === pageSize)) return found;
  }
}
