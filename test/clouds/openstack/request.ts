/** A request as it comes: which call it is, and whether it is one that the service takes. */
import { type Call, calls, type Field, type Fields, type Service, type Type } from "./api.ts";

/** An answer that is a refusal; `kind` is what its service calls it. */
export class Refusal extends Error {
  readonly status: number;
  readonly kind: string;
  readonly retryAfter: number | undefined;

  constructor(status: number, kind: string, message: string, retryAfter?: number) {
    super(message);
    this.status = status;
    this.kind = kind;
    this.retryAfter = retryAfter;
  }
}

export type Json = string | number | boolean | null | undefined | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}

export interface Request {
  readonly name: string;
  readonly call: Call;
  /** What stood in braces in the path. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: ReadonlyMap<string, string>;
  // biome-ignore lint/suspicious/noExplicitAny: checked against the table of calls before it is read
  readonly body: any;
  /** The minor version it was made in. */
  readonly minor: number;
}

export interface Route {
  readonly name: string;
  readonly call: Call;
  readonly path: Readonly<Record<string, string>>;
}

/** Fixed words of a path come before names: `/detail` is no server's id. */
const routes = Object.entries(calls)
  .map(([name, call]) => ({
    name,
    call,
    pattern: new RegExp(`^${call.path.replaceAll(/\{(\w+)\}/g, "(?<$1>[^/]+)")}$`),
    names: call.path.match(/\{/g)?.length ?? 0,
  }))
  .sort((a, b) => a.names - b.names);

/** Orders to one thing share a path, and are told apart by the body's first word. */
export function routeOf(
  service: Service,
  method: string,
  path: string,
  body: unknown,
): Route | undefined {
  const [word = ""] = Object.keys(Object(body));
  for (const { name, call, pattern } of routes) {
    if (call.service !== service || call.method !== method) continue;
    const match = pattern.exec(path);
    if (match === null) continue;
    const [first = ""] = Object.keys(call.body ?? {});
    if (path.endsWith("/action") && first.replace("!", "") !== word) continue;
    return { name, call, path: { ...match.groups } };
  }
  return undefined;
}

/** How each service calls what is not valid. Source: as seen on Zed. */
export const invalid: Readonly<Record<Service, string>> = {
  compute: "badRequest",
  volume: "badRequest",
  image: "",
  network: "HTTPBadRequest",
};

/** @throws Refusal for what the service would not take */
export function checkRequest(call: Call, query: ReadonlyMap<string, string>, body: unknown): void {
  const refuse = (problem: string): never => {
    throw new Refusal(400, invalid[call.service], problem);
  };
  for (const [name, value] of query) {
    const type = call.query?.[name];
    if (type === undefined) refuse(`Invalid input for query parameters ${name}`);
    else checkValue(name, type === "integer" ? Number(value) : value, type, refuse);
  }
  if (call.body === undefined) {
    if (body !== undefined) refuse("no body is taken here");
  } else {
    checkObject("body", body, call.body, refuse);
  }
}

type Refuse = (problem: string) => never;

function checkObject(where: string, value: unknown, fields: Fields, refuse: Refuse): void {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    refuse(`${where} is no object`);
  }
  const known = new Map<string, { field: Field | Fields | readonly [Fields]; required: boolean }>();
  for (const [name, field] of Object.entries(fields)) {
    const required = name.endsWith("!") || (typeof field === "string" && field.endsWith("!"));
    known.set(name.replace(/!$/, ""), { field, required });
  }
  for (const [name, inner] of Object.entries(value as object)) {
    const entry = known.get(name);
    if (entry === undefined) {
      refuse(`Additional properties are not allowed ('${name}' was unexpected)`);
    } else checkField(`${where}.${name}`, inner, entry.field, refuse);
  }
  for (const [name, { required }] of known) {
    if (required && !(name in (value as object))) refuse(`'${name}' is a required property`);
  }
}

function checkField(
  where: string,
  value: unknown,
  field: Field | Fields | readonly [Fields],
  refuse: Refuse,
): void {
  if (typeof field === "string") checkValue(where, value, field, refuse);
  else if (!Array.isArray(field)) checkObject(where, value, field as Fields, refuse);
  else {
    if (!Array.isArray(value)) refuse(`${where} is no list`);
    for (const item of value as unknown[]) checkObject(where, item, field[0] as Fields, refuse);
  }
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const isUuid = (value: unknown) => typeof value === "string" && uuid.test(value);

function checkValue(where: string, value: unknown, field: Field, refuse: Refuse): void {
  const type = field.replace("!", "") as Type;
  const fits: Record<Type, () => boolean> = {
    text: () => typeof value === "string",
    integer: () => Number.isInteger(value),
    boolean: () => typeof value === "boolean",
    uuid: () => isUuid(value),
    base64: () => typeof value === "string" && /^[A-Za-z0-9+/]*={0,2}$/.test(value),
    null: () => value === null,
    uuids: () => Array.isArray(value) && value.every(isUuid),
    // Source: nova/api/validation/parameter_types.py, metadata.
    "texts by name": () =>
      typeof value === "object" &&
      value !== null &&
      Object.entries(value).every(
        ([name, text]) =>
          /^[\w.:\- ]{1,255}$/.test(name) && typeof text === "string" && text.length <= 255,
      ),
  };
  if (!fits[type]()) refuse(`Invalid input for field/attribute ${where}. Value: ${value}.`);
}

/** One page, and whether more follows. */
export function pageOf<T extends { readonly id: string }>(
  all: readonly T[],
  query: ReadonlyMap<string, string>,
  most: number,
): { readonly page: readonly T[]; readonly more: boolean } {
  const from = all.findIndex(({ id }) => id === query.get("marker")) + 1;
  const page = all.slice(from, from + Math.min(most, Number(query.get("limit") ?? most)));
  return { page, more: from + page.length < all.length };
}

/** As all but Glance say that more follows. */
export const linksOf = (key: string, more: boolean): JsonObject =>
  more ? { [`${key}_links`]: [{ rel: "next", href: "http://fake/next" }] } : {};
