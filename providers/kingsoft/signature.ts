/**
 * The signature of Kingsoft Cloud's API: AWS's Signature Version 4, as the vendor's own Go SDK makes it with
 * AWS's signer. Sources: github.com/kingsoftcloud/sdk-go, common/client.go; AWS General Reference, "Signature
 * Version 4 signing process".
 */
import { createHash, createHmac } from "node:crypto";

export interface Keys {
  readonly accessKey: string;
  readonly secretKey: string;
}

export interface Request {
  readonly method: string;
  readonly host: string;
  /** Sorted and encoded by `canonicalQuery`; sent as it stands. */
  readonly query: string;
  readonly contentType?: string;
  readonly body: string;
  /** `20260105T080000Z`. */
  readonly date: string;
}

export interface Scope {
  readonly region: string;
  readonly service: string;
}

const algorithm = "AWS4-HMAC-SHA256";
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Buffer, text: string) =>
  createHmac("sha256", key).update(text).digest();

/** In UTC and with a Z: the Node SDK's offset `+00:00` is not what is signed. */
export function dateOf(now: Date): string {
  return now
    .toISOString()
    .replace(/\.\d+Z$/, "Z")
    .replaceAll(/[-:]/g, "");
}

/** Also what a form's body looks like. */
export function canonicalQuery(parameters: Readonly<Record<string, string>>): string {
  return Object.entries(parameters)
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

export function authorization(request: Request, { region, service }: Scope, keys: Keys): string {
  const { method, host, query, contentType, body, date } = request;
  const headers = [
    ...(contentType === undefined ? [] : [["content-type", contentType] as const]),
    ["host", host] as const,
    ["x-amz-date", date] as const,
  ];
  const lines = headers.map(([name, value]) => `${name}:${value}\n`).join("");
  const signedHeaders = headers.map(([name]) => name).join(";");
  const canonical = [method, "/", query, lines, signedHeaders, sha256(body)].join("\n");
  const scope = [date.slice(0, 8), region, service, "aws4_request"];
  const toSign = [algorithm, date, scope.join("/"), sha256(canonical)].join("\n");
  const key = scope.reduce<string | Buffer>(hmac, `AWS4${keys.secretKey}`);
  const signature = hmac(key, toSign).toString("hex");
  return `${algorithm} Credential=${keys.accessKey}/${scope.join("/")}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
}

/** RFC 3986: all but unreserved characters. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
