/** Tags by which things are found again. Every create call brings them with it. */
import type { CreateOptions } from "../provider.ts";

export interface Tag {
  Key: string;
  Value: string;
}

export const consoleTag = "hypermotion:console";
export const ownerTag = "hypermotion:owner";
/** The create call's token: by it a thing is found whose answer was lost. */
const tokenTag = "hypermotion:token";
/** On a snapshot that an image is to be made of. */
const bootableTag = "hypermotion:bootable";
/** On an instance: the volumes it was launched with, whose life ends with it. */
const volumesTag = "hypermotion:volumes";

/** What Tencent shows of a tag; its parts are optional there. */
type TagSeen = { Key?: string; Value?: string };
interface Tagged {
  Tags?: readonly TagSeen[] | null;
  /** What it is called in VPC. */
  TagSet?: readonly TagSeen[] | null;
}

const tag = (Key: string, Value: string): Tag => ({ Key, Value });

export function tagsOf({ token, tags }: CreateOptions): Tag[] {
  return [...Object.entries(tags).map(([key, value]) => tag(key, value)), tag(tokenTag, token)];
}

export const bootable = tag(bootableTag, "yes");

/** A value holds 255 characters, and an id about 13. Source: Tag service, "Use limits". */
const idsPerTag = 15;

export function volumeTags(volumeIds: readonly string[]): Tag[] {
  const chunks = Array.from({ length: Math.ceil(volumeIds.length / idsPerTag) }, (_, n) =>
    volumeIds.slice(n * idsPerTag, (n + 1) * idsPerTag),
  );
  return chunks.map((ids, n) =>
    tag(n === 0 ? volumesTag : `${volumesTag}-${n + 1}`, ids.join(" ")),
  );
}

export function volumesIn({ Tags }: Tagged): string[] {
  return (Tags ?? [])
    .filter(({ Key }) => Key?.startsWith(volumesTag))
    .flatMap(({ Value = "" }) => Value.split(" "))
    .filter((id) => id !== "");
}

export function tagValue(thing: Tagged, key: string): string | undefined {
  return (thing.Tags ?? thing.TagSet)?.find((found) => found.Key === key)?.Value;
}

export const isBootable = (thing: Tagged): boolean => tagValue(thing, bootableTag) !== undefined;
export const hasToken =
  (token: string) =>
  (thing: Tagged): boolean =>
    tagValue(thing, tokenTag) === token;

/** As all Describe actions but that of snapshots take it. */
export const withTag = (key: string, value: string) => ({ Name: `tag:${key}`, Values: [value] });
export const byToken = (token: string) => withTag(tokenTag, token);
