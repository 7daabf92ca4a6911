/**
 * How large each Lambda's code is, and how much of it a cold start reads:
 *
 *   node infra/bundle-sizes.ts [--json]
 */
import { statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { bundle, entries } from "./bundle.ts";

export interface BundleSize {
  readonly name: string;
  /** All files, unpacked. */
  readonly bytes: number;
  /** `index.mjs` and what it imports at once; clouds' SDKs are loaded when a target needs them. */
  readonly startBytes: number;
}

/** Bundles everything into the folder, a folder for each. */
export async function bundleSizes(folder: string): Promise<BundleSize[]> {
  const sizes: BundleSize[] = [];
  for (const [name, entry] of entries) {
    const place = join(folder, name);
    const { metafile } = await bundle(entry, place);
    const outputs = new Map(
      Object.entries(metafile.outputs).map(([path, output]) => [basename(path), output]),
    );
    const atStart = new Set<string>();
    const visit = (file: string): void => {
      if (atStart.has(file)) return;
      atStart.add(file);
      for (const { path, kind } of outputs.get(file)?.imports ?? []) {
        if (kind === "import-statement" && outputs.has(basename(path))) visit(basename(path));
      }
    };
    visit("index.mjs");
    const sizeOf = (file: string) => statSync(join(place, file)).size;
    const sum = (files: Iterable<string>) =>
      [...files].reduce((all, file) => all + sizeOf(file), 0);
    sizes.push({ name, bytes: sum(outputs.keys()), startBytes: sum(atStart) });
  }
  return sizes;
}

/** One line a bundle, the largest first. */
export function describeSizes(sizes: readonly BundleSize[]): string {
  const kib = (bytes: number) => `${Math.round(bytes / 1024)} KiB`.padStart(10);
  const lines = [...sizes]
    .sort((one, other) => other.startBytes - one.startBytes)
    .map(({ name, bytes, startBytes }) => `${name.padEnd(28)}${kib(startBytes)}${kib(bytes)}`);
  return [`${"bundle".padEnd(28)}${"at start".padStart(10)}${"all".padStart(10)}`, ...lines].join(
    "\n",
  );
}

if (import.meta.main) {
  const folder = await mkdtemp(join(tmpdir(), "hypermotion-bundles-"));
  const sizes = await bundleSizes(folder);
  await rm(folder, { recursive: true });
  const asJson = process.argv.includes("--json");
  process.stdout.write(`${asJson ? JSON.stringify(sizes) : describeSizes(sizes)}\n`);
}
