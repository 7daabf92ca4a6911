/**
 * SDK-HMAC-SHA256, recomputed. Sources: "AK/SK Signing and Authentication Guide", "Signing Algorithm";
 * huaweicloud-sdk-go-v3, core/auth/signer/signer.go.
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
    /^SDK-HMAC-SHA256 Access=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      header ?? "",
    );
  if (match === null) return undefined;
  const [, accessKeyId = "", headers = "", signature = ""] = match;
  return { accessKeyId, signedHeaders: headers.split(";"), signature };
}

/** @returns the signature that the request should carry */
export function sign(request: SignedRequest, by: Signature, secretAccessKey: string): string {
  const [path = "/", query = ""] = request.url.split("?");
  // What was encoded on the wire is decoded once and encoded again, as the service does.
  const segments = path.split("/").map((segment) => encode(decodeURIComponent(segment)));
  const pairs = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(query)) {
    pairs.set(name, [...(pairs.get(name) ?? []), value]);
  }
  const canonicalQuery = [...pairs]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, values]) => values.sort().map((value) => `${encode(name)}=${encode(value)}`))
    .join("&");
  const canonical = [
    request.method,
    `${segments.join("/").replace(/\/$/, "")}/`,
    canonicalQuery,
    ...by.signedHeaders.map((name) => `${name}:${String(request.headers[name] ?? "").trim()}`),
    "",
    by.signedHeaders.join(";"),
    sha256(request.body),
  ].join("\n");
  const date = String(request.headers["x-sdk-date"] ?? "");
  return createHmac("sha256", secretAccessKey)
    .update(`SDK-HMAC-SHA256\n${date}\n${sha256(canonical)}`)
    .digest("hex");
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
