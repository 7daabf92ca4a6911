/** Tags: whose a thing is, and by which order it was made; and names that Alibaba Cloud takes. */
import type { CreateOptions } from "../provider.ts";

export const consoleTag = "hypermotion:console";
export const ownerTag = "hypermotion:owner";
/** The create call's token: by it a thing is found whose answer was lost. */
export const tokenTag = "hypermotion:token";
/** On volumes that an instance was launched with: the launch's token. Their life ends with it. */
export const launchTag = "hypermotion:launch";

/** A type, for what is sent must have an index. */
export type Tag = { readonly Key: string; readonly Value: string };

/** ECS shows tags by other names than it takes them; VPC by the same. */
export interface Tagged {
  Tags?: { Tag?: { TagKey?: string; TagValue?: string; Key?: string; Value?: string }[] };
}

export function tagsOf({ token, tags }: CreateOptions): Tag[] {
  return [...Object.entries(tags), [tokenTag, token] as const].map(([Key, Value]) => ({
    Key,
    Value,
  }));
}

export function tagValue({ Tags }: Tagged, key: string): string | undefined {
  const found = Tags?.Tag?.find((tag) => (tag.TagKey ?? tag.Key) === key);
  return found?.TagValue ?? found?.Value;
}

export const byToken = (token: string): readonly Tag[] => [{ Key: tokenTag, Value: token }];

/**
 * 2 to 128 letters, digits and `:_.-`, a letter first. Source: ECS API 2014-05-26, InstanceName,
 * DiskName, SnapshotName; a snapshot's must not begin with `auto`.
 */
export function displayName(wanted: string): string {
  const plain = wanted.replaceAll(/[^\p{L}\d:_.-]/gu, "-").slice(0, 120);
  return /^\p{L}./u.test(plain) && !/^(auto|https?:)/i.test(plain) ? plain : `hm-${plain}`;
}
