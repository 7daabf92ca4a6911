import { spawnSync } from "node:child_process";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { describeError } from "#domain/errors.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Runs an entry file with a Node that says it is version 20. */
function runWithOldNode(entry: string, ...args: string[]) {
  const pretend = `Object.defineProperty(process, "versions", {value: {...process.versions, node: "20.19.0"}})`;
  const preload = `data:text/javascript,${encodeURIComponent(pretend)}`;
  return spawnSync(process.execPath, ["--import", preload, entry, ...args], { encoding: "utf8" });
}

describe("a daemon that is started with an old Node", () => {
  it("goes on with the Node that npm brought", () => {
    const run = runWithOldNode(here("agent/hypermotion-agent.mjs"), "--help");

    expect(run.status).toBe(0);
    expect(run.stdout).toContain("hypermotion-agent --console");
  });

  it("says what is needed where npm brought none", async () => {
    const folder = await mkdtemp(join(tmpdir(), "node-"));
    const entry = join(folder, "agent", "hypermotion-agent.mjs");
    await cp(here("node-version.mjs"), join(folder, "node-version.mjs"));
    await cp(here("agent/hypermotion-agent.mjs"), entry);

    const run = runWithOldNode(entry);

    const words = describeError({ code: "node.version", params: { needed: 24, found: "20.19.0" } });
    expect(run.status).toBe(2);
    expect(run.stderr).toBe(`${words.message}\n${words.hint}\n`);
    await rm(folder, { recursive: true });
  });
});
