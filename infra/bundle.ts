/**
 * One bundle for each Lambda, by esbuild: our code, the AWS clients in our versions, and each cloud's SDK
 * as a chunk of its own that is loaded when a target of that cloud is first used.
 */
import { readdirSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type BuildResult, build } from "esbuild";

export const root = fileURLToPath(new URL("../", import.meta.url));

/** Folders of `functions/steps`, in order. */
export const stepNames: readonly string[] = readdirSync(`${root}functions/steps`, {
  withFileTypes: true,
})
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort();

/** Lambdas beside the steps: the files of `functions/lambda` that export a handler. */
export const handlerNames = [
  "api",
  "look-after",
  "every-minute",
  "deliver-events",
  "keep-house",
] as const;
export type HandlerName = (typeof handlerNames)[number];

/** What is in a bundle beside JavaScript's modules: pino and others still ask for `require`. */
const banner =
  "import { createRequire as hmCreateRequire } from 'node:module'; const require = hmCreateRequire(import.meta.url);";

export interface Entry {
  readonly contents: string;
  readonly resolveDir: string;
}

const stepEntry = (name: string): Entry => ({
  contents: `
    import { hostedStep } from "./functions/lambda/host.ts";
    import { handler as step } from "./functions/steps/${name}/index.ts";
    export const handler = hostedStep(step);
  `,
  resolveDir: root,
});

const handlerEntry = (name: string): Entry => ({
  contents: `export { handler } from "./functions/lambda/${name}.ts";`,
  resolveDir: root,
});

/** Every Lambda's code, by its name. */
export const entries: ReadonlyMap<string, Entry> = new Map([
  ...stepNames.map((name) => [name, stepEntry(name)] as const),
  ...handlerNames.map((name) => [name, handlerEntry(name)] as const),
]);

/** Writes `index.mjs` and its chunks into the folder. @throws esbuild's errors */
export async function bundle(
  entry: Entry,
  folder: string,
): Promise<BuildResult & { metafile: NonNullable<BuildResult["metafile"]> }> {
  return build({
    stdin: { ...entry, loader: "ts", sourcefile: "index.ts" },
    outdir: folder,
    entryNames: "index",
    bundle: true,
    splitting: true,
    minify: true,
    platform: "node",
    target: "node24",
    format: "esm",
    outExtension: { ".js": ".mjs" },
    // Not "import": a package that asks for another by `require` would get that one's other half.
    conditions: ["node"],
    mainFields: ["module", "main"],
    banner: { js: banner },
    metafile: true,
    logLevel: "warning",
  });
}

/** Bundles every Lambda. @returns folder by name */
export async function bundleAll(): Promise<Map<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), "hypermotion-bundles-"));
  const folders = new Map<string, string>();
  for (const [name, entry] of entries) {
    folders.set(name, join(folder, name));
    await bundle(entry, join(folder, name));
  }
  return folders;
}
