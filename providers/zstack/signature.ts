/**
 * How an access key signs. Sources: zstack 5.2.1, sdk/…/ZSClient.java, calculateAccessKeySignature, and
 * rest/…/RestServer.java, handleApi and getDecodedUrl: the path begins with /v1, whatever the context path before
 * it is, it is decoded, and what is asked behind it is not signed.
 */
import { createHmac } from "node:crypto";

/** Such as `Tue, 01 Jul 2025 08:00:00 UTC`: RestServer's pattern is `EEE, dd MMM yyyy HH:mm:ss z`, in English. */
export function dateOf(moment: Date): string {
  return moment.toUTCString().replace("GMT", "UTC");
}

export function authorization(
  request: { readonly method: string; readonly date: string; readonly path: string },
  key: { readonly accessKeyId: string; readonly accessKeySecret: string },
): string {
  const toSign = `${request.method}\n${request.date}\n${request.path}`;
  const signature = createHmac("sha1", key.accessKeySecret).update(toSign).digest("base64");
  return `ZStack ${key.accessKeyId}:${signature}`;
}
