/** A request as it comes: which call it is, and whether it is one that CTyun takes. */
import { type Call, calls, type Fields, types } from "./api.ts";

/** An answer that is a refusal: HTTP 200 and status 900, unless it says otherwise. */
export class Refusal extends Error {
  readonly code: string;
  readonly status: number;
  /** What an answer that is no failure, but still at it, names. */
  readonly returnObj: object | undefined;

  constructor(code: string, message: string, more: { status?: number; returnObj?: object } = {}) {
    super(message);
    this.code = code;
    this.status = more.status ?? 200;
    this.returnObj = more.returnObj;
  }
}

/** Of three parts, as all products name what they refuse. Source: terraform-provider-ctyun, error_code.go. */
const wrongParameter: Record<Call["product"], string> = {
  ecs: "Ecs.Parameter.Invalid",
  ebs: "ebs.parameter.invalid",
  vpc: "Openapi.Parameter.Error",
  image: "Image.Parameter.Invalid",
};

export const refuse = (product: Call["product"], problem: string): never => {
  throw new Refusal(wrongParameter[product], problem);
};

/** By the call's name, its own parameters as they came. */
export interface Request {
  readonly name: string;
  readonly call: Call;
  // biome-ignore lint/suspicious/noExplicitAny: checked against the table of calls before it is read
  readonly asked: any;
}

export function findCall(
  product: Call["product"],
  method: string,
  path: string,
): { name: string; call: Call } | undefined {
  const found = Object.entries(calls).find(
    ([, call]) => call.product === product && call.method === method && call.path === path,
  );
  return found && { name: found[0], call: found[1] };
}

/** Numbers come as text in a query. @throws Refusal for what CTyun would not take */
export function readAsked(call: Call, query: URLSearchParams, body: string): Request["asked"] {
  const asked: Record<string, unknown> =
    call.method === "POST" ? JSON.parse(body) : Object.fromEntries(query);
  if (call.method === "GET") {
    for (const [name, type] of Object.entries(call.fields)) {
      const plain = name.replace("!", "");
      if (type === "integer" && plain in asked) asked[plain] = Number(asked[plain]);
    }
  }
  check(call.product, "the request", asked, call.fields);
  return asked;
}

function check(product: Call["product"], where: string, value: object, fields: Fields): void {
  const known = new Map(
    Object.entries(fields).map(([name, type]) => [
      name.replace("!", ""),
      { type, required: name.endsWith("!") },
    ]),
  );
  for (const [name, { required }] of known) {
    if (required && !(name in value)) refuse(product, `${where}: ${name} is missing`);
  }
  for (const [name, inner] of Object.entries(value)) {
    const field = known.get(name);
    if (field === undefined) {
      refuse(product, `${where}: ${name} is not known`);
    } else if (typeof field.type === "string") {
      if (!types[field.type](inner)) {
        refuse(product, `${where}: ${name} is no ${field.type}: ${JSON.stringify(inner)}`);
      }
    } else {
      if (!Array.isArray(inner)) refuse(product, `${where}: ${name} is no list`);
      for (const item of inner) check(product, `${where}: ${name}`, item, field.type[0]);
    }
  }
}

/** A page of a list. */
export function pageOf<T>(
  asked: { pageNo?: number; pageSize?: number },
  all: readonly T[],
  most: number,
) {
  const { pageNo = 1, pageSize = 10 } = asked;
  if (pageSize < 1 || pageSize > most || pageNo < 1) {
    throw new Refusal("Openapi.Parameter.Error", `pageSize is 1 to ${most}`);
  }
  const items = all.slice((pageNo - 1) * pageSize, pageNo * pageSize);
  return {
    items,
    counts: {
      currentCount: items.length,
      totalCount: all.length,
      totalPage: Math.ceil(all.length / pageSize),
    },
  };
}
