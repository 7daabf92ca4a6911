/**
 * Holds a server still for one pass: pre-hook, freeze, the pass, thaw, post-hook. File systems are
 * thawed on every way out: `freezer.ts` does it when we end in any way, we do it when the freezer was
 * killed, and the next start of the agent does it when both were.
 */
import { spawn, spawnSync } from "node:child_process";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { MigrationError } from "#domain/errors.ts";
import { findJsonFile, writeJsonFile } from "../../json-file.ts";
import { describeProblem, type Say } from "../events.ts";
import type { AgentOptions } from "../options.ts";
import { runHook } from "./hooks.ts";
import { canFreeze, findMountsOn } from "./mounts.ts";

const freezerLine = z.discriminatedUnion("state", [
  z.object({ state: z.literal("frozen") }),
  z.object({ state: z.literal("failed"), mountPoint: z.string(), problem: z.string() }),
  z.object({
    state: z.literal("thawed"),
    why: z.enum(["asked", "signal", "limit"]),
    seconds: z.number(),
  }),
]);
type FreezerLine = z.output<typeof freezerLine>;

/** Runs `pass` while the file systems on these disks are frozen. */
export type Quiesce = (
  sessionId: string,
  diskPaths: readonly string[],
  pass: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
) => Promise<{ frozenSeconds: number }>;

export function createQuiesce(
  options: Pick<AgentOptions, "preHook" | "postHook" | "freezeLimitSeconds" | "stateFolder">,
  voice: { readonly say: Say; readonly hush: () => void; readonly resume: () => void },
): Quiesce {
  return async (sessionId, diskPaths, pass, signal) => {
    if (options.preHook !== undefined) await runHook(options.preHook, sessionId, signal);
    try {
      return await freezeAround(sessionId, diskPaths, pass, signal, options, voice);
    } finally {
      if (options.postHook !== undefined) await runPostHook(options.postHook, sessionId, voice.say);
    }
  };
}

/** A failing post-hook spoils nothing that was copied: it is told, not thrown. */
async function runPostHook(command: string, sessionId: string, say: Say): Promise<void> {
  try {
    await runHook(command, sessionId);
  } catch (error) {
    say({ event: "note", text: describeProblem(error) });
  }
}

async function freezeAround(
  sessionId: string,
  diskPaths: readonly string[],
  pass: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
  options: Pick<AgentOptions, "freezeLimitSeconds" | "stateFolder">,
  voice: { readonly say: Say; readonly hush: () => void; readonly resume: () => void },
): Promise<{ frozenSeconds: number }> {
  const mounts = await findMountsOn(diskPaths);
  const mountPoints = mounts.filter(canFreeze).map((mount) => mount.mountPoint);
  const flushed = mounts.filter((mount) => !canFreeze(mount) && !mount.readOnly);
  for (const mount of flushed) spawnSync("sync", ["--file-system", mount.mountPoint]);
  if (mountPoints.length === 0) {
    voice.say({ event: "note", text: `Session ${sessionId}: no mounted file system to freeze` });
    await pass(signal);
    return { frozenSeconds: 0 };
  }
  await writeJsonFile(leftoversFile(options.stateFolder), mountPoints);
  voice.say({ event: "freezing", sessionId, mountPoints });
  voice.hush();
  const freezer = startFreezer(mountPoints, options.freezeLimitSeconds);
  const thawed = new AbortController();
  let isThroughWithIt = false;
  try {
    await freezer.frozen;
    void freezer.ended.then(() => {
      if (!isThroughWithIt) thawed.abort();
    });
    await pass(AbortSignal.any([signal, thawed.signal]));
  } catch (error) {
    // The pass was called back because the file systems moved on under it.
    if (thawed.signal.aborted && !signal.aborted) throw await tooLong(freezer.ended, options);
    throw error;
  } finally {
    isThroughWithIt = true;
    const seconds = await freezer.thaw();
    voice.resume();
    voice.say({ event: "thawed", sessionId, seconds });
    await rm(leftoversFile(options.stateFolder), { force: true });
  }
  // Through, but thawed before it was: the pass may hold a mixture.
  if (thawed.signal.aborted) throw await tooLong(freezer.ended, options);
  return { frozenSeconds: await freezer.thaw() };
}

async function tooLong(
  ended: Promise<{ seconds: number }>,
  options: Pick<AgentOptions, "freezeLimitSeconds">,
): Promise<MigrationError> {
  const { seconds } = await ended;
  return new MigrationError("quiesce.too-long", {
    seconds: Math.round(Math.min(seconds, options.freezeLimitSeconds)),
  });
}

interface Freezer {
  /** @throws `quiesce.freeze-failed`, with everything thawed */
  readonly frozen: Promise<void>;
  /** It has thawed and is gone, asked or not. */
  readonly ended: Promise<{ seconds: number }>;
  /** Returns when nothing is frozen, with the seconds it was. May be repeated. */
  readonly thaw: () => Promise<number>;
}

function startFreezer(mountPoints: readonly string[], limitSeconds: number): Freezer {
  const startedAt = performance.now();
  const program = fileURLToPath(new URL("./freezer.ts", import.meta.url));
  const child = spawn(process.execPath, [program, JSON.stringify({ mountPoints, limitSeconds })], {
    // Away from our process group, so that an interrupt at the terminal leaves it to thaw in peace.
    detached: true,
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines: FreezerLine[] = [];
  const frozen = new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (text) => {
      const line = freezerLine.parse(JSON.parse(text));
      lines.push(line);
      if (line.state === "frozen") resolve();
      if (line.state === "failed") reject(new MigrationError("quiesce.freeze-failed", line));
    });
    child.once("error", reject);
    child.once("close", () =>
      reject(freezeFailed(mountPoints, "the freezing process ended before it was done")),
    );
  });
  frozen.catch(() => undefined);
  const ended = new Promise<{ seconds: number }>((resolve) => {
    const conclude = () => {
      const last = lines.at(-1);
      if (last?.state === "thawed") resolve({ seconds: last.seconds });
      else {
        thawAll(mountPoints);
        resolve({ seconds: (performance.now() - startedAt) / 1000 });
      }
    };
    child.once("close", conclude);
    child.once("error", conclude);
  });
  // It may have ended by itself; then there is nobody to tell.
  child.stdin.on("error", () => undefined);
  return {
    frozen,
    ended,
    async thaw() {
      child.stdin.end();
      return (await ended).seconds;
    },
  };
}

function freezeFailed(mountPoints: readonly string[], problem: string): MigrationError {
  return new MigrationError("quiesce.freeze-failed", {
    mountPoint: mountPoints.join(", "),
    problem,
  });
}

/** Thawing what isn't frozen is refused by the kernel and harms nothing. */
function thawAll(mountPoints: readonly string[]): void {
  for (const mountPoint of mountPoints.toReversed())
    spawnSync("fsfreeze", ["--unfreeze", mountPoint]);
}

function leftoversFile(stateFolder: string): string {
  return join(stateFolder, "frozen.json");
}

/** Thaws what an agent left frozen that was killed together with its freezer. */
export async function thawLeftovers(stateFolder: string, say: Say): Promise<void> {
  const mountPoints = await findJsonFile(leftoversFile(stateFolder), z.array(z.string()));
  if (mountPoints === undefined) return;
  thawAll(mountPoints);
  say({
    event: "note",
    text: `Thawed what an earlier agent may have left frozen: ${mountPoints.join(", ")}`,
  });
  await rm(leftoversFile(stateFolder), { force: true });
}
