/**
 * EOP, the signature of all of CTyun's APIs. Sources: eop.ctyun.cn, "构造请求" and "认证鉴权"; terraform-provider-ctyun,
 * internal/core/ctyun-sdk-core/request.go. The path and the host are not signed.
 */
import { createHash, createHmac } from "node:crypto";

export interface ToSign {
  readonly requestId: string;
  /** As in the header eop-date. */
  readonly date: string;
  /** The very text that is sent. */
  readonly query: string;
  readonly body: string;
}

const hmac = (key: string | Buffer, text: string) =>
  createHmac("sha256", key).update(text).digest();

/** RFC 3986: all but unreserved characters. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Sorted by name; what has no value is left out. */
export function encodeQuery(query: Readonly<Record<string, string | number | undefined>>): string {
  return Object.entries(query)
    .filter(([, value]) => value !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${encode(name)}=${encode(String(value))}`)
    .join("&");
}

const chinaTimeMs = 8 * 3_600_000;

/**
 * Such as 20260122T215426Z. The letter Z says nothing: the clock is China's (UTC+8), wherever this runs. The
 * vendor's own SDK takes the local clock, which is right in China only.
 */
export function eopDate(now: Date): string {
  return new Date(now.getTime() + chinaTimeMs).toISOString().replaceAll(/[-:]|\.\d+/g, "");
}

/** @returns the header Eop-Authorization */
export function authorization(
  { requestId, date, query, body }: ToSign,
  { accessKey, secretKey }: { accessKey: string; secretKey: string },
): string {
  const digest = createHash("sha256").update(body).digest("hex");
  const text = `ctyun-eop-request-id:${requestId}\neop-date:${date}\n\n${query}\n${digest}`;
  const key = hmac(hmac(hmac(secretKey, date), accessKey), date.slice(0, 8));
  const signature = hmac(key, text).toString("base64");
  return `${accessKey} Headers=ctyun-eop-request-id;eop-date Signature=${signature}`;
}
