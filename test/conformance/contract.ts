/** Which methods of the contract the suite asked of whom. */
import { describe, expect, test } from "vitest";
import type { Platform } from "#domain/platform.ts";
import { decorate } from "#providers/decorate.ts";
import type { Provider } from "#providers/provider.ts";
import { type ProviderMethod, providerMethods } from "./methods.ts";

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

/**
 * That the suites of this file asked the platform for everything it offers. Comes after them.
 * @param lacks what the contract lets it do without
 */
export function describeContract(
  platform: Platform,
  { lacks = [], cannotLaunch }: { lacks?: readonly ProviderMethod[]; cannotLaunch?: string } = {},
): void {
  const because = cannotLaunch === undefined ? "" : ` (skipped: ${cannotLaunch})`;
  describe(`the contract${because}`, () => {
    for (const method of providerMethods) {
      const isLacking = lacks.includes(method);
      const title = `${platform} ${isLacking ? "does without" : "answers"} ${method}`;
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
