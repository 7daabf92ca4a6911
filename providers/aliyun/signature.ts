/**
 * Alibaba Cloud's signature, version 3, for calls whose parameters are all in the query. Source: Alibaba
 * Cloud SDK, "Request syntax and signature method V3"; its worked example is in the test.
 */
import { createHash, createHmac } from "node:crypto";

export interface Keys {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
}

export const algorithm = "ACS3-HMAC-SHA256";
export const emptyBodyHash = createHash("sha256").update("").digest("hex");

/** Sorted and encoded as it is signed; sent as it stands. */
export function canonicalQuery(parameters: Readonly<Record<string, string>>): string {
  return Object.entries(parameters)
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

/** @param headers lower case: `host` and every `x-acs-…`; all of them are signed */
export function authorization(
  query: string,
  headers: Readonly<Record<string, string>>,
  { accessKeyId, accessKeySecret }: Keys,
): string {
  const names = Object.keys(headers).sort();
  const signedHeaders = names.join(";");
  const lines = names.map((name) => `${name}:${headers[name]?.trim()}\n`).join("");
  const canonical = ["POST", "/", query, lines, signedHeaders, emptyBodyHash].join("\n");
  const hash = createHash("sha256").update(canonical).digest("hex");
  const signature = createHmac("sha256", accessKeySecret)
    .update(`${algorithm}\n${hash}`)
    .digest("hex");
  return `${algorithm} Credential=${accessKeyId},SignedHeaders=${signedHeaders},Signature=${signature}`;
}

/** RFC 3986: all but unreserved characters. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
