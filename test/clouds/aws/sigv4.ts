/** Signature Version 4, recomputed. Source: AWS General Reference, "Signature Version 4 signing process". */
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
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Buffer, text: string) =>
  createHmac("sha256", key).update(text).digest();

export function parseAuthorization(header: string | undefined): Signature | undefined {
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      header ?? "",
    );
  if (match === null) return undefined;
  const [, accessKeyId = "", date = "", region = "", service = "", headers = "", signature = ""] =
    match;
  return { accessKeyId, date, region, service, signedHeaders: headers.split(";"), signature };
}

/** @returns the signature that the request should carry */
export function sign(request: SignedRequest, by: Signature, secretAccessKey: string): string {
  const [path = "/", query = ""] = request.url.split("?");
  const canonicalQuery = [...new URLSearchParams(query)]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join("&");
  const canonicalHeaders = by.signedHeaders
    .map(
      (name) =>
        `${name}:${String(request.headers[name] ?? "")
          .trim()
          .replace(/ +/g, " ")}\n`,
    )
    .join("");
  const canonical = [
    request.method,
    path,
    canonicalQuery,
    canonicalHeaders,
    by.signedHeaders.join(";"),
    sha256(request.body),
  ].join("\n");
  const scope = `${by.date}/${by.region}/${by.service}/aws4_request`;
  const toSign = [
    "AWS4-HMAC-SHA256",
    String(request.headers["x-amz-date"] ?? ""),
    scope,
    sha256(canonical),
  ].join("\n");
  const key = [by.date, by.region, by.service, "aws4_request"].reduce<string | Buffer>(
    (secret, part) => hmac(secret, part),
    `AWS4${secretAccessKey}`,
  );
  return hmac(key, toSign).toString("hex");
}

/** RFC 3986: all but unreserved characters. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
