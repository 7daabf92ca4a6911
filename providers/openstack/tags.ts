/**
 * Whose a thing is, and by which order it was made. Servers, volumes and snapshots take metadata when they are made.
 * What Neutron makes takes no tags then (seen on Zed), so the description carries it.
 */
import { createHash } from "node:crypto";
import type { CreateOptions, Tags } from "../provider.ts";

export const consoleTag = "hypermotion:console";
export const ownerTag = "hypermotion:owner";
/** The create call's token: by it a thing is found whose answer was lost. */
export const tokenTag = "hypermotion:token";
/** On servers: `gateway`, or `server`, whose volumes end with it. */
export const roleTag = "hypermotion:role";
/** On volumes that a server was launched with: the launch's token. Their life ends with it. */
export const launchTag = "hypermotion:launch";

export type Metadata = Readonly<Record<string, string>>;

/** Source: nova/api/validation/parameter_types.py, metadata; cinder's is the same. */
const mostValue = 255;

/** The same for the same text, and short enough. */
function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 16);
  return `${text.slice(0, most - digest.length - 1)}_${digest}`;
}

export const tagValue = (text: string) => cut(text, mostValue);

export function metadataOf({ token, tags }: CreateOptions): Record<string, string> {
  return {
    [consoleTag]: tagValue(tags["hypermotion:console"]),
    [ownerTag]: tagValue(tags["hypermotion:owner"]),
    [tokenTag]: tagValue(token),
  };
}

export function isOwned(
  metadata: Metadata | null | undefined,
  consoleId: string,
  owner?: string,
): boolean {
  if (metadata?.[consoleTag] !== tagValue(consoleId)) return false;
  return owner === undefined || metadata[ownerTag] === tagValue(owner);
}

/** Never empty, and of one line. Source: nova/api/validation/parameter_types.py, name. */
export function nameOf({ Name }: Pick<Tags, "Name">): string {
  const plain = Name.replaceAll(/[\p{C}\p{Z}]+/gu, " ").trim();
  return plain.slice(0, 255).trim() || "-";
}

/** Of 255 characters each of the three has a part. Source: neutron_lib/db/constants.py, DESCRIPTION_FIELD_SIZE. */
const mostPart = 78;

const part = (text: string) => cut(encodeURIComponent(text), mostPart);

const first = "HyperMotion";

export function descriptionOf({ token, tags }: CreateOptions): string {
  return [first, tags["hypermotion:console"], tags["hypermotion:owner"], token]
    .map((text) => part(text))
    .join(" ");
}

/** Of a description: whether it is this console's, this owner's, and of this order, as far as they are asked for. */
export function isDescribed(
  description: string | null | undefined,
  of: { readonly console: string; readonly owner?: string | undefined; readonly token?: string },
): boolean {
  const [word, console, owner, token] = (description ?? "").split(" ");
  return (
    word === first &&
    console === part(of.console) &&
    (of.owner === undefined || owner === part(of.owner)) &&
    (of.token === undefined || token === part(of.token))
  );
}
