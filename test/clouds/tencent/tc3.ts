/** TC3-HMAC-SHA256, recomputed. Source: Tencent Cloud API guide, "Signature v3". */
import { createHash, createHmac } from "node:crypto";

export interface SignedRequest {
  readonly contentType: string;
  /** Without its port, which the SDK sends and does not sign. */
  readonly host: string;
  /** `X-TC-Timestamp`. */
  readonly timestamp: string;
  readonly body: string;
}

export interface Signature {
  readonly secretId: string;
  readonly date: string;
  readonly service: string;
  readonly signature: string;
}

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const hmac = (key: string | Buffer, text: string) =>
  createHmac("sha256", key).update(text).digest();

export function parseAuthorization(header: string | undefined): Signature | undefined {
  const match =
    /^TC3-HMAC-SHA256 Credential=([^/]+)\/(\d{4}-\d\d-\d\d)\/([^/]+)\/tc3_request, SignedHeaders=content-type;host, Signature=([0-9a-f]{64})$/.exec(
      header ?? "",
    );
  if (match === null) return undefined;
  const [, secretId = "", date = "", service = "", signature = ""] = match;
  return { secretId, date, service, signature };
}

/** @returns the signature that the request should carry */
export function sign(request: SignedRequest, by: Signature, secretKey: string): string {
  const canonical = [
    "POST",
    "/",
    "",
    `content-type:${request.contentType}`,
    `host:${request.host}`,
    "",
    "content-type;host",
    sha256(request.body),
  ].join("\n");
  const scope = `${by.date}/${by.service}/tc3_request`;
  const toSign = ["TC3-HMAC-SHA256", request.timestamp, scope, sha256(canonical)].join("\n");
  const key = [by.date, by.service, "tc3_request"].reduce<string | Buffer>(
    (secret, part) => hmac(secret, part),
    `TC3${secretKey}`,
  );
  return hmac(key, toSign).toString("hex");
}
