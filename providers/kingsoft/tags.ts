/**
 * Whose a thing is, and by which order it was made. Snapshots, security groups and addresses take no tags when
 * they are made, and no list shows an instance's: so every name ends with a mark, and by that things are found.
 *
 *     HyperGate-hmg1x2c3a0q9w8e7r6t5y4u3i2o1
 *               ││└┬───┘└──┬───┘└───┬────┘
 *               ││ console  owner    the order's token, each as a digest
 *               │└ g gateway, s launched server, v anything else
 *               └ hm
 *
 * Instances and volumes carry the tags beside it, for people.
 */
import { createHash } from "node:crypto";
import type { CreateOptions } from "../provider.ts";

export type Role = "gateway" | "server" | "thing";
const letters = { gateway: "g", server: "s", thing: "v" } as const satisfies Record<Role, string>;

const length = { console: 6, owner: 8, token: 12 } as const;
/** Of an instance's name, the shortest. Source: KEC API, RunInstances, InstanceName. */
const mostName = 64;

/** In base 36: so many different things that no two of an account share one. */
function digest(text: string, size: number): string {
  const hash = createHash("sha256").update(text).digest("hex");
  return BigInt(`0x${hash}`).toString(36).padStart(50, "0").slice(-size);
}

export interface Mark {
  readonly role: Role;
  readonly console: string;
  readonly owner: string;
  readonly token: string;
}

const pattern = /^(.*)-hm([gsv])([0-9a-z]{6})([0-9a-z]{8})([0-9a-z]{12})$/;

export function nameOf({ token, tags }: CreateOptions, role: Role = "thing"): string {
  const mark = [
    `hm${letters[role]}`,
    digest(tags["hypermotion:console"], length.console),
    digest(tags["hypermotion:owner"], length.owner),
    tokenMark(token),
  ].join("");
  const plain = tags.Name.replaceAll(/[^\p{Script=Han}A-Za-z0-9_.-]/gu, "-");
  return `${plain.slice(0, mostName - mark.length - 1)}-${mark}`;
}

export const tokenMark = (token: string) => digest(token, length.token);

export function markIn(name: string | undefined): Mark | undefined {
  const [, , letter, console = "", owner = "", token = ""] = pattern.exec(name ?? "") ?? [];
  const role = (Object.keys(letters) as Role[]).find((each) => letters[each] === letter);
  return role === undefined ? undefined : { role, console, owner, token };
}

/** What people called it. */
export function plainName(name: string): string {
  return pattern.exec(name)?.[1] ?? name;
}

export function isOwned(
  name: string | undefined,
  consoleId: string,
  owner: string | undefined,
): boolean {
  const mark = markIn(name);
  if (mark?.console !== digest(consoleId, length.console)) return false;
  return owner === undefined || mark.owner === digest(owner, length.owner);
}

export function isMadeBy(name: string | undefined, consoleId: string, token: string): boolean {
  return isOwned(name, consoleId, undefined) && markIn(name)?.token === tokenMark(token);
}

/** A type, for what is sent must have an index. */
type Tag = { readonly Key: string; readonly Value: string };

export function tagsOf({ tags }: CreateOptions): Tag[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}
