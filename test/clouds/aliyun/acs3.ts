/**
 * Signature version 3, recomputed from what came over the wire. Source: Alibaba Cloud SDK, "Request syntax
 * and signature method V3".
 */
import { createHash, createHmac } from "node:crypto";

export interface SignedRequest {
  readonly method: string;
  /** Path and query as sent. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface Signature {
  readonly accessKeyId: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

export function parseAuthorization(header: string | undefined): Signature | undefined {
  const match =
    /^ACS3-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/.exec(
      header ?? "",
    );
  if (match === null) return undefined;
  const [, accessKeyId = "", headers = "", signature = ""] = match;
  return { accessKeyId, signedHeaders: headers.split(";"), signature };
}

/** @returns the signature that the request should carry */
export function sign(request: SignedRequest, by: Signature, accessKeySecret: string): string {
  const [path = "/", query = ""] = request.url.split("?");
  // The vendor's client leaves some characters plain in the address that it signs encoded.
  const pairs = [...new URLSearchParams(query)].map(
    ([name, value]) => `${encode(name)}=${encode(value)}`,
  );
  const headers = by.signedHeaders.map(
    (name) => `${name}:${String(request.headers[name] ?? "").trim()}\n`,
  );
  const canonical = [
    request.method,
    path,
    pairs.sort().join("&"),
    headers.join(""),
    by.signedHeaders.join(";"),
    sha256(request.body),
  ].join("\n");
  return createHmac("sha256", accessKeySecret)
    .update(`ACS3-HMAC-SHA256\n${sha256(canonical)}`)
    .digest("hex");
}

/** RFC 3986: all but unreserved characters. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
