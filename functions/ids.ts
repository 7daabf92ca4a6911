/** Names of things: readable, sortable where it helps, safe in URLs, execution names and cloud tags. */
import { createHash } from "node:crypto";

const alphabet = "abcdefghjkmnpqrstuvwxyz23456789";

/** 31 letters, twelve of them: two of a million ids are equal with a chance of one in a million. */
const idLetters = 12;

export type IdKind = "srv" | "tgt" | "gw" | "run" | "ses" | "rp" | "ver" | "evt" | "sch" | "hook";

/** A new id such as `srv-k3x9v2mq`. `random` gives bytes, so that tests can choose them. */
export function newId(kind: IdKind, random: (size: number) => Uint8Array): string {
  const letters = Array.from(random(idLetters), (byte) => alphabet[byte % alphabet.length]);
  return `${kind}-${letters.join("")}`;
}

/** A name derived from others, the same whenever asked; for what a repeated step must find again. */
export function derivedId(kind: IdKind, ...from: string[]): string {
  const digest = createHash("sha256").update(from.join("\n")).digest();
  return newId(kind, (size) => digest.subarray(0, size));
}

/** Deterministic token of a create call: at most 63 of [a-z0-9-], readable at its head, unique by its tail. */
export function resourceToken(...parts: string[]): string {
  const tail = createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 10);
  const head = parts
    .join("-")
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 49)
    .replace(/^-|-$/g, "");
  return `hm-${head}-${tail}`;
}

/** How secrets are looked up without being kept. */
export function hashSecret(secret: string): string {
  return createHash("sha256").update(secret).digest("hex");
}
