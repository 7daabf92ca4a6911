/**
 * Packs the data plane for a bare machine, which need have nothing but a Linux: Node, the sources of
 * gateway and agent, and the few packages they need. Unpacked anywhere it runs as
 *
 *   bin/node dataplane/gateway/hypermotion-gateway.mjs …
 *
 *   node dataplane/pack.ts <file.tar.gz>      prints {"sha256", "sizeBytes"}
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createReadStream, createWriteStream } from "node:fs";
import { access, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import { createGzip } from "node:zlib";
import { z } from "zod";

export interface Packed {
  readonly sha256: string;
  readonly sizeBytes: number;
}

const root = fileURLToPath(new URL("../", import.meta.url));

const node = `node_modules/node-linux-${process.arch}/bin/node`;

/** What gateway and agent import that is neither ours nor Node's. */
const packages = ["@hono/node-server", "@peculiar/x509", "hono", "reflect-metadata", "zod"];

const lockFile = z.object({
  packages: z.record(
    z.string(),
    z.object({ dependencies: z.record(z.string(), z.string()).optional() }),
  ),
});

/**
 * The same sources give the same bytes. May be repeated; the file is there whole or not at all.
 * @throws when this is not an installed project, or `tar` fails
 */
export async function packDataPlane(file: string): Promise<Packed> {
  await access(resolve(root, node));
  const tar = spawn(
    "tar",
    [
      ...["--create", "--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner"],
      ...["--exclude=*.test.ts", `--transform=s|^${node}$|bin/node|`],
      ...(await contents()),
    ],
    { cwd: root, stdio: ["ignore", "pipe", "inherit"] },
  );
  const ended = once(tar, "exit");
  const unfinished = `${file}.${process.pid}.new`;
  try {
    await pipeline(tar.stdout, createGzip({ level: 6 }), createWriteStream(unfinished));
    const [status] = await ended;
    if (status !== 0) throw new Error(`tar ended with status ${status}`);
    const sha256 = await digestOf(unfinished);
    const { size } = await stat(unfinished);
    await rename(unfinished, file);
    return { sha256, sizeBytes: size };
  } finally {
    await rm(unfinished, { force: true });
  }
}

/** Changes when anything that would be packed does: by names, sizes and times, in a hundredth of the time. */
export async function stateOfSources(): Promise<string> {
  const hash = createHash("sha256");
  for (const name of await contents()) {
    const isFolder = (await stat(resolve(root, name))).isDirectory();
    const inside = isFolder ? await readdir(resolve(root, name), { recursive: true }) : [];
    for (const path of [name, ...inside.map((each) => join(name, each)).sort()]) {
      const { size, mtimeMs } = await stat(resolve(root, path));
      hash.update(`${path}\0${size}\0${mtimeMs}\n`);
    }
  }
  return hash.digest("hex");
}

async function contents(): Promise<string[]> {
  const folders = (await withDependencies(packages)).map((name) => `node_modules/${name}`);
  return ["package.json", "domain", "dataplane", node, ...folders];
}

/** The packages and all that they depend on, as the lock file has them. */
async function withDependencies(names: readonly string[]): Promise<string[]> {
  const lock = lockFile.parse(
    JSON.parse(await readFile(resolve(root, "package-lock.json"), "utf8")),
  );
  const found = new Set<string>();
  const add = (name: string): void => {
    if (found.has(name)) return;
    found.add(name);
    Object.keys(lock.packages[`node_modules/${name}`]?.dependencies ?? {}).forEach(add);
  };
  names.forEach(add);
  return [...found].sort();
}

async function digestOf(file: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest("hex");
}

if (import.meta.main) {
  const [file] = process.argv.slice(2);
  if (file === undefined) throw new Error("usage: node dataplane/pack.ts <file.tar.gz>");
  process.stdout.write(`${JSON.stringify(await packDataPlane(file))}\n`);
}
