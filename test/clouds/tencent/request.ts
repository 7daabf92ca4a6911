/** Requests as they come, checked by the table of actions. */
import type { ActionTable, ParameterType } from "./actions.ts";

/** An answer that is a refusal; it has HTTP status 200 all the same. Source: API guide, "Responses". */
export class Refusal extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** @throws Refusal for what Tencent would not take */
export function readBody(body: string, table: ActionTable): object {
  let request: unknown;
  try {
    request = JSON.parse(body);
  } catch {
    throw new Refusal("InvalidParameter", "The request is no JSON");
  }
  const seen = new Set<string>();
  for (const [path, value] of leavesOf(request, "")) {
    const shape = path.replace(/\.\d+(?=\.|$)/g, ".#");
    const type = table[shape];
    if (type === undefined) {
      throw new Refusal("UnknownParameter", `The parameter \`${path}\` is not recognized.`);
    }
    refuseMistyped(path, value, type.replace("!", "") as ParameterType);
    seen.add(path);
  }
  for (const [shape, type] of Object.entries(table)) {
    if (type.endsWith("!")) refuseMissing(shape, seen);
  }
  return request as object;
}

/** Something in a list is required where the list has that item; the first of a list always. */
function refuseMissing(shape: string, seen: ReadonlySet<string>): void {
  const missing = (path: string) =>
    new Refusal("MissingParameter", `The request is missing the parameter \`${path}\`.`);
  const item = /^(.*)\.#\.([^#]+)$/.exec(shape);
  if (item === null) {
    const path = shape.replaceAll("#", "0");
    if (!seen.has(path)) throw missing(path);
    return;
  }
  const [, list = "", field = ""] = item;
  const within = new RegExp(`^(${list.replaceAll(".#", "\\.\\d+")}\\.\\d+)\\.`);
  for (const path of seen) {
    const at = within.exec(path)?.[1];
    if (at !== undefined && !seen.has(`${at}.${field}`)) throw missing(`${at}.${field}`);
  }
}

function leavesOf(value: unknown, path: string): [string, unknown][] {
  if (typeof value !== "object" || value === null) return [[path, value]];
  return Object.entries(value).flatMap(([name, inner]) =>
    leavesOf(inner, path === "" ? name : `${path}.${name}`),
  );
}

/** Source: API guide, "Common error codes"; CVM and CBS, "Error codes". */
const malformed: Record<string, string> = {
  ins: "InvalidInstanceId.Malformed",
  img: "InvalidImageId.Malformed",
  sg: "InvalidSgId.Malformed",
  vpc: "InvalidParameterValue.VpcIdMalformed",
  subnet: "InvalidParameterValue.SubnetIdMalformed",
  snap: "InvalidParameterValue.SnapshotIdMalformed",
};

function refuseMistyped(path: string, value: unknown, type: ParameterType): void {
  const refuse = (code: string) => {
    throw new Refusal(code, `The value \`${value}\` of \`${path}\` is not valid.`);
  };
  switch (type) {
    case "integer":
      if (!Number.isInteger(value)) refuse("InvalidParameter");
      return;
    case "boolean":
      if (typeof value !== "boolean") refuse("InvalidParameter");
      return;
    case "text":
      if (typeof value !== "string") refuse("InvalidParameter");
      return;
    case "base64":
      if (!/^[A-Za-z0-9+/]*={0,2}$/.test(String(value))) {
        refuse("InvalidParameterValue.InvalidUserDataFormat");
      }
      return;
    default: {
      const prefix = type.slice(0, -"-id".length);
      if (typeof value !== "string" || !new RegExp(`^${prefix}-[a-z0-9]{8}$`).test(value)) {
        refuse(malformed[prefix] ?? "InvalidParameterValue");
      }
    }
  }
}
