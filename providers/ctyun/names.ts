/**
 * Whose a thing is, and by which order it was made: its name says so. Labels can't: a server's appear up to ten
 * minutes after it runs (create-instance, "标签绑定"), lists of disks don't show them, and snapshots have none.
 *
 *   h · console (8) · owner (11) · token (12)     32 characters, as security groups and addresses have at most
 *   … · _L · launch (12)                          a volume that a server was launched with: its life ends with it
 *   … · _D · launch (12)                          a volume whose server was deleted: it is deleted once it is off
 *   … · - · name                                  what people read, cut where the name gets too long
 *
 * All parts are small letters and digits, made of a digest. Names are unique in an account and pool, so that even
 * an order that was given twice makes one thing.
 */
import { createHash } from "node:crypto";
import type { CreateOptions } from "../provider.ts";

const parts = { console: 8, owner: 11, token: 12 } as const;

/** 36 letters, `length` of them. */
function digest(text: string, length: number): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return BigInt(`0x${hex}`).toString(36).padStart(50, "0").slice(-length);
}

/** By what a console's things begin. */
export const consolePart = (consoleId: string) => `h${digest(consoleId, parts.console)}`;
const ownerPart = (owner: string) => digest(owner, parts.owner);
/** Also found by it alone: lists search names for a part. */
export const tokenPart = (token: string) => digest(token, parts.token);

/** The whole name of what has room for no more, and the begin of all others. */
export function stemOf({ token, tags }: CreateOptions): string {
  return (
    consolePart(tags["hypermotion:console"]) +
    ownerPart(tags["hypermotion:owner"]) +
    tokenPart(token)
  );
}

const mostName = 63;
const stemLength = 1 + parts.console + parts.owner + parts.token;

/** Letters, digits, `_` and `-`, as disks and snapshots take names. */
export function nameOf(order: CreateOptions): string {
  return withName(stemOf(order), order.tags.Name);
}

function withName(head: string, name: string): string {
  const plain = name.replaceAll(/[^A-Za-z0-9_-]+/g, "-");
  return `${head}-${plain}`.slice(0, mostName);
}

export interface ParsedName {
  readonly stem: string;
  /** Of the order that made it, as `tokenPart` gives it. */
  readonly token: string;
  /** Of the launch whose volume it is, as `tokenPart` gives it. */
  readonly launch?: string;
  /** That launch's server was deleted. */
  readonly doomed: boolean;
  readonly name: string;
}

const pattern = new RegExp(
  `^(h[0-9a-z]{${stemLength - 1}})(?:_([LD])([0-9a-z]{${parts.token}}))?(?:-(.*))?$`,
);

/** @returns undefined where it is no name of ours */
export function parseName(text: string): ParsedName | undefined {
  const [, stem, mark, launch, name] = pattern.exec(text) ?? [];
  if (stem === undefined) return undefined;
  return {
    stem,
    token: stem.slice(-parts.token),
    doomed: mark === "D",
    name: name ?? stem,
    ...(launch === undefined ? {} : { launch }),
  };
}

/** The name of a volume that ends with a launch's server, or is to end now. */
export function markedName(text: string, mark: "L" | "D", launch: string): string {
  const { stem = text, name = "" } = parseName(text) ?? {};
  return withName(`${stem}_${mark}${launch}`, name);
}

/** Of a console, and of one owner where that is asked for. */
export function isOwned(text: string, consoleId: string, owner?: string): boolean {
  const stem = parseName(text)?.stem;
  const begin = consolePart(consoleId) + (owner === undefined ? "" : ownerPart(owner));
  return stem?.startsWith(begin) === true;
}

/** Made by the order of that token, whoever's it is. */
export function isMadeBy(text: string, consoleId: string, token: string): boolean {
  return isOwned(text, consoleId) && parseName(text)?.token === tokenPart(token);
}
