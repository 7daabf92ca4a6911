/**
 * QingCloud's signature, version 1. Source: QingCloud API, "Signature"; its worked example is in the test.
 */
import { createHmac } from "node:crypto";

/** Sorted and encoded as it is signed; sent as it stands. */
export function canonicalQuery(parameters: Readonly<Record<string, string>>): string {
  return Object.entries(parameters)
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

/** @param path with the slash at its end, as `/iaas/` */
export function signatureOf(
  request: { readonly method: "GET" | "POST"; readonly path: string; readonly query: string },
  secretAccessKey: string,
): string {
  const { method, path, query } = request;
  return createHmac("sha256", secretAccessKey)
    .update([method, path, query].join("\n"))
    .digest("base64");
}

/** RFC 3986: all but unreserved characters. */
export function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
