/** A request as it comes: which call it is, whether ZStack takes it, and what it asks for. */
import { type Call, calls, queries, ruleFields, type Type } from "./api.ts";

/** Refused before an order is taken: words alone. Source: zstack 5.2.1, RestServer.java, RestException. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, words: string) {
    super(words);
    this.status = status;
  }
}

/** What was ordered failed. Source: zstack 5.2.1, ErrorCode.java. */
export class Failure extends Error {
  readonly code: string;
  /** Around which other failure. */
  readonly because: Failure | undefined;

  constructor(code: string, details: string, because?: Failure) {
    super(details);
    this.code = code;
    this.because = because;
  }

  get json(): object {
    const { code, message: details, because } = this;
    return {
      code,
      description: descriptions[code] ?? code,
      details,
      ...(because === undefined ? {} : { cause: because.json }),
    };
  }
}

/** Source: zstack 5.2.1, conf/errorCodes/*.xml. */
const descriptions: Readonly<Record<string, string>> = {
  "ID.1000": "Authentication error",
  "ID.1001": "Session expired or invalid",
  "ID.1002": "Permission denied",
  "ID.1003": "Quota exceeding",
  "SYS.1000": "An internal error happened in system",
  "SYS.1003": "Can not find resource",
  "SYS.1006": "An operation failed",
  "SYS.1007": "One or more API argument is invalid",
  "HOST_ALLOCATION.1000": "No host can be allocated",
};

export interface Request {
  readonly name: string;
  readonly call: Call;
  /** What stood in braces in the path. */
  readonly path: Readonly<Record<string, string>>;
  // biome-ignore lint/suspicious/noExplicitAny: checked against the table of calls before it is read
  readonly params: any;
  readonly systemTags: readonly string[];
}

const pattern = (path: string) =>
  new RegExp(`^/v1${path.replaceAll(/\{(\w+)\}/g, "(?<$1>[^/]+)")}$`);

const names = (path: string) => path.match(/\{/g)?.length ?? 0;

/** Fixed words of a path come before names. */
const routes = Object.entries(calls)
  .map(([name, call]) => ({ name, call, pattern: pattern(call.path) }))
  .sort((a, b) => names(a.call.path) - names(b.call.path));

/** @throws Refusal. Source: zstack 5.2.1, RestServer.java, handle and handleNonUniqueApi */
export function routeOf(
  method: string,
  path: string,
  body: Readonly<Record<string, unknown>> | undefined,
): { name: string; call: Call; path: Record<string, string> } {
  const here = routes.filter((route) => route.pattern.test(path));
  if (here.length === 0) throw new Refusal(404, `no api mapping to ${path}`);
  const found = here.find(
    ({ name, call }) =>
      call.method === method && (method !== "PUT" || body?.[actionOf(name)] !== undefined),
  );
  if (found === undefined) {
    throw new Refusal(400, `the body doesn't contain action mapping to the URL[${path}]`);
  }
  const { name, call } = found;
  return { name, call, path: { ...found.pattern.exec(path)?.groups } };
}

export const queryAt = (path: string): string | undefined =>
  Object.entries(queries).find(([, query]) => `/v1${query.path}` === path)?.[0];

export const actionOf = (name: string) => `${name[0]?.toLowerCase()}${name.slice(1)}`;

/** As the interceptors do: a failure of the job. @throws Failure */
export function checkParams(
  params: Readonly<Record<string, unknown>>,
  fields: Call["params"],
): void {
  const known = new Map(
    Object.entries(fields).map(([name, type]) => [
      name.replace("!", ""),
      { type, required: name.endsWith("!") },
    ]),
  );
  for (const [name, value] of Object.entries(params)) {
    const field = known.get(name);
    if (field === undefined) throw invalid(`unknown field[${name}]`);
    checkValue(name, value, field.type);
  }
  for (const [name, { required }] of known) {
    if (required && params[name] === undefined) {
      throw invalid(`field[${name}] cannot be null or an empty collection`);
    }
  }
}

export const invalid = (details: string) => new Failure("SYS.1007", details);

const uuid = /^[0-9a-f]{32}$/;

function checkValue(name: string, value: unknown, type: Type): void {
  const isUuid = (one: unknown) => typeof one === "string" && uuid.test(one);
  if (typeof type !== "string") {
    if (type.includes(String(value))) return;
    throw invalid(`valid value for field[${name}] are [${type}], but ${value} found`);
  }
  const fits: Record<typeof type, () => boolean> = {
    text: () => typeof value === "string" && value.length <= (name === "name" ? 255 : 2048),
    uuid: () => isUuid(value),
    uuids: () => Array.isArray(value) && value.length > 0 && value.every(isUuid),
    number: () => Number.isInteger(value),
    flag: () => typeof value === "boolean",
    rules: () => Array.isArray(value) && value.length > 0,
  };
  if (!fits[type]()) throw invalid(`field[${name}] is no ${type}: ${JSON.stringify(value)}`);
  if (type === "rules") for (const rule of value as object[]) checkParams({ ...rule }, ruleFields);
}

/** In this order: one that holds another comes first. Source: zstack 5.2.1, RestServer.java, QUERY_OP_MAPPING. */
const operators = ["!=", ">=", "<=", "!?=", "!~=", "~=", "?=", "="] as const;

/** @throws Refusal */
export function conditionOf(
  text: string,
  fields: readonly string[],
): (thing: Readonly<Record<string, unknown>>) => boolean {
  const operator = operators.find((each) => text.includes(each));
  if (operator === undefined) {
    throw new Refusal(400, `Invalid query parameter. The '${text}' doesn't contain any operator`);
  }
  const at = text.indexOf(operator);
  const field = text.slice(0, at).trim();
  const value = text.slice(at + operator.length);
  if (!fields.includes(field)) throw new Refusal(400, `no field[${field}] to query by`);
  switch (operator) {
    case "=":
      // Of several, one that fits is enough.
      return (thing) => [thing[field]].flat().some((one) => String(one) === value);
    case "~=": {
      const like = value
        .replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")
        .replaceAll("%", ".*")
        .replaceAll("_", ".");
      const wanted = new RegExp(`^${like}$`, "is");
      return (thing) => wanted.test(String(thing[field] ?? ""));
    }
    default:
      throw new Refusal(400, `this fake knows no condition by ${operator}`);
  }
}
