/**
 * UCloud's signature: of names and values as they are, not as they are sent. Source: UCloud API
 * documentation, "Signature" (签名算法); its worked example is in the test.
 */
import { createHash } from "node:crypto";

/** @param parameters all that are sent but the signature itself @returns 40 hex digits */
export function sign(parameters: Readonly<Record<string, string>>, privateKey: string): string {
  const text = Object.keys(parameters)
    .sort()
    .map((name) => `${name}${parameters[name]}`)
    .join("");
  return createHash("sha1").update(`${text}${privateKey}`).digest("hex");
}
