/** What a request's body may hold, and the check of it. */
import { Refusal } from "./refusal.ts";

/** A field's name ends with `!` where it must be there. */
export type Shape =
  | "text"
  | "integer"
  | "boolean"
  | "base64"
  | "id"
  | "tags"
  /** Said by Azure and given back by whoever changes the rest; not looked at. */
  | "read-only"
  | readonly string[]
  | { readonly list: Shape }
  | { readonly [field: string]: Shape };

/** @throws Refusal as Compute words it: "Could not find member 'x' on object of type 'y'" */
export function checkBody(value: unknown, shape: Shape, path: string): void {
  const wrong = (problem: string) =>
    new Refusal(400, "InvalidParameter", `The value of parameter ${path} is invalid: ${problem}.`);
  if (shape === "read-only") return;
  if (typeof shape === "string") {
    if (!fits(value, shape)) throw wrong(`${JSON.stringify(value)} is no ${shape}`);
    return;
  }
  if (isChoice(shape)) {
    if (!shape.includes(String(value))) throw wrong(`${value} is none of ${shape.join(", ")}`);
    return;
  }
  if (isList(shape)) {
    if (!Array.isArray(value)) throw wrong("it is no list");
    for (const [index, item] of value.entries()) checkBody(item, shape.list, `${path}[${index}]`);
    return;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw wrong("it is no object");
  }
  const fields = new Map(Object.entries(shape).map(([name, of]) => [name.replace("!", ""), of]));
  for (const [name, field] of Object.entries(value)) {
    const of = fields.get(name);
    if (of === undefined) {
      throw new Refusal(400, "BadRequest", `Could not find member '${name}' on object ${path}`);
    }
    checkBody(field, of, `${path}.${name}`);
  }
  for (const name of Object.keys(shape).filter((key) => key.endsWith("!"))) {
    if (!(name.slice(0, -1) in value)) {
      const missing = `Required parameter '${path}.${name.slice(0, -1)}' is missing (null).`;
      throw new Refusal(400, "InvalidParameter", missing);
    }
  }
}

function fits(value: unknown, type: string): boolean {
  switch (type) {
    case "text":
      return typeof value === "string";
    case "integer":
      return Number.isInteger(value);
    case "boolean":
      return typeof value === "boolean";
    case "base64":
      return typeof value === "string" && Buffer.from(value, "base64").toString("base64") === value;
    case "id":
      return typeof value === "string" && value.startsWith("/subscriptions/");
    case "tags":
      return areTags(value);
    default:
      return false;
  }
}

/** Source: ARM docs, "Use tags": names of 512 without <>%&\?/, values of 256, at most 50. */
function areTags(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const tags = Object.entries(value);
  return (
    tags.length <= 50 &&
    tags.every(
      ([name, text]) =>
        /^[^<>%&\\?/]{1,512}$/.test(name) && typeof text === "string" && text.length <= 256,
    )
  );
}

function isChoice(shape: Shape): shape is readonly string[] {
  return Array.isArray(shape);
}

function isList(shape: object): shape is { readonly list: Shape } {
  return "list" in shape;
}
