/** Calls as they come: a signed form, checked by the table of actions; refusals. */
import { createHmac } from "node:crypto";
import { Parameters } from "../parameters.ts";
import type { ActionTable, ParameterType } from "./actions.ts";

/** An answer that is a refusal. Source: QingCloud API, "Error codes". */
export class Refusal extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export type Answer = Readonly<Record<string, unknown>>;

/** All calls have them. Source: QingCloud API, "Common parameters". */
const common = new Set([
  ...["action", "zone", "time_stamp", "access_key_id", "version"],
  ...["signature_method", "signature_version", "signature"],
]);

export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** Older requests are refused. Source: "Error codes", 1300. */
const mostAgeMs = 60_000;

/** Signed anew from what the form holds, not from how it was written. @throws Refusal */
export function authenticate(
  method: string,
  path: string,
  form: URLSearchParams,
  keys: Keys,
): void {
  if (form.get("access_key_id") !== keys.accessKeyId) {
    throw new Refusal(1200, "AuthFailure, access key does not exist");
  }
  if (form.get("signature_method") !== "HmacSHA256" || form.get("signature_version") !== "1") {
    throw new Refusal(1200, "AuthFailure, signature method is not supported");
  }
  const names = [...form.keys()].filter((name) => name !== "signature").sort();
  const query = names.map((name) => `${quoted(name)}=${quoted(form.get(name) ?? "")}`).join("&");
  const signature = createHmac("sha256", keys.secretAccessKey)
    .update(`${method}\n${path}\n${query}`)
    .digest("base64");
  if (form.get("signature") !== signature) {
    throw new Refusal(1200, "AuthFailure, signature not matched");
  }
  const stamp = form.get("time_stamp") ?? "";
  const age = Date.now() - Date.parse(stamp);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(stamp) || !(Math.abs(age) < mostAgeMs)) {
    throw new Refusal(1300, "RequestHasExpired, request has expired");
  }
}

/** As Python's `quote(value, safe="-_~")`. Source: yunify/qingcloud-sdk-python, `conn/auth.py`. */
const quoted = (text: string) =>
  [...Buffer.from(text, "utf8")]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      if (/[A-Za-z0-9._~-]/.test(char)) return char;
      return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    })
    .join("");

/**
 * @throws Refusal for what the platform would not take; and for what it would not know, which the platform
 *   itself lets pass unseen
 */
export function readParameters(form: URLSearchParams, table: ActionTable): Parameters {
  const values = new Map([...form].filter(([name]) => !common.has(name)));
  for (const [name, value] of values) {
    const type = table[name.replace(/\.\d+(?=\.|$)/g, ".#")];
    if (type === undefined) {
      throw new Refusal(1100, `InvalidRequestFormat, this fake knows no parameter [${name}]`);
    }
    const plain = type.replace("!", "") as ParameterType;
    if (!isGood(plain, value)) {
      throw new Refusal(1100, `InvalidRequestFormat, parameter [${name}] [${value}] is not valid`);
    }
  }
  for (const [shape, type] of Object.entries(table)) {
    if (!type.endsWith("!") || values.has(shape.replaceAll("#", "1"))) continue;
    throw new Refusal(1100, `InvalidRequestFormat, parameter [${shape}] is required`);
  }
  return new Parameters(values);
}

const idPrefixes: Partial<Record<ParameterType, string>> = {
  ...{ volume: "vol", instance: "i", snapshot: "ss", group: "sg", rule: "sgr" },
  ...{ eip: "eip", vxnet: "vxnet", job: "j" },
};

function isGood(type: ParameterType, value: string): boolean {
  switch (type) {
    case "text":
      return true;
    case "name":
      return value.length > 0 && value.length <= 255;
    case "image":
      return /^[a-z0-9-]{3,40}$/i.test(value);
    case "integer":
      return /^\d+$/.test(value);
    case "flag":
      return value === "0" || value === "1";
    case "base64":
      return /^[A-Za-z0-9+/]+={0,2}$/.test(value);
    default:
      return new RegExp(`^${idPrefixes[type]}-[a-z0-9]{1,12}$`).test(value);
  }
}
