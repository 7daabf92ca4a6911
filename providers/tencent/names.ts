/** Names as Tencent takes them: disks, snapshots, groups and images up to 60 characters. */
import { createHash } from "node:crypto";

const most = 60;

/** The token as a name that no other token has. */
export function uniqueName(token: string): string {
  if (token.length <= most) return token;
  const digest = createHash("sha256").update(token).digest("hex").slice(0, 10);
  return `${token.slice(0, most - 11)}-${digest}`;
}

/** A name for people, which needs not be unique. Bytes count, and it may be Chinese. */
export function shownName(name: string): string {
  let text = name;
  while (Buffer.byteLength(text) > most) text = text.slice(0, -1);
  return text;
}
