/**
 * Whose a thing is, and by which order it was made. Labels are a product of their own here, and the calls
 * that make clones, addresses, firewalls and snapshots take none. So the business group (`Tag`), or a
 * snapshot's comment, tells the owner, and the end of the name tells the order:
 *
 *   Tag   hm-0f3a9c2d41.srv-k3x9v2mq         console.owner
 *   Name  web-1 sda.5d1e0c9a7b_c07a11b0de    name.order, and on a launched server's volumes _launch
 *
 * Both take 1 to 63 Chinese and English letters, digits and `-_.`. Source: UHost API, "specification".
 */
import { createHash } from "node:crypto";
import type { CreateOptions } from "../provider.ts";

const most = 63;
const markLength = 10;
const mostName = most - 2 * (1 + markLength);
const mostConsole = 30;
const mostOwner = most - mostConsole - 1;

const digest = (text: string) =>
  createHash("sha256").update(text).digest("hex").slice(0, markLength);

/** Of a token; of a launch's, also what its volumes are marked with. */
export const markOf = digest;

const cut = (text: string, most: number) => [...text].slice(0, most).join("");

/** Without a dot, so that the first one ends the console. */
const groupPart = (text: string, most: number): string => {
  const plain = text.replaceAll(/[^A-Za-z\d\p{Script=Han}_-]/gu, "-");
  if (plain === text && text.length <= most) return text;
  return `${cut(plain, most - markLength - 1)}-${digest(text)}`;
};

/** The business group of all that one console made for one owner. */
export function groupOf(consoleId: string, owner: string): string {
  return `${groupPart(consoleId, mostConsole)}.${groupPart(owner, mostOwner)}`;
}

/** @param owner any unless given */
export function isOurs(group: string | undefined, consoleId: string, owner?: string): boolean {
  if (owner !== undefined) return group === groupOf(consoleId, owner);
  return group?.startsWith(`${groupPart(consoleId, mostConsole)}.`) ?? false;
}

/** What a create call takes; a snapshot's has a comment instead of the tag. */
export function namesOf({ token, tags }: CreateOptions): {
  readonly Name: string;
  readonly Tag: string;
} {
  return {
    Name: nameOf(tags.Name, markOf(token)),
    Tag: groupOf(tags["hypermotion:console"], tags["hypermotion:owner"]),
  };
}

export function nameOf(name: string, mark: string, launch?: string): string {
  const shown = cut(name.replaceAll(/[^A-Za-z\d\p{Script=Han}_.-]/gu, "-"), mostName);
  return `${shown}.${mark}${launch === undefined ? "" : `_${launch}`}`;
}

interface NameParts {
  readonly shown: string;
  readonly mark?: string;
  /** Mark of the launch with whose server its life ends. */
  readonly launch?: string;
}

export function partsOf(name = ""): NameParts {
  const match = /^(.*)\.([0-9a-f]{10})(?:_([0-9a-f]{10}))?$/su.exec(name);
  if (match === null) return { shown: name };
  const [, shown = "", mark = "", launch] = match;
  return launch === undefined ? { shown, mark } : { shown, mark, launch };
}
