/**
 * Whose a thing is, and by which order it was made: in its description, which every kind takes when it is made.
 * User tags are not taken by the orders for snapshots, security groups and addresses (source: zstack 5.2.1, classes
 * without `@TagResourceType`), and a tag made by a call of its own could be cut off.
 *
 *   hypermotion console:<id> owner:<id> token:<text> role:server os:linux
 */
import { createHash } from "node:crypto";
import type { CreateOptions, ResourceKind } from "../provider.ts";

export interface Marks {
  readonly console: string;
  readonly owner: string;
  readonly token: string;
  /** On VMs: whether the volumes end with it. */
  readonly role?: "gateway" | "server";
  /** On volumes, and on snapshots of them: what a system disk starts. */
  readonly os?: "linux" | "windows";
  /** On clones: bytes they are to have, where that is more than their origin. */
  readonly size?: string;
  /** On volumes that a server was launched with: the launch's token. Their life ends with it. */
  readonly launch?: string;
  /** On snapshots that are to go as soon as nothing is built on them. */
  readonly retired?: "yes";
}

const head = "hypermotion";

/** Nothing that the description, or a condition on it, could be misread by. */
const encode = (text: string) =>
  encodeURIComponent(text).replaceAll(
    /[!'()*~_]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );

export function written(marks: Marks): string {
  const words = Object.entries(marks).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}:${encode(value)}`],
  );
  return [head, ...words].join(" ");
}

/** @returns undefined where the description is none of ours */
export function readMarks(description: string | null | undefined): Marks | undefined {
  const [first, ...words] = (description ?? "").split(" ");
  if (first !== head) return undefined;
  const pairs = words.map((word) => {
    const [name = "", value = ""] = word.split(":");
    return [name, decoded(value)] as const;
  });
  const { console, owner, token, ...rest } = Object.fromEntries(pairs);
  if (console === undefined || owner === undefined || token === undefined) return undefined;
  return { console, owner, token, ...rest };
}

/** Somebody may have changed it by hand. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function marksOf({ token, tags }: CreateOptions): Marks {
  return { console: tags["hypermotion:console"], owner: tags["hypermotion:owner"], token };
}

/** A condition that what carries these passes, and perhaps more: `%` and `_` are wildcards of LIKE. */
export function ownedBy(console: string, owner: string | undefined): string {
  const ofOwner = owner === undefined ? "" : `owner:${encode(owner)} `;
  return `description~=${head} console:${encode(console)} ${ofOwner}%`;
}

/**
 * The uuid of what an order makes: we choose it, so a repeated order finds the first one's.
 * Of the form that is taken: a UUID of version 4 without dashes. Source: zstack 5.2.1, StringDSL.isZStackUuid.
 */
export function uuidOf(consoleId: string, kind: ResourceKind | "binding", token: string): string {
  const hex = createHash("sha256").update(`${consoleId} ${kind} ${token}`).digest("hex");
  return `${hex.slice(0, 12)}4${hex.slice(13, 16)}8${hex.slice(17, 32)}`;
}
