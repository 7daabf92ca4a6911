/** RPC calls: parameters as they come, checked by the table of actions; refusals. */
import { Parameters } from "../parameters.ts";
import type { ActionTable, ParameterType } from "./actions.ts";

/** An answer that is a refusal. Source: ECS API reference 2014-05-26, the error codes of each action. */
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

/**
 * @throws Refusal for what the platform would not take; and for what it would not know, which the
 *   platform itself lets pass unseen
 */
export function readParameters(query: string, table: ActionTable): Parameters {
  const values = new Map(new URLSearchParams(query));
  for (const [name, value] of values) {
    if (name === "RegionId") continue;
    const type = table[name.replace(/\.\d+(?=\.|$)/g, ".#")];
    if (type === undefined) {
      throw new Refusal(400, "UnknownParameter", `this fake knows no parameter ${name}`);
    }
    refuseMistyped(name, value, type.replace("!", "") as ParameterType);
  }
  for (const [shape, type] of Object.entries(table)) {
    if (!type.endsWith("!") || values.has(shape.replaceAll("#", "1"))) continue;
    throw new Refusal(
      400,
      "MissingParameter",
      `The input parameter "${shape}" that is mandatory for processing this request is not supplied.`,
    );
  }
  return new Parameters(values);
}

const idPrefixes: Partial<Record<ParameterType, string>> = {
  disk: "d",
  instance: "i",
  snapshot: "s",
  group: "sg",
  eip: "eip",
  vpc: "vpc",
  vSwitch: "vsw",
};

function refuseMistyped(name: string, value: string, type: ParameterType): void {
  const isGood = () => {
    switch (type) {
      case "text":
      case "image":
        return true;
      case "integer":
        return /^-?\d+$/.test(value);
      case "boolean":
        return value === "true" || value === "false";
      case "base64":
        return /^[A-Za-z0-9+/]*={0,2}$/.test(value);
      case "token":
        // Source: CreateDisk, ClientToken.
        return /^[\x20-\x7e]{1,64}$/.test(value);
      case "name":
        // Source: CreateDisk, DiskName, and alike of the others.
        return /^\p{L}[\p{L}\d:_.-]{1,127}$/u.test(value) && !/^https?:/.test(value);
      case "ids":
        return Array.isArray(JSON.parse(value));
      default:
        return new RegExp(`^${idPrefixes[type]}-[a-z0-9]{8,30}$`).test(value);
    }
  };
  if (isGood()) return;
  const field = name.replace(/\.\d+/g, "");
  throw new Refusal(400, `Invalid${field}.Malformed`, `The specified ${field} is wrongly formed.`);
}

/** Of a create call. At most 20. Source: CreateDisk, Tag.N. */
export function tagsOf(parameters: Parameters): Map<string, string> {
  const tags = parameters.structures("Tag");
  if (tags.length > 20) throw new Refusal(403, "QuotaExceed.Tags", "too many tags");
  for (const tag of tags) {
    const key = tag.get("Key");
    if (key === "" || key.length > 128 || /^(aliyun|acs:)|https?:\/\//.test(key)) {
      throw new Refusal(400, "InvalidTagKey.Malformed", "The specified Tag.n.Key is not valid.");
    }
    if (tag.get("Value").length > 128) {
      throw new Refusal(
        400,
        "InvalidTagValue.Malformed",
        "The specified Tag.n.Value is not valid.",
      );
    }
  }
  return new Map(tags.map((tag) => [tag.get("Key"), tag.get("Value")]));
}
