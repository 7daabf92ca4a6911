import { spawn } from "node:child_process";
import { MigrationError } from "#domain/errors.ts";

const hookTimeoutMs = 10 * 60_000;
const keptOutputBytes = 2_000;

/**
 * Runs a hook of the user's through the shell, with the session's id in HYPERMOTION_SESSION.
 * @throws `quiesce.hook-failed` when it ends badly, lasts longer than ten minutes, or is called back.
 */
export async function runHook(
  command: string,
  sessionId: string,
  signal?: AbortSignal,
): Promise<void> {
  const child = spawn("/bin/sh", ["-c", command], {
    // A group of its own, so that what the hook started ends with it.
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, HYPERMOTION_SESSION: sessionId },
  });
  let output = "";
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString("utf8")).slice(-keptOutputBytes);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const kill = () => {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  };
  const timer = setTimeout(kill, hookTimeoutMs);
  signal?.addEventListener("abort", kill, { once: true });
  try {
    const ending = await new Promise<string>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", (status, by) => resolve(status === 0 ? "" : `ended with ${status ?? by}`));
    });
    if (ending === "") return;
    const problem = `${ending}${output === "" ? "" : `: ${output.trim()}`}`;
    throw new MigrationError("quiesce.hook-failed", { hook: command, problem });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", kill);
  }
}
