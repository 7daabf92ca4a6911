/**
 * How large each Lambda's code is, and how much of it a cold start reads:
 *
 *   node infra/bundle-sizes.ts [--json]
 */
import { statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { bundle, type Entry, entries, root } from "./bundle.ts";

export interface BundleSize {
  readonly name: string;
  /** All files, unpacked. */
  readonly bytes: number;
  /** `index.mjs` and what it imports at once; clouds' SDKs are loaded when a target needs them. */
  readonly startBytes: number;
}

/** What a first target of a platform loads beside what is there already. */
export interface PlatformSize {
  readonly platform: string;
  readonly bytes: number;
}

/** Bundles everything into the folder, a folder for each. */
export async function bundleSizes(folder: string): Promise<BundleSize[]> {
  const sizes: BundleSize[] = [];
  for (const [name, entry] of entries) {
    const outputs = await outputsOf(entry, join(folder, name));
    const atStart = loadedWith(outputs, "index.mjs");
    sizes.push({ name, bytes: sum(outputs, outputs.keys()), startBytes: sum(outputs, atStart) });
  }
  return sizes;
}

/** Largest first. Writes a bundle of all platforms into the folder. */
export async function platformSizes(folder: string): Promise<PlatformSize[]> {
  const contents = `export { openProvider } from "./providers/registry.ts";`;
  const outputs = await outputsOf({ contents, resolveDir: root }, folder);
  const atStart = loadedWith(outputs, "index.mjs");
  return [...outputs]
    .flatMap(([file, { entryPoint = "" }]) => {
      const [, platform] = /^providers\/([a-z]+)\/index\.ts$/.exec(entryPoint) ?? [];
      if (platform === undefined) return [];
      const more = [...loadedWith(outputs, file)].filter((one) => !atStart.has(one));
      return [{ platform, bytes: sum(outputs, more) }];
    })
    .sort((one, other) => other.bytes - one.bytes);
}

interface OutputFile {
  readonly bytes: number;
  readonly entryPoint?: string;
  /** Names of files that are loaded with it. */
  readonly imports: readonly string[];
}

/** By name. */
async function outputsOf(entry: Entry, place: string): Promise<ReadonlyMap<string, OutputFile>> {
  const { metafile } = await bundle(entry, place);
  return new Map(
    Object.entries(metafile.outputs).map(([path, { entryPoint, imports }]) => [
      basename(path),
      {
        bytes: statSync(join(place, basename(path))).size,
        ...(entryPoint === undefined ? {} : { entryPoint }),
        imports: imports
          .filter(({ kind }) => kind === "import-statement")
          .map((imported) => basename(imported.path)),
      },
    ]),
  );
}

function loadedWith(
  outputs: ReadonlyMap<string, OutputFile>,
  file: string,
  loaded = new Set<string>(),
): Set<string> {
  const output = outputs.get(file);
  if (output === undefined || loaded.has(file)) return loaded;
  loaded.add(file);
  for (const imported of output.imports) loadedWith(outputs, imported, loaded);
  return loaded;
}

const sum = (outputs: ReadonlyMap<string, OutputFile>, files: Iterable<string>) =>
  [...files].reduce((all, file) => all + (outputs.get(file)?.bytes ?? 0), 0);

const kib = (bytes: number) => `${Math.round(bytes / 1024)} KiB`.padStart(10);

/** One line a platform. */
export function describePlatforms(sizes: readonly PlatformSize[]): string {
  const lines = sizes.map(({ platform, bytes }) => `${platform.padEnd(28)}${kib(bytes)}`);
  return [`${"platform".padEnd(28)}${"when used".padStart(10)}`, ...lines].join("\n");
}

/** One line a bundle, the largest first. */
export function describeSizes(sizes: readonly BundleSize[]): string {
  const lines = [...sizes]
    .sort((one, other) => other.startBytes - one.startBytes)
    .map(({ name, bytes, startBytes }) => `${name.padEnd(28)}${kib(startBytes)}${kib(bytes)}`);
  return [`${"bundle".padEnd(28)}${"at start".padStart(10)}${"all".padStart(10)}`, ...lines].join(
    "\n",
  );
}

if (import.meta.main) {
  const folder = await mkdtemp(join(tmpdir(), "hypermotion-bundles-"));
  const bundles = await bundleSizes(folder);
  const used = await platformSizes(join(folder, "platforms"));
  await rm(folder, { recursive: true });
  const asJson = process.argv.includes("--json");
  const text = asJson
    ? JSON.stringify({ bundles, platforms: used })
    : `${describeSizes(bundles)}\n\n${describePlatforms(used)}`;
  process.stdout.write(`${text}\n`);
}
