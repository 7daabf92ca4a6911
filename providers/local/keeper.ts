/**
 * What stands between the console and a running instance, as systemd or a hypervisor does in a cloud:
 * a process of its own that starts the gateway or QEMU, starts a gateway again when it dies, keeps
 * the logs bounded, ends everything on SIGTERM or when the instance's folder is gone, and writes down
 * how it ended. It outlives the console.
 *
 *   node keeper.ts <instance folder>        the order is in keep.json (keeping.ts)
 *
 * While it runs it listens on an abstract socket named after the folder: the kernel lets one process
 * have it and takes it back when that dies, so two keepers can't keep one instance.
 */
import { spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { open, realpath, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { hasCode } from "./errors.ts";
import {
  type Ending,
  instanceVariable,
  type KeepOrder,
  readOrder,
  writeEnding,
  writeKeeper,
} from "./keeping.ts";
import { boundLog } from "./logs.ts";
import { identify, processesWith, signal } from "./processes.ts";
import { askQemu } from "./qmp.ts";

const folder = process.argv[2] ?? process.cwd();

const firstPauseMs = 500;
const longestPauseMs = 30_000;
/** A gateway that ran this long was well: the next restart comes at once again. */
const steadyMs = 60_000;
/** What QEMU gets on SIGTERM to write everything out. */
const leaveMs = 5_000;
/** How often logs are bounded, and the folder is looked for. */
const checkMs = 2_000;

function note(text: string): void {
  console.log(`${new Date().toISOString()} ${text}`);
}

async function isOnlyKeeper(): Promise<boolean> {
  const name = createHash("sha256")
    .update(await realpath(folder))
    .digest("hex")
    .slice(0, 32);
  const server = createServer((socket) => socket.destroy());
  server.listen({ path: `\0hypermotion-keeper-${name}` });
  try {
    await once(server, "listening");
  } catch (error) {
    if (hasCode(error, "EADDRINUSE")) return false;
    throw error;
  }
  server.unref();
  return true;
}

function killOthers(): void {
  for (const other of processesWith(instanceVariable, folder)) {
    if (other.pid !== process.pid) signal(other, "SIGKILL");
  }
}

async function runOnce(
  order: KeepOrder,
  bootId: string,
  stopping: AbortSignal,
): Promise<{ exitCode: number | null; signal: string | null; problem?: string }> {
  const output = await open(order.output, "a", 0o600);
  const [program = "", ...args] = order.command;
  const child = spawn(program, args, {
    stdio: ["ignore", output.fd, output.fd],
    env: { ...process.env, HYPERMOTION_BOOT_ID: bootId },
  });
  const ended = once(child, "exit");
  const stop = () => {
    void endChild().catch((error: Error) => note(`stopping: ${error.message}`));
  };

  async function endChild(): Promise<void> {
    const identity = child.pid === undefined ? undefined : identify(child.pid);
    if (identity === undefined) return;
    if (order.powerButton) {
      await askQemu(folder, "system_powerdown").catch((error: Error) =>
        note(`power button: ${error.message}`),
      );
    } else {
      signal(identity, "SIGTERM");
    }
    await Promise.race([ended, sleep(order.stopMs, undefined, { ref: false })]);
    // QEMU writes everything out before it leaves on SIGTERM; a gateway has had its time.
    if (order.powerButton && signal(identity, "SIGTERM"))
      await Promise.race([ended, sleep(leaveMs, undefined, { ref: false })]);
    killOthers();
  }

  stopping.addEventListener("abort", stop);
  if (stopping.aborted) stop();
  try {
    const [exitCode, signalName] = await ended;
    return { exitCode, signal: signalName };
  } catch (error) {
    return {
      exitCode: null,
      signal: null,
      problem: error instanceof Error ? error.message : String(error),
    };
  } finally {
    stopping.removeEventListener("abort", stop);
    await output.close();
  }
}

async function keep(order: KeepOrder, bootId: string, stopping: AbortSignal): Promise<Ending> {
  let pauseMs = firstPauseMs;
  for (;;) {
    const startedAt = performance.now();
    const result = await runOnce(order, bootId, stopping);
    const how = result.problem ?? result.signal ?? `exit status ${result.exitCode}`;
    note(`${order.command[0]} ended: ${how}`);
    killOthers();
    if (stopping.aborted || !order.restart) {
      return { bootId, exitCode: result.exitCode, how, ordered: stopping.aborted };
    }
    if (performance.now() - startedAt > steadyMs) pauseMs = firstPauseMs;
    await sleep(pauseMs, undefined, { signal: stopping }).catch(() => undefined);
    if (stopping.aborted) return { bootId, exitCode: result.exitCode, how, ordered: true };
    pauseMs = Math.min(pauseMs * 2, longestPauseMs);
  }
}

async function main(): Promise<void> {
  process.chdir(folder);
  if (!(await isOnlyKeeper())) return;
  const stopping = new AbortController();
  process.on("SIGTERM", () => stopping.abort());
  process.on("SIGHUP", () => note("SIGHUP is not for us"));

  const order = await readOrder(folder);
  const bootId = randomUUID();
  const me = identify(process.pid);
  if (me === undefined) throw new Error("/proc does not show this process");
  killOthers();
  await rm("qmp.sock", { force: true });
  await writeKeeper(folder, { ...me, bootId });

  const logs = [order.output, "console.log", "keeper.log"];
  const check = setInterval(() => {
    // Removed with all that is in it: nobody will ever ask for this instance, or end it.
    if (!existsSync(folder)) stopping.abort();
    for (const log of new Set(logs)) {
      boundLog(log, order.maxLogBytes).catch((error: Error) => note(`${log}: ${error.message}`));
    }
  }, checkMs);
  const ending = await keep(order, bootId, stopping.signal);
  clearInterval(check);
  if (existsSync(folder)) await writeEnding(folder, ending);
}

await main();
