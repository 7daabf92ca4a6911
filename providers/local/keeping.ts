/** The console's side of a keeper (keeper.ts): start it, see how it is, end it; and the files between them. */
import { spawn } from "node:child_process";
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { MigrationError } from "#domain/errors.ts";
import { readLog } from "./logs.ts";
import { isRunning, processesWith, processIdentity, signal } from "./processes.ts";
import { oneAtATime, readIfThere, writeAtomically } from "./records.ts";

/**
 * In the environment of a keeper and all it starts, with the instance's folder as its value: how an
 * instance's processes are told from all others on this machine.
 */
export const instanceVariable = "HYPERMOTION_INSTANCE";

const keepOrder = z.object({
  command: z.array(z.string()).min(1),
  /** Start it again when it ends. */
  restart: z.boolean(),
  /** Where what it prints goes, below the instance's folder. */
  output: z.string(),
  /** Ask QEMU to press the power button before any signal. */
  powerButton: z.boolean(),
  /** How long it may take to stop before it is killed. */
  stopMs: z.number(),
  maxLogBytes: z.number(),
});
export type KeepOrder = z.output<typeof keepOrder>;

/** `bootId` is new for each start of the instance; a gateway finds it as HYPERMOTION_BOOT_ID. */
const keeper = processIdentity.extend({ bootId: z.string() });
export type Keeper = z.output<typeof keeper>;

const ending = z.object({
  /** Of the start that ended. */
  bootId: z.string(),
  exitCode: z.number().nullable(),
  /** In words: a signal, an exit status, a failed start. */
  how: z.string(),
  /** It was told to end. */
  ordered: z.boolean(),
});
export type Ending = z.output<typeof ending>;

export async function readOrder(folder: string): Promise<KeepOrder> {
  return keepOrder.parse(JSON.parse((await readIfThere(join(folder, "keep.json"))) ?? "{}"));
}

export async function writeKeeper(folder: string, value: Keeper): Promise<void> {
  await writeAtomically(join(folder, "process.json"), JSON.stringify(value));
}

export async function writeEnding(folder: string, value: Ending): Promise<void> {
  await writeAtomically(join(folder, "exit.json"), JSON.stringify(value));
}

/**
 * How an instance's keeper is: `never` started, `running`, `ended` by itself or by order, or `lost`: gone
 * without a word, because it was killed or the machine restarted since.
 */
export type Keeping =
  | { state: "never" }
  | { state: "running"; keeper: Keeper }
  | { state: "ended"; keeper: Keeper; ending: Ending }
  | { state: "lost"; keeper: Keeper };

export async function lookAtKeeper(folder: string): Promise<Keeping> {
  const text = await readIfThere(join(folder, "process.json"));
  if (text === undefined) return { state: "never" };
  const last = keeper.parse(JSON.parse(text));
  if (isRunning(last)) return { state: "running", keeper: last };
  const exit = await readIfThere(join(folder, "exit.json"));
  const lastEnding = exit === undefined ? undefined : ending.parse(JSON.parse(exit));
  return lastEnding?.bootId === last.bootId
    ? { state: "ended", keeper: last, ending: lastEnding }
    : { state: "lost", keeper: last };
}

/** Only what programs need to run; the console's environment may hold secrets. */
function plainEnvironment(): NodeJS.ProcessEnv {
  const names = ["PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ"];
  return Object.fromEntries(names.map((name) => [name, process.env[name]]));
}

const bootIdOf = (keeping: Keeping) =>
  keeping.state === "never" ? undefined : keeping.keeper.bootId;

const startTimeoutMs = 30_000;

/**
 * Starts a keeper unless one runs, in a session of its own so that it outlives this process. Returns
 * when it has said who it is. @throws `cloud.transient` when it does not
 */
export async function ensureKeeper(folder: string, order: KeepOrder): Promise<void> {
  await oneAtATime(`${folder}/keep.json`, async () => {
    const earlier = await lookAtKeeper(folder);
    if (earlier.state === "running") return;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeAtomically(join(folder, "keep.json"), JSON.stringify(order));
    const log = await open(join(folder, "keeper.log"), "a", 0o600);
    try {
      const entry = fileURLToPath(new URL("keeper.ts", import.meta.url));
      const child = spawn(process.execPath, [entry, folder], {
        detached: true,
        stdio: ["ignore", log.fd, log.fd],
        env: { ...plainEnvironment(), [instanceVariable]: folder },
      });
      child.on("error", () => undefined);
      child.unref();
    } finally {
      await log.close();
    }
    const before = performance.now();
    // A start that fails at once is over when we look: its boot id tells it from the one before.
    while (bootIdOf(await lookAtKeeper(folder)) === bootIdOf(earlier)) {
      if (performance.now() - before > startTimeoutMs) {
        const seen = (await readLog(join(folder, "keeper.log"), 1000)).trim();
        throw new MigrationError("cloud.transient", {
          platform: "local",
          problem: `waited ${startTimeoutMs / 1000} s for the keeper in ${folder} to start; it said: ${seen}`,
        });
      }
      await sleep(20);
    }
  });
}

/** Tells an instance to end, after a start that is under way; returns at once. */
export async function orderEnd(folder: string): Promise<void> {
  await oneAtATime(`${folder}/keep.json`, async () => {
    const keeping = await lookAtKeeper(folder);
    if (keeping.state === "running") signal(keeping.keeper, "SIGTERM");
    else for (const orphan of processesWith(instanceVariable, folder)) signal(orphan, "SIGTERM");
  });
}

/** What a keeper gets to notice the end of what it keeps and to leave; orphans would not be reaped. */
const leaveMs = 3_000;
const killTimeoutMs = 10_000;

/**
 * Ends every process of an instance: it gets `patienceMs` to end by itself, then all are killed, the
 * keeper last. @throws `cloud.transient` when even that does not end them
 */
export async function endAll(folder: string, patienceMs: number): Promise<void> {
  if (patienceMs > 0) await orderEnd(folder);
  const startedAt = performance.now();
  for (;;) {
    const remaining = processesWith(instanceVariable, folder);
    if (remaining.length === 0) return;
    const overdueMs = performance.now() - startedAt - patienceMs;
    const keeping = await lookAtKeeper(folder);
    const keeperPid = keeping.state === "running" ? keeping.keeper.pid : undefined;
    for (const process of remaining) {
      const mayLiveMs = process.pid === keeperPid ? leaveMs : 0;
      if (overdueMs >= mayLiveMs) signal(process, "SIGKILL");
    }
    if (overdueMs > killTimeoutMs) {
      throw new MigrationError("cloud.transient", {
        platform: "local",
        problem: `waited for the processes ${remaining.map(({ pid }) => pid)} of ${folder} to end`,
      });
    }
    await sleep(50);
  }
}
