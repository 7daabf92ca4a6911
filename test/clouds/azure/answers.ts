/** What handlers get and give. */
import type { Operation, Subscription } from "./state.ts";

export interface Request {
  /** The last name in the path, or nothing. */
  readonly name: string;
  /** All names in the path. */
  readonly names: readonly string[];
  readonly group: string;
  readonly query: URLSearchParams;
  // biome-ignore lint/suspicious/noExplicitAny: checked against the table before it comes here
  readonly body: any;
  /** Of this request, without query. */
  readonly url: string;
}

export interface Answer {
  readonly status: number;
  readonly body?: object;
  /** What the caller may ask for the end of. */
  readonly operation?: Operation;
}

export type Handler = (subscription: Subscription, request: Request) => Promise<Answer> | Answer;

/** The order is taken, and carried out later. Source: ARM docs, "Track asynchronous Azure operations". */
export function accepted(
  subscription: Subscription,
  status: 200 | 201 | 202,
  forMs: number,
  body?: object,
): Answer {
  return {
    status,
    operation: subscription.newOperation(forMs),
    ...(body === undefined ? {} : { body }),
  };
}

/** Short, so that paging is seen to work. */
const pageSize = 3;

export function shownList<T>(
  subscription: Subscription,
  { query, url }: Request,
  things: readonly T[],
  show: (of: Subscription, thing: T) => object,
): Answer {
  const from = Number(query.get("$skiptoken") ?? 0);
  const page = things.slice(from, from + pageSize).map((thing) => show(subscription, thing));
  const next = from + pageSize;
  const version = query.get("api-version");
  return {
    status: 200,
    body: {
      value: page,
      ...(next < things.length
        ? { nextLink: `${url}?api-version=${version}&%24skiptoken=${next}` }
        : {}),
    },
  };
}

/** An answer as it goes over the wire. */
export interface Shown {
  readonly status: number;
  readonly type: string;
  readonly text: string;
  readonly headers?: Record<string, string>;
}

export function json(status: number, body?: object): Shown {
  const type = "application/json; charset=utf-8";
  return { status, type, text: body === undefined ? "" : JSON.stringify(body) };
}
