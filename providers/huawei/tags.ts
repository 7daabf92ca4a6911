/**
 * Whose a thing is, and by which order it was made. Servers, volumes, images and security groups take tags when
 * they are made, snapshots take metadata; an elastic address takes neither, so its names carry it.
 *
 * The narrowest of the services counts: keys of 36 and values of 43 of A-Z a-z 0-9 . - _ (EVS API reference, Tag;
 * ECS, PostPaidServerTag). What is longer is cut, and made unique by a digest.
 */
import { createHash } from "node:crypto";
import type { CreateOptions, Tags } from "../provider.ts";

export const consoleTag = "hypermotion-console";
export const ownerTag = "hypermotion-owner";
/** The create call's token: by it a thing is found whose answer was lost. */
export const tokenTag = "hypermotion-token";
/** On servers: whether their volumes end with them. */
export const roleTag = "hypermotion-role";
/** On volumes that a server was launched with: the launch's token. Their life ends with it. */
export const launchTag = "hypermotion-launch";
/** On a shell's system disk that was taken off: the launch's token. */
export const rootTag = "hypermotion-root-of";

export interface KeyValue {
  readonly key: string;
  readonly value: string;
}

const mostValue = 43;

/** The same for the same text, and fit for a tag's value. */
export function tagValue(text: string, most = mostValue): string {
  if (text.length <= most && /^[\w.-]+$/.test(text)) return text;
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 16);
  const head = text.replaceAll(/[^\w.-]/g, "-").slice(0, most - digest.length - 1);
  return `${head}_${digest}`;
}

export function tagsOf({ token, tags }: CreateOptions): Record<string, string> {
  return {
    [consoleTag]: tagValue(tags["hypermotion:console"]),
    [ownerTag]: tagValue(tags["hypermotion:owner"]),
    [tokenTag]: tagValue(token),
  };
}

export function asList(tags: Readonly<Record<string, string>>): KeyValue[] {
  return Object.entries(tags).map(([key, value]) => ({ key, value }));
}

/** By key and value. Servers show theirs as `key=value`. */
export function fromStrings(tags: readonly string[] = []): Map<string, string> {
  return new Map(
    tags.map((tag) => {
      const at = tag.indexOf("=");
      return [tag.slice(0, at), tag.slice(at + 1)];
    }),
  );
}

/** Letters, digits, Chinese, `_ - .`, as all services take names; never empty. */
export function nameOf({ Name }: Pick<Tags, "Name">, most = 64): string {
  return Name.replaceAll(/[^\p{Script=Han}A-Za-z0-9_.-]/gu, "-").slice(0, most) || "-";
}

const mostBandwidthPart = 31;

/** Of the bandwidth that an elastic address is made with: it says whose the address is. */
export function bandwidthName(consoleId: string, owner: string): string {
  return `${tagValue(consoleId, mostBandwidthPart)}.${tagValue(owner, mostBandwidthPart)}`;
}

/** Of all owners of a console. */
export function bandwidthPrefix(consoleId: string): string {
  return `${tagValue(consoleId, mostBandwidthPart)}.`;
}
