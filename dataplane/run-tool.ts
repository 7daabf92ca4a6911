import { execFile } from "node:child_process";

export interface ToolRun {
  /** Undefined when the tool isn't installed, or was ended before it was through. */
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
  /** False: there is no such tool. */
  readonly isInstalled: boolean;
  /** Why it didn't do what it was asked, in words; empty with status 0. */
  readonly problem: string;
}

const usualTimeoutMs = 30_000;

/**
 * Runs a system tool that only looks, in the C locale; a bad status is a result, not an error. Returns in time
 * even when the tool can't be ended, as one that waits for a dead disk: it is left alone then.
 */
export function runTool(
  command: string,
  args: readonly string[],
  timeoutMs: number = usualTimeoutMs,
): Promise<ToolRun> {
  const env = { ...process.env, LC_ALL: "C", PATH: `${process.env.PATH ?? ""}:/usr/sbin:/sbin` };
  return new Promise((resolve) => {
    const child = execFile(
      command,
      args,
      { env, maxBuffer: 64 * 1024 * 1024, encoding: "utf8" },
      (error, stdout, stderr) => {
        clearTimeout(timer);
        const status = error === null ? 0 : numberOrNone(error.code);
        const problem = error === null ? "" : problemOf(command, error, stderr);
        resolve({ status, stdout, stderr, isInstalled: error?.code !== "ENOENT", problem });
      },
    );
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      child.stdout?.destroy();
      child.stderr?.destroy();
      child.unref();
      const problem = `${command} took more than ${timeoutMs / 1000} s`;
      resolve({ status: undefined, stdout: "", stderr: "", isInstalled: true, problem });
    }, timeoutMs);
  });
}

function numberOrNone(code: unknown): number | undefined {
  return typeof code === "number" ? code : undefined;
}

function problemOf(
  command: string,
  error: { code?: unknown; message: string },
  stderr: string,
): string {
  if (error.code === "ENOENT") return `${command} is not installed`;
  if (error.code === "EACCES") return `${command} may not be run`;
  const told = stderr.trim().split("\n").at(-1)?.trim() ?? "";
  if (told !== "") return told.startsWith(command) ? told : `${command}: ${told}`;
  return typeof error.code === "number"
    ? `${command} ended with status ${error.code}`
    : `${command}: ${error.message}`;
}
