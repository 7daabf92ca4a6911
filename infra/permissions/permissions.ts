/**
 * What a Lambda does to records, secrets and runs, read from its own code: its bundle, from which esbuild
 * has left out every function that nothing calls. All access goes through `deps`, which is what we look for.
 */
import { build } from "esbuild";
import { z } from "zod";
import { root } from "../bundle.ts";

const verbs = z.array(z.string());

export const permissions = z.object({
  /** Collection of the store → methods called. */
  collections: z.record(z.string(), verbs),
  /** Of `deps.secrets`. */
  secrets: verbs,
  /** Of `deps.machines`. */
  machines: verbs,
  /** Speaks to a target's cloud, with the target's own credentials. */
  usesProviders: z.boolean(),
  /** Puts events on the deployment's bus. */
  publishes: z.boolean(),
  /** Reads lists of servers that an operator put into the deployment's bucket. */
  readsLists: z.boolean(),
});
export type Permissions = z.output<typeof permissions>;

/** Of one module of `functions/`, with all it reaches; the host around it is not looked at. */
export async function permissionsOf(module: string): Promise<Permissions> {
  const own = await scan(module);
  const [ledger, gateways] = await Promise.all([
    own.usesProviders ? scan("functions/target-providers.ts") : none,
    own.usesGateways ? scan("functions/gateways.ts") : none,
  ]);
  return merge([own, ledger, gateways], own.usesProviders);
}

interface Found extends Permissions {
  readonly usesGateways: boolean;
}

const none: Found = {
  collections: {},
  secrets: [],
  machines: [],
  usesProviders: false,
  publishes: false,
  readsLists: false,
  usesGateways: false,
};

async function scan(module: string): Promise<Found> {
  const { outputFiles } = await build({
    entryPoints: [`${root}${module}`],
    bundle: true,
    write: false,
    platform: "node",
    format: "esm",
    target: "node24",
    treeShaking: true,
    // Names are kept: they are what we look for. Packages are not ours to look into.
    packages: "external",
    outdir: "unused",
    logLevel: "error",
    // The clouds of the registry, loaded on first use, speak with the target's credentials, not with the role's.
    external: ["./*/index.ts"],
  });
  const code = outputFiles.map(({ text }) => text).join("\n");
  const collections: Record<string, string[]> = {};
  for (const [, collection = "", method = ""] of code.matchAll(
    /\b(?:deps\d*\.|around\d*\.)?store\d*\s*\.(\w+)\s*\.(\w+)\(/g,
  )) {
    collections[collection] = sorted([...(collections[collection] ?? []), method]);
  }
  const called = (pattern: RegExp) =>
    sorted([...code.matchAll(pattern)].map(([, name = ""]) => name));
  return {
    collections,
    secrets: called(/\bsecrets\d*\s*\.(get|put|delete)\(/g),
    machines: called(/\bmachines\d*\s*\.(\w+)\(/g),
    usesProviders: /\bproviderFor\(/.test(code),
    publishes: /\bdeps\d*\.publish\(/.test(code),
    readsLists: /\bdeps\d*\.waveList\(/.test(code),
    usesGateways: /\bgatewayClient\(/.test(code),
  };
}

function merge(all: readonly Found[], usesProviders: boolean): Permissions {
  const collections: Record<string, string[]> = {};
  for (const [name, methods] of all.flatMap((found) => Object.entries(found.collections))) {
    collections[name] = sorted([...(collections[name] ?? []), ...methods]);
  }
  return {
    collections: Object.fromEntries(Object.entries(collections).sort()),
    secrets: sorted(all.flatMap(({ secrets }) => secrets)),
    machines: sorted(all.flatMap(({ machines }) => machines)),
    usesProviders,
    publishes: all.some(({ publishes }) => publishes),
    readsLists: all.some(({ readsLists }) => readsLists),
  };
}

function sorted(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}
