/**
 * SDK-HMAC-SHA256, as Huawei's own SDKs sign. Sources: "AK/SK Signing and Authentication Guide";
 * huaweicloud-sdk-go-v3, core/auth/signer/signer.go, whose test vectors are in signature.test.ts.
 */
import { createHash, createHmac } from "node:crypto";

export interface ToSign {
  readonly method: string;
  readonly path: string;
  readonly query: readonly (readonly [name: string, value: string])[];
  /** Those to be signed, in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const algorithm = "SDK-HMAC-SHA256";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

/** RFC 3986: all but unreserved characters. */
export function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Sorted by name, then by value: sent the way it is signed. */
export function encodeQuery(query: ToSign["query"]): string {
  return query
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

function compare(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** @param date as in the header x-sdk-date, such as 20261122T215426Z */
export function authorization(
  request: ToSign,
  { accessKeyId, secretAccessKey }: { accessKeyId: string; secretAccessKey: string },
  date: string,
): string {
  const names = Object.keys(request.headers).sort();
  const path = request.path.split("/").map(encode).join("/");
  const canonical = [
    request.method,
    path.endsWith("/") ? path : `${path}/`,
    encodeQuery(request.query),
    ...names.map((name) => `${name}:${request.headers[name]?.trim()}`),
    "",
    names.join(";"),
    sha256(request.body),
  ].join("\n");
  const toSign = [algorithm, date, sha256(canonical)].join("\n");
  const signature = createHmac("sha256", secretAccessKey).update(toSign).digest("hex");
  return `${algorithm} Access=${accessKeyId}, SignedHeaders=${names.join(";")}, Signature=${signature}`;
}
