/**
 * Builds HyperDoor's image, a raw disk that any cloud takes as it is or converted.
 *
 *   node local/door-image/build.ts <file.raw>
 *
 * Needs root, a Debian archive and the tools that local/setup.sh brings. What does not change with our
 * own program is kept in the cache, so that only the first image takes minutes.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { access, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { findAptArchive } from "../demo/source-server/apt-archive.ts";
import { defaultCacheFolder } from "../demo/source-server/root-tree.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const node = join(root, `node_modules/node-linux-${process.arch}/bin/node`);
const repair = join(root, "dataplane/gateway/repair/guest-repair.sh");

/** Why it can't be built here; undefined when it can. */
export async function findDoorImageObstacle(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return "it needs root";
  if (process.arch !== "x64") return "it is made for x86-64 only";
  for (const tool of ["mmdebstrap", "mcopy", "syslinux", "cpio", "sfdisk", "zstd", "depmod"]) {
    const paths = ["/usr/bin", "/usr/sbin", "/sbin", "/bin"].map((folder) => join(folder, tool));
    const found = await Promise.all(paths.map(exists));
    if (!found.includes(true)) return `${tool} is not installed (sh local/setup.sh)`;
  }
  return undefined;
}

/** The path of the image in the cache, made when it is not there. Several processes may ask at once. */
export async function ensureDoorImage(
  cacheFolder: string,
  onStep: (step: string) => void,
): Promise<string> {
  const { suite, mirror } = await findAptArchive();
  await mkdir(cacheFolder, { recursive: true });
  const systemRecipe = await digestOf(["build-system.sh"], process.version, suite);
  const system = join(resolve(cacheFolder), `hyperdoor-${suite}-${systemRecipe}`);
  await run(
    "build-system.sh",
    { SYSTEM: system, SUITE: suite, MIRROR: mirror, NODE: node },
    onStep,
  );

  const program = await bundle();
  const files = ["build-image.sh", "init", "udhcpc.sh"];
  const recipe = await digestOf(files, systemRecipe, program, await readFile(repair, "utf8"));
  const image = join(resolve(cacheFolder), `hyperdoor-${recipe}.raw`);
  if (await exists(image)) return image;
  const folder = await mkdtemp(join(tmpdir(), "hypermotion-door-"));
  try {
    const door = join(folder, "door.mjs");
    await writeFile(door, program);
    const environment = { IMAGE: image, SYSTEM: system, DOOR: door, REPAIR: repair };
    await run("build-image.sh", environment, onStep);
  } finally {
    await rm(folder, { recursive: true });
  }
  return image;
}

/** dataplane/door as one file: starting it then costs an emulated machine two seconds instead of ten. */
async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(root, "dataplane/door/main.ts")],
    ...{ bundle: true, write: false, minify: true, logLevel: "silent" },
    ...{ platform: "node", format: "esm", target: "node24" },
  });
  return outputFiles[0]?.text ?? "";
}

async function digestOf(files: readonly string[], ...texts: string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const name of files) hash.update(await readFile(new URL(name, import.meta.url)));
  for (const text of texts) hash.update("\0").update(text);
  return hash.digest("hex").slice(0, 12);
}

const keptCharacters = 2000;

/** A line `STEP words` of a script's output goes to `onStep`. @throws with its last words when it fails */
async function run(
  script: string,
  environment: Record<string, string>,
  onStep: (step: string) => void,
): Promise<void> {
  const child = spawn("sh", [fileURLToPath(new URL(script, import.meta.url))], {
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin`, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let words = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    words = (words + text).slice(-keptCharacters);
  });
  const ended = once(child, "close");
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith("STEP ")) onStep(line.slice("STEP ".length));
  }
  const [status] = await ended;
  if (status !== 0) throw new Error(`${script} ended with ${status}: ${words.trim()}`);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

if (import.meta.main) {
  const [file] = process.argv.slice(2);
  if (file === undefined) throw new Error("usage: node local/door-image/build.ts <file.raw>");
  const image = await ensureDoorImage(defaultCacheFolder(), (step) => console.log(step));
  await copyFile(image, file);
  console.log(`${file} is HyperDoor's image; docs/hyperdoor.md tells how a cloud takes it`);
}
