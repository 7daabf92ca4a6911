import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { MigrationError } from "#domain/errors.ts";

export interface LimitedProcess {
  readonly env: Record<string, string>;
  readonly input: string;
  readonly signal: AbortSignal;
  /** Takes its standard error, shortened and without control characters. */
  readonly log: (line: string) => void;
}

/** An inspection is some 100 kB; a menu with very many kernels makes it a few times that. */
const maxOutputBytes = 8 * 1024 * 1024;
const maxLogLines = 2_000;
const maxLineCharacters = 500;

/**
 * Runs a program in a process group and session of its own, with no terminal to speak to.
 *
 * It is killed, with its group, when the signal aborts and when this process dies. Resolves with its
 * standard output when all that holds its output has ended, whatever its status.
 * @throws the signal's reason; `repair.failed` when it writes too much.
 */
export async function runLimited(
  command: string,
  args: readonly string[],
  { env, input, signal, log }: LimitedProcess,
): Promise<{ readonly status: number | null; readonly output: string }> {
  signal.throwIfAborted();
  const child = spawn("setpriv", ["--pdeathsig", "KILL", command, ...args], {
    env: { LC_ALL: "C", PATH: `${process.env.PATH ?? ""}:/usr/sbin:/sbin`, ...env },
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  const kill = () => {
    if (child.pid !== undefined && child.exitCode === null) killGroup(child.pid);
  };
  signal.addEventListener("abort", kill, { once: true });

  // It may end without reading its input; its status and output tell why.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  let lines = 0;
  createInterface({ input: child.stderr }).on("line", (line) => {
    if (lines++ < maxLogLines) log(printable(line));
  });
  const chunks: Buffer[] = [];
  let bytes = 0;
  child.stdout.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxOutputBytes) kill();
    else chunks.push(chunk);
  });

  try {
    await once(child, "close");
  } finally {
    signal.removeEventListener("abort", kill);
  }
  signal.throwIfAborted();
  if (bytes > maxOutputBytes) {
    const problem = `it wrote more than ${maxOutputBytes} bytes`;
    throw new MigrationError("repair.failed", { action: command, problem });
  }
  return { status: child.exitCode, output: Buffer.concat(chunks).toString("latin1") };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    // It ended by itself just now.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

function printable(line: string): string {
  return line.replace(/\p{Cc}/gu, " ").slice(0, maxLineCharacters);
}
