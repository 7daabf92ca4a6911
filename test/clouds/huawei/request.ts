/** A request as it comes: which call it is, and whether it is one that Huawei takes. */
import { type Call, calls, type Field, type Fields, type Type } from "./api.ts";

/** An answer that is a refusal. Sources: "Error Codes" of each service's API reference. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
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
  readonly clientToken: string | undefined;
}

const invalid: Record<Call["service"], string> = {
  iam: "400",
  ecs: "Ecs.0005",
  evs: "EVS.1013",
  ims: "IMG.0001",
  vpc: "VPC.0101",
  bss: "CBC.0100",
  bssintl: "CBC.0100",
};

/** Fixed words of a path come before names: `/detail` is no server's id. */
const routes = Object.entries(calls)
  .map(([name, call]) => ({
    name,
    call,
    pattern: new RegExp(`^${call.path.replaceAll(/\{(\w+)\}/g, "(?<$1>[^/]+)")}$`),
    names: call.path.match(/\{/g)?.length ?? 0,
  }))
  .sort((a, b) => a.names - b.names);

/** @throws Refusal when there is no such call */
export function routeOf(
  service: Call["service"],
  method: string,
  path: string,
): { name: string; call: Call; path: Record<string, string> } {
  for (const { name, call, pattern } of routes) {
    if (call.service !== service || call.method !== method) continue;
    const match = pattern.exec(path);
    if (match !== null) return { name, call, path: { ...match.groups } };
  }
  throw new Refusal(
    404,
    "APIGW.0101",
    "The API does not exist or has not been published in the environment",
  );
}

/** @throws Refusal for what Huawei would not take */
export function checkRequest(
  call: Call,
  query: ReadonlyMap<string, string>,
  body: unknown,
  clientToken: string | undefined,
): void {
  const refuse = (problem: string): never => {
    throw new Refusal(400, invalid[call.service], problem);
  };
  for (const [name, value] of query) {
    const type = call.query?.[name];
    if (type === undefined) refuse(`query parameter ${name} is not known`);
    else checkValue(name, type === "integer" ? Number(value) : value, type, refuse);
  }
  if (clientToken !== undefined) {
    if (call.clientToken === undefined) refuse("X-Client-Token is not taken here");
    checkValue("X-Client-Token", clientToken, "uuid", refuse);
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
    if (entry === undefined) refuse(`${where}.${name} is not known`);
    else checkField(`${where}.${name}`, inner, entry.field, refuse);
  }
  for (const [name, { required }] of known) {
    if (required && !(name in (value as object))) refuse(`${where}.${name} is missing`);
  }
}

function checkField(
  where: string,
  value: unknown,
  field: Field | Fields | readonly [Fields],
  refuse: Refuse,
): void {
  // A list of plain texts: the filter's values.
  if (where.endsWith(".values")) {
    if (!Array.isArray(value) || value.length > 10) refuse(`${where} is no list of at most 10`);
  } else if (typeof field === "string") {
    checkValue(where, value, field, refuse);
  } else if (Array.isArray(field)) {
    if (!Array.isArray(value)) refuse(`${where} is no list`);
    for (const item of value as unknown[]) checkObject(where, item, field[0] as Fields, refuse);
  } else {
    checkObject(where, value, field as Fields, refuse);
  }
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function checkValue(where: string, value: unknown, field: Field, refuse: Refuse): void {
  const type = field.replace("!", "") as Type;
  const fits: Record<Type, () => boolean> = {
    text: () => typeof value === "string",
    integer: () => Number.isInteger(value),
    number: () => typeof value === "number",
    boolean: () => typeof value === "boolean",
    uuid: () => typeof value === "string" && uuid.test(value),
    base64: () => typeof value === "string" && /^[A-Za-z0-9+/]*={0,2}$/.test(value),
    "texts by name": () =>
      typeof value === "object" &&
      value !== null &&
      Object.values(value).every((text) => typeof text === "string"),
  };
  if (!fits[type]()) refuse(`${where} is no ${type}: ${JSON.stringify(value)}`);
}

/**
 * Tags as the narrowest service takes them: keys of 36, values of 43 characters. Sources: EVS API reference, Tag;
 * ECS API reference, PostPaidServerTag; EIP API reference, ResourceTagOption.
 */
export function checkTags(
  tags: Iterable<readonly [string, string]>,
  code: string,
): Map<string, string> {
  const checked = new Map(tags);
  for (const [key, value] of checked) {
    if (!/^[\w-]{1,36}$/.test(key) || !/^[\w.-]{0,43}$/.test(value)) {
      throw new Refusal(400, code, `the tag ${key}=${value} is not valid`);
    }
  }
  return checked;
}
