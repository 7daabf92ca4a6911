/**
 * Names of what is made: what it is called, and behind that whose it is and by which order it was made.
 * QingCloud's tags are things of their own that are bound to another only after that was made, which a
 * crash could cut off; a name is there from the first moment, and `search_word` finds it.
 *
 *   HyperGate hm-<console 8>-<owner 10>-<token 16>[-<note>]      hexadecimal digests
 */
import { createHash } from "node:crypto";
import type { CreateOptions } from "../provider.ts";

const mostShown = 60;

const digest = (text: string, digits: number): string =>
  createHash("sha256").update(text).digest("hex").slice(0, digits);

export interface Name {
  readonly shown: string;
  readonly console: string;
  readonly owner: string;
  readonly token: string;
  /** What only this folder needs to know of the thing later. */
  readonly note: string;
}

/** @param note of letters and digits */
export function nameOf({ token, tags }: CreateOptions, note = ""): string {
  const shown = [...tags.Name].slice(0, mostShown).join("");
  const name = `${shown} ${searchWord(tags["hypermotion:console"], tags["hypermotion:owner"])}`;
  return `${name}-${tokenDigest(token)}${note === "" ? "" : `-${note}`}`;
}

export const tokenDigest = (token: string): string => digest(token, 16);

/** Finds all that is a console's, or one owner's of it. */
export function searchWord(consoleId: string, owner?: string): string {
  const console = `hm-${digest(consoleId, 8)}`;
  return owner === undefined ? console : `${console}-${digest(owner, 10)}`;
}

const pattern = /^(.*) hm-([0-9a-f]{8})-([0-9a-f]{10})-([0-9a-f]{16})(?:-([a-z0-9]+))?$/s;

/** `undefined` for a name that none of ours is. */
export function readName(name: string | null | undefined): Name | undefined {
  const [, shown = "", console = "", owner = "", token = "", note = ""] =
    pattern.exec(name ?? "") ?? [];
  return token === "" ? undefined : { shown, console, owner, token, note };
}
