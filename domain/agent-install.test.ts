import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { installCommand } from "./agent-install.ts";

const run = promisify(execFile);
let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hypermotion-install-"));
});
afterEach(() => rm(folder, { recursive: true }));

/** A program whose installer writes down what it was told, behind a server. */
async function published(stack: AsyncDisposableStack) {
  await mkdir(join(folder, "dataplane/agent"), { recursive: true });
  const installer = `printf '%s\\n' "$@" > ${folder}/told; tar -tzf "$1" > ${folder}/holds`;
  await writeFile(join(folder, "dataplane/agent/install.sh"), installer);
  await run("tar", ["-czf", "program.tar.gz", "dataplane"], { cwd: folder });
  const file = await readFile(join(folder, "program.tar.gz"));
  const server = createServer((_, response) => response.end(file)).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  stack.defer(() => new Promise<void>((closed) => server.close(() => closed())));
  const { port } = server.address() as { port: number };
  const url = `http://127.0.0.1:${port}/program.tar.gz`;
  return { url, sha256: createHash("sha256").update(file).digest("hex") };
}

async function shell(line: string, tools: readonly string[]) {
  // Only these, besides what every system has.
  const bin = join(folder, "bin");
  const temporary = join(folder, "tmp");
  await mkdir(bin);
  await mkdir(temporary);
  for (const tool of [...tools, "mktemp", "sha256sum", "tar", "gzip", "sh", "rm", "printf"]) {
    const { stdout } = await run("sh", ["-c", `command -v ${tool}`]);
    const path = stdout.trim();
    if (path.startsWith("/")) await run("ln", ["-s", path, join(bin, tool)]);
  }
  return run(join(bin, "sh"), ["-c", line], { env: { PATH: bin, TMPDIR: temporary } });
}

test.each([[["curl"]], [["wget"]]])(
  "with %s alone the installer in the program is run with address and code, and nothing is left (S-06)",
  async (tools) => {
    await using stack = new AsyncDisposableStack();
    const software = await published(stack);

    await shell(
      installCommand({ software, consoleUrl: "https://192.0.2.10:18766", code: "-x.y" }),
      tools,
    );

    const told = (await readFile(join(folder, "told"), "utf8")).split("\n");
    expect(told.slice(1, -1)).toEqual(["--console", "https://192.0.2.10:18766", "--code", "-x.y"]);
    expect(await readFile(join(folder, "holds"), "utf8")).toContain("dataplane/agent/install.sh");
    expect(await readdir(join(folder, "tmp"))).toEqual([]);
  },
);

test("what has another digest is not run", async () => {
  await using stack = new AsyncDisposableStack();
  const { url } = await published(stack);
  const software = { url, sha256: "ab".repeat(32) };

  const running = shell(installCommand({ software, consoleUrl: "https://c", code: "x" }), ["curl"]);

  await expect(running).rejects.toThrow(/FAILED|did NOT match/);
  expect(await readdir(folder)).not.toContain("told");
});
