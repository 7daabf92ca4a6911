import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { MigrationError } from "#domain/errors.ts";

/** How much of a failing script's words is kept for the error. */
const keptCharacters = 600;

/**
 * Runs a script of this folder as root in mount and PID namespaces of its own, so that its mounts, loop
 * devices and children end with it, however it ends.
 *
 * A line `STEP words` of its output goes to `onStep`; all other lines are returned.
 * @throws `demo.no-source-server` with the script's last words when it fails.
 */
export async function runIsolatedScript(
  name: string,
  environment: Record<string, string>,
  onStep: (step: string) => void = () => {},
): Promise<string[]> {
  const script = fileURLToPath(new URL(name, import.meta.url));
  const isolated = ["--mount", "--propagation=private", "--pid", "--fork", "--kill-child"];
  const child = spawn(
    "setpriv",
    // When this process is killed, unshare dies with it, and takes the whole PID namespace along.
    ["--pdeathsig", "KILL", "unshare", ...isolated, "--mount-proc", "sh", script],
    { env: { ...process.env, ...environment }, stdio: ["ignore", "pipe", "pipe"] },
  );

  let words = "";
  child.stderr.setEncoding("utf8");
  child.stderr.on("data", (text: string) => {
    words = (words + text).slice(-keptCharacters);
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  ended.catch(() => {}); // It is awaited below, after the output.

  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    if (line.startsWith("STEP ")) onStep(line.slice(5));
    else lines.push(line);
  }
  const status = await ended.catch((cause: unknown) => {
    throw new MigrationError(
      "demo.no-source-server",
      { problem: "setpriv can't be run" },
      { cause },
    );
  });
  if (status !== 0) {
    throw new MigrationError("demo.no-source-server", { problem: `${name}: ${words.trim()}` });
  }
  return lines;
}
