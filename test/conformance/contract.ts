/** The methods of a provider by name, and which of them the suite asked of whom. */
import { describe, expect, test } from "vitest";
import type { Platform } from "#domain/platform.ts";
import { decorate } from "#providers/decorate.ts";
import type { Provider } from "#providers/provider.ts";

type Named<T, Prefix extends string = ""> = {
  [K in keyof T & string]-?: NonNullable<T[K]> extends (...args: never[]) => unknown
    ? `${Prefix}${K}`
    : NonNullable<T[K]> extends string
      ? never
      : Named<NonNullable<T[K]>, `${K}.`>;
}[keyof T & string];
export type ProviderMethod = Named<Provider>;

/** An object, because the compiler then misses one that is forgotten. */
const each: Readonly<Record<ProviderMethod, true>> = {
  capabilities: true,
  check: true,
  listOwned: true,
  "network.ensureSecurityGroup": true,
  "network.deleteSecurityGroup": true,
  "network.ensureAddress": true,
  "network.releaseAddress": true,
  "compute.listInstanceTypes": true,
  "compute.createGateway": true,
  "compute.launch": true,
  "compute.findInstance": true,
  "compute.findInstanceByToken": true,
  "compute.stopInstance": true,
  "compute.restartInstance": true,
  "compute.deleteInstance": true,
  "compute.readConsole": true,
  "compute.probeAddress": true,
  "volumes.createVolume": true,
  "volumes.listPools": true,
  "volumes.findVolume": true,
  "volumes.attachVolume": true,
  "volumes.detachVolume": true,
  "volumes.deleteVolume": true,
  "volumes.createSnapshot": true,
  "volumes.findSnapshot": true,
  "volumes.deleteSnapshot": true,
  "images.createImage": true,
  "images.findImage": true,
  "images.deleteImage": true,
};
export const providerMethods = Object.keys(each) as readonly ProviderMethod[];

const asked = new Map<Platform, Set<string>>();
const opened = new Map<Platform, Provider>();

/** The same provider; what it is asked, and answers, is noted. */
export function noted(provider: Provider): Provider {
  const { platform } = provider;
  const methods = asked.get(platform) ?? new Set();
  asked.set(platform, methods);
  opened.set(platform, provider);
  return decorate(provider, async ({ method }, next) => {
    const answer = await next();
    methods.add(method);
    return answer;
  });
}

/** As the titles of `describeContract` say it; docs/providers.md is made of them. */
export const contractTitles = {
  offered: (platform: string, method: string) => `${platform} answers ${method}`,
  lacking: (platform: string, method: string) => `${platform} does without ${method}`,
} as const;

/**
 * That the suites of this file asked the platform for everything it offers. Comes after them.
 * @param lacks what the contract lets it do without
 */
export function describeContract(
  platform: Platform,
  { lacks = [], cannotLaunch }: { lacks?: readonly ProviderMethod[]; cannotLaunch?: string } = {},
): void {
  describe("the contract", () => {
    for (const method of providerMethods) {
      const isLacking = lacks.includes(method);
      const title = contractTitles[isLacking ? "lacking" : "offered"](platform, method);
      test.skipIf(cannotLaunch !== undefined)(title, () => {
        expect(opened.get(platform)).toBeDefined();
        expect(isOffered(opened.get(platform), method)).toBe(!isLacking);
        expect(asked.get(platform)?.has(method)).toBe(!isLacking);
      });
    }
  });
}

function isOffered(provider: object | undefined, method: string): boolean {
  const part = method.split(".").reduce<unknown>((found, name) => {
    return (found as Record<string, unknown> | undefined)?.[name];
  }, provider);
  return typeof part === "function";
}
