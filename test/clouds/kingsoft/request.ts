/** Calls as they come, checked by the table of actions; refusals. */
import { Parameters } from "../parameters.ts";
import type { ActionTable, ParameterType } from "./actions.ts";

/** An answer that is a refusal. Source for its shape: EBS API, "Response" (endocs.ksyun.com/documents/37593). */
export class Refusal extends Error {
  readonly code: string;
  readonly status: number;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export type Answer = Readonly<Record<string, unknown>>;

/** @throws Refusal for what the platform would not take, and for what it would not know */
export function readParameters(body: string, table: ActionTable): Parameters {
  const values = new Map(new URLSearchParams(body));
  for (const [name, value] of values) {
    const type = table[name.replace(/\.\d+(?=\.|$)/g, ".#")];
    if (type === undefined) {
      throw new Refusal(400, "InvalidParameter", `this fake knows no parameter ${name}`);
    }
    refuseMistyped(name, value, type.replace("!", "") as ParameterType);
  }
  for (const [shape, type] of Object.entries(table)) {
    if (!type.endsWith("!") || values.has(shape.replaceAll("#", "1"))) continue;
    const name = shape.replace(".#", "");
    throw new Refusal(400, `${name}Required`, `${name} is required`);
  }
  return new Parameters(values);
}

function refuseMistyped(name: string, value: string, type: ParameterType): void {
  const isGood = () => {
    switch (type) {
      case "text":
        return true;
      case "integer":
        return /^-?\d+$/.test(value);
      case "boolean":
        return value === "true" || value === "false";
      case "base64":
        return /^[A-Za-z0-9+/]*={0,2}$/.test(value);
      // Source: RunInstances, InstanceName: 2 to 64 characters.
      case "name":
        return /^[\p{Script=Han}A-Za-z0-9_.-]{2,64}$/u.test(value);
      case "uuid":
        return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value);
    }
  };
  if (isGood()) return;
  throw new Refusal(400, "InvalidParameterValue", `Invalid \`${name}\` parameter value.`);
}

export function tagsOf(parameters: Parameters): Map<string, string> {
  return new Map(parameters.structures("Tag").map((tag) => [tag.get("Key"), tag.get("Value")]));
}

/** Filters by name: each has to have one of its values. */
export function filtersOf(parameters: Parameters): Map<string, readonly string[]> {
  return new Map(
    parameters
      .structures("Filter")
      .map((filter) => [filter.get("Name"), filter.list("Value")] as const),
  );
}
