/**
 * The signature of EOP, recomputed apart from the client's. Sources: eop.ctyun.cn, "认证鉴权"; terraform-provider-ctyun,
 * internal/core/ctyun-sdk-core/request.go, GetSign.
 */
import { createHash, createHmac } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";

/** What the gateway before the products answers; both seen in public (see errors.ts of the provider). */
export type EopRefusal = { readonly code: "10002" | "10009" | "time"; readonly message: string };

const verification = "ctyun-EOP: signature verification failed";
/** Nobody says how far the clock may be off. */
const mostSkewMs = 15 * 60_000;
const chinaTimeMs = 8 * 3_600_000;

/** @returns why the request is not taken; `undefined` when it is */
export function whyNotSigned(
  headers: IncomingHttpHeaders,
  query: string,
  body: string,
  key: { readonly accessKey: string; readonly secretKey: string },
  now: number,
): EopRefusal | undefined {
  const given = String(headers["eop-authorization"] ?? "");
  const [, ak, names, signature] = /^(\S+) Headers=(\S+) Signature=(\S+)$/.exec(given) ?? [];
  if (ak !== key.accessKey) return { code: "10002", message: "ctyun-EOP: invalid ak" };
  if (names !== "ctyun-eop-request-id;eop-date") return { code: "10009", message: verification };
  const date = String(headers["eop-date"] ?? "");
  const [, y, mo, d, h, mi, s] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date) ?? [];
  const clock = Date.UTC(Number(y), Number(mo) - 1, Number(d), Number(h), Number(mi), Number(s));
  if (!(Math.abs(clock - (now + chinaTimeMs)) < mostSkewMs)) {
    return { code: "time", message: `ctyun-EOP: eop-date ${date} is expired` };
  }
  const text = [
    ...[`ctyun-eop-request-id:${headers["ctyun-eop-request-id"]}`, `eop-date:${date}`],
    ...["", query, createHash("sha256").update(body).digest("hex")],
  ].join("\n");
  const [time = key.secretKey, ...rest] = [date, ak, date.slice(0, 8), text];
  let secret = createHmac("sha256", key.secretKey).update(time).digest();
  for (const part of rest) secret = createHmac("sha256", secret).update(part).digest();
  return secret.toString("base64") === signature
    ? undefined
    : { code: "10009", message: verification };
}
