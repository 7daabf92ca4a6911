/** Tags: whose a thing is, and by which order it was made. */
import type { Filter, ResourceType, Tag, TagSpecification } from "@aws-sdk/client-ec2";
import type { CreateOptions } from "../provider.ts";

export const consoleTag = "hypermotion:console";
export const ownerTag = "hypermotion:owner";
/** The create call's token: by it a thing is found whose answer was lost. */
export const tokenTag = "hypermotion:token";
/** On volumes that an instance was launched with: the launch's token. Their life ends with it. */
export const launchTag = "hypermotion:launch";
/** On the root volume of a gateway or shell, which goes with its instance: that instance's token. */
export const rootTag = "hypermotion:root-of";

export function tagsOf({ token, tags }: CreateOptions): Tag[] {
  return [...Object.entries(tags), [tokenTag, token]].map(([Key, Value]) => ({ Key, Value }));
}

export function specification(type: ResourceType, options: CreateOptions): TagSpecification {
  return { ResourceType: type, Tags: tagsOf(options) };
}

/** Of a volume that comes and goes with an instance, and is no order of its own. */
export function rootSpecification({ token, tags }: CreateOptions): TagSpecification {
  const { Name, [consoleTag]: console } = tags;
  const values = { Name, [consoleTag]: console, [rootTag]: token };
  return {
    ResourceType: "volume",
    Tags: Object.entries(values).map(([Key, Value]) => ({ Key, Value })),
  };
}

export function tagValue(tags: readonly Tag[] | undefined, key: string): string | undefined {
  return tags?.find((tag) => tag.Key === key)?.Value;
}

export const byToken = (token: string): Filter => ({ Name: `tag:${tokenTag}`, Values: [token] });
