import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { packDataPlane } from "./pack.ts";

const run = promisify(execFile);

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "hypermotion-pack-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("what is packed runs where there is nothing else, and packed again is the same", async () => {
  const file = join(folder, "packed.tar.gz");

  const first = await packDataPlane(file);
  const second = await packDataPlane(file);

  expect(second).toEqual(first);
  await run("tar", ["-xzf", file, "-C", folder]);
  const node = join(folder, "bin/node");
  for (const daemon of ["agent/hypermotion-agent.mjs", "gateway/hypermotion-gateway.mjs"]) {
    const { stdout } = await run(node, [join(folder, "dataplane", daemon), "--help"], {
      env: {},
      cwd: "/",
    });
    expect(stdout).toMatch(/hypermotion-(agent|gateway)/);
  }
}, 60_000);
