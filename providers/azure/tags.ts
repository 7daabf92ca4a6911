/** Tags: whose a thing is. Which order made it is said by its name, which is the order's token. */
import type { CreateOptions } from "../provider.ts";

export const consoleTag = "hypermotion:console";
export const ownerTag = "hypermotion:owner";
/** On volumes that a server was launched with, and on what the launch made of them: the launch's token. */
export const launchTag = "hypermotion:launch";

export type Tags = Record<string, string>;

export function tagsOf({ tags }: CreateOptions): Tags {
  return { ...tags };
}

/** Azure compares the names of tags without regard to case. Source: ARM, "Use tags to organize resources". */
export function tagValue(tags: Tags | undefined, name: string): string | undefined {
  const wanted = name.toLowerCase();
  return Object.entries(tags ?? {}).find(([key]) => key.toLowerCase() === wanted)?.[1];
}
