import { createHmac } from "node:crypto";
import type { Deps } from "./deps.ts";

/**
 * A secret that a repeated step must find again and that nobody keeps: made by a key of ours from what it is for, so
 * that it is the same whenever asked. 256 bits, fit for URLs.
 */
export function derivedSecret({ console }: Pick<Deps, "console">, ...purpose: string[]): string {
  return createHmac("sha256", console.callbackKey).update(purpose.join("\n")).digest("base64url");
}
