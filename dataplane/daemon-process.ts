/** Runs one of our daemons as a real process in a test, and keeps what it says. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export interface Daemon {
  readonly child: ChildProcess;
  /** All it wrote so far to both outputs. */
  readonly output: () => string;
  /** Resolves when its output holds the text; rejects, showing the output, when it ends before. */
  readonly says: (text: string) => Promise<void>;
  /** Resolves with its exit status, -1 when a signal ended it. */
  readonly ended: Promise<number>;
  readonly kill: (signal: NodeJS.Signals) => Promise<number>;
}

export function startDaemon(
  program: "agent/hypermotion-agent.mjs" | "gateway/hypermotion-gateway.mjs",
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Daemon {
  const path = fileURLToPath(new URL(program, import.meta.url));
  const child = spawn(process.execPath, [path, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, LC_ALL: "C", ...env },
  });
  let output = "";
  const keep = (chunk: Buffer) => {
    output += chunk.toString("utf8");
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const ended = once(child, "close").then(([status]) => (typeof status === "number" ? status : -1));
  return {
    child,
    output: () => output,
    async says(text) {
      while (!output.includes(text)) {
        if (child.exitCode !== null) throw new Error(`it ended without saying ${text}:\n${output}`);
        await Promise.race([once(child.stderr, "data"), once(child.stdout, "data"), ended]);
      }
    },
    ended,
    kill(signal) {
      child.kill(signal);
      return ended;
    },
  };
}
