/** On a real ext4 behind a loop device; freezing needs root. */
import { execFile, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { access, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { AgentEvent } from "../events.ts";
import { createQuiesce, thawLeftovers } from "./quiesce.ts";

const isRoot = process.getuid?.() === 0;
const hasTools = spawnSync("fsfreeze", ["--version"]).error === undefined;
const reason = !isRoot ? " (skipped: needs root)" : " (skipped: fsfreeze is not installed)";
const suite = isRoot && hasTools ? describe : describe.skip;

let folder: string;
let image: string;
let mountPoint: string;
let said: AgentEvent[];

const voice = { say: (event: AgentEvent) => said.push(event), hush: () => {}, resume: () => {} };

/** A write that must wait shows that the file system is frozen: it is given up after two seconds. */
async function isFrozen(): Promise<boolean> {
  const write = promisify(execFile)("sh", ["-c", `echo x > '${mountPoint}/probe'`]);
  const given = new Promise<"waits">((resolve) => setTimeout(() => resolve("waits"), 2000));
  return (await Promise.race([write, given])) === "waits";
}

async function isThawed(): Promise<void> {
  while (await isFrozen()) await new Promise((resolve) => setTimeout(resolve, 100));
}

function quiesce(
  options: { preHook?: string; postHook?: string; freezeLimitSeconds?: number } = {},
) {
  return createQuiesce(
    {
      preHook: undefined,
      postHook: undefined,
      freezeLimitSeconds: 60,
      stateFolder: folder,
      ...options,
    },
    voice,
  );
}

const untilAborted = (signal: AbortSignal) =>
  new Promise<void>((_, reject) => {
    signal.addEventListener("abort", () => reject(new Error("called back")));
  });

suite(`holding a server still${isRoot && hasTools ? "" : reason}`, () => {
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "quiesce-"));
    image = join(folder, "disk.raw");
    mountPoint = join(folder, "mnt");
    said = [];
    await mkdir(mountPoint);
    await writeFile(image, "");
    await truncate(image, 16 * 1024 * 1024);
    execFileSync("mkfs.ext4", ["-q", image]);
    execFileSync("mount", ["-o", "loop", image, mountPoint]);
  });

  afterEach(async () => {
    spawnSync("fsfreeze", ["--unfreeze", mountPoint]);
    execFileSync("umount", [mountPoint]);
    await rm(folder, { recursive: true });
  });

  it("file systems of the disk are frozen during the pass and thawed after it", async () => {
    let wasFrozen = false;
    const pass = async () => {
      wasFrozen = await isFrozen();
    };

    const { frozenSeconds } = await quiesce()("s-1", [image], pass, new AbortController().signal);

    expect(wasFrozen).toBe(true);
    expect(frozenSeconds).toBeGreaterThan(0);
    expect(await isFrozen()).toBe(false);
  });

  it("other disks' file systems are left alone", async () => {
    const other = join(folder, "other.raw");
    await writeFile(other, "other");
    let wasFrozen = true;
    const pass = async () => {
      wasFrozen = await isFrozen();
    };

    await quiesce()("s-1", [other], pass, new AbortController().signal);

    expect(wasFrozen).toBe(false);
    expect(said).toContainEqual({
      event: "note",
      text: "Session s-1: no mounted file system to freeze",
    });
  });

  it("a pass that fails leaves nothing frozen, and its error is told", async () => {
    const pass = async () => {
      throw new Error("the line is cut");
    };

    const result = quiesce()("s-1", [image], pass, new AbortController().signal);

    await expect(result).rejects.toThrow("the line is cut");
    expect(await isFrozen()).toBe(false);
  });

  it("a pass that lasts longer than the limit is called back, and everything is thawed", async () => {
    const result = quiesce({ freezeLimitSeconds: 1 })(
      "s-1",
      [image],
      untilAborted,
      new AbortController().signal,
    );

    await expect(result).rejects.toMatchObject({
      code: "quiesce.too-long",
      params: { seconds: 1 },
    });
    expect(await isFrozen()).toBe(false);
  });

  it("hooks run around the freeze, with the session's id", async () => {
    const log = join(folder, "hooks.log");
    const frozenNow = `(timeout 0.3 touch ${mountPoint}/x && echo thawed || echo frozen) >> ${log}`;
    const hooks = {
      preHook: `echo pre $HYPERMOTION_SESSION >> ${log}; ${frozenNow}`,
      postHook: `${frozenNow}; echo post >> ${log}`,
    };

    await quiesce(hooks)("s-1", [image], async () => {}, new AbortController().signal);

    expect(await readFile(log, "utf8")).toBe("pre s-1\nthawed\nthawed\npost\n");
  });

  it("nothing is frozen or copied when the pre-hook fails", async () => {
    let hasRun = false;
    const pass = async () => {
      hasRun = true;
    };

    const result = quiesce({ preHook: "echo the database is busy; exit 3" })(
      "s-1",
      [image],
      pass,
      new AbortController().signal,
    );

    await expect(result).rejects.toMatchObject({
      code: "quiesce.hook-failed",
      params: { problem: "ended with 3: the database is busy" },
    });
    expect(hasRun).toBe(false);
  });

  it("a failing post-hook is told but spoils nothing", async () => {
    const result = quiesce({ postHook: "exit 1" })(
      "s-1",
      [image],
      async () => {},
      new AbortController().signal,
    );

    await expect(result).resolves.toHaveProperty("frozenSeconds");
    expect(said.at(-1)).toMatchObject({ event: "note", text: expect.stringContaining("exit 1") });
  });

  it("an agent that is killed -9 while frozen leaves nothing frozen", async () => {
    const program = `
      const { createQuiesce } = await import(${JSON.stringify(new URL("./quiesce.ts", import.meta.url))});
      const voice = { say() {}, hush() {}, resume() {} };
      const options = { freezeLimitSeconds: 60, stateFolder: ${JSON.stringify(folder)} };
      const pass = () => new Promise(() => { console.log("frozen"); setInterval(() => {}, 1000); });
      await createQuiesce(options, voice)("s-1", [${JSON.stringify(image)}], pass, new AbortController().signal);
    `;
    const agent = spawn(process.execPath, ["--input-type=module", "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await once(agent.stdout, "data");
    const wasFrozen = await isFrozen();

    agent.kill("SIGKILL");
    await once(agent, "exit");

    expect(wasFrozen).toBe(true);
    await isThawed();
  });

  it("an agent thaws by itself when its freezing process is killed -9", async () => {
    const killFreezer = async (signal: AbortSignal) => {
      const { stdout } = await promisify(execFile)("pgrep", ["-f", `freezer.ts.*${mountPoint}`]);
      process.kill(Number(stdout.trim()), "SIGKILL");
      await untilAborted(signal);
    };

    const result = quiesce()("s-1", [image], killFreezer, new AbortController().signal);

    await expect(result).rejects.toMatchObject({ code: "quiesce.too-long" });
    expect(await isFrozen()).toBe(false);
  });

  it("the next start thaws what an agent left frozen that was killed with its freezing process", async () => {
    await writeFile(join(folder, "frozen.json"), JSON.stringify([mountPoint]));
    execFileSync("fsfreeze", ["--freeze", mountPoint]);

    await thawLeftovers(folder, voice.say);

    expect(await isFrozen()).toBe(false);
    await expect(access(join(folder, "frozen.json"))).rejects.toThrow("ENOENT");
  });
});
