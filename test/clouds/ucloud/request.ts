/** Calls as they come: signature, parameters checked by the table of actions; refusals. */
import { createHash } from "node:crypto";
import { Parameters } from "../parameters.ts";
import { type ActionTable, actions, type ParameterType } from "./actions.ts";

/** An answer that is a refusal, with HTTP status 200. Source: UCloud API, "公共参数", 错误码说明. */
export class Refusal extends Error {
  readonly retCode: number;

  constructor(retCode: number, message: string) {
    super(message);
    this.retCode = retCode;
  }
}

/** Recomputed from what came over the wire. Source: UCloud API, "签名算法". */
export function signatureOf(form: ReadonlyMap<string, string>, privateKey: string): string {
  const hash = createHash("sha1");
  for (const name of [...form.keys()].sort()) {
    if (name !== "Signature") hash.update(name).update(form.get(name) ?? "");
  }
  return hash.update(privateKey).digest("hex");
}

/** Of every call. */
const common = new Set([
  ...["Action", "PublicKey", "Signature", "SecurityToken", "Region", "ProjectId"],
]);

/** Without what every call has. */
export function readParameters(action: string, form: ReadonlyMap<string, string>): Parameters {
  const table = actions[action];
  if (table === undefined) throw new Refusal(161, `Action [${action}] not found`);
  const values = new Map([...form].filter(([name]) => !common.has(name)));
  for (const [name, value] of values) {
    const type = table[name.replace(/\.\d+(?=\.|$)/g, ".#")];
    // UCloud itself lets pass what it does not know.
    if (type === undefined) throw new Refusal(230, `this fake knows no parameter ${name}`);
    if (!isOfType(value, type.replace("!", "") as ParameterType)) throw unfit(name);
  }
  for (const name of missing(table, values)) throw new Refusal(220, `Missing params [${name}]`);
  return new Parameters(values);
}

export const unfit = (name: string): Refusal => new Refusal(230, `Params [${name}] not available`);

function missing(table: ActionTable, values: ReadonlyMap<string, string>): string[] {
  return Object.entries(table)
    .filter(([, type]) => type.endsWith("!"))
    .map(([shape]) => shape.replaceAll("#", "0"))
    .filter((name) => !values.has(name));
}

const prefixes: Partial<Record<ParameterType, string>> = {
  ...{ disk: "bsm?|bsi", snapshot: "bsSnap", host: "uhost", image: "uimage" },
  ...{ firewall: "firewall", eip: "eip", vpc: "uvnet", subnet: "subnet" },
};

function isOfType(value: string, type: ParameterType): boolean {
  switch (type) {
    case "text":
      return true;
    case "name":
      return /^[A-Za-z\d\p{Script=Han}_.-]{1,63}$/u.test(value);
    case "integer":
      return /^\d+$/.test(value);
    case "boolean":
      return value === "true" || value === "false";
    case "yesNo":
      return value === "Yes" || value === "No";
    case "base64":
      return /^[A-Za-z0-9+/]*={0,2}$/.test(value);
    default:
      return new RegExp(`^(${prefixes[type]})-[a-z0-9]+$`).test(value);
  }
}
