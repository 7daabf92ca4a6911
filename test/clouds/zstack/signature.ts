/**
 * How a request proves whose it is. Sources: zstack 5.2.1, RestServer.java, handleApi, checkTime; APILogInByAccountMsg.java.
 * Written apart from the client's, so that one mistake is not made twice.
 */
import { createHash, createHmac } from "node:crypto";

export function signatureOf(method: string, date: string, path: string, secret: string): string {
  const mac = createHmac("sha1", secret);
  for (const [index, part] of [method, date, path].entries()) {
    mac.update(index === 0 ? part : `\n${part}`);
  }
  return mac.digest("base64");
}

/** What a password is sent as. */
export const hashed = (password: string) =>
  createHash("sha512").update(Buffer.from(password, "utf8")).digest("hex");

/** `EEE, dd MMM yyyy HH:mm:ss z`. @returns undefined where it is another form */
export function momentOf(date: string): number | undefined {
  const form = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [A-Z]{3,}$/;
  return form.test(date) ? Date.parse(date) : undefined;
}

export const mostSkewMs = 15 * 60_000;
