import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** The map of a large, worn file system has millions of lines, and takes its time. */
const limitMs = 60_000;

/**
 * Runs a system tool in the C locale and gives its output line by line, whatever its length.
 * @throws when it is not installed, ends with another status than 0, or takes longer than a minute; and
 * whatever `onLine` throws
 */
export async function readLines(
  command: string,
  args: readonly string[],
  onLine: (line: string) => void,
): Promise<void> {
  const env = { ...process.env, LC_ALL: "C", PATH: `${process.env.PATH ?? ""}:/usr/sbin:/sbin` };
  const child = spawn(command, args, {
    env,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: limitMs,
    killSignal: "SIGKILL",
  });
  const ended = Promise.withResolvers<void>();
  let complaint = "";
  child.stderr.on("data", (chunk: Buffer) => {
    // Of a tool with a progress bar only the end says something.
    complaint = (complaint + chunk.toString("utf8")).slice(-300);
  });
  child.once("error", (error) => ended.reject(error));
  child.once("close", (status, signal) => {
    if (status === 0) ended.resolve();
    else if (signal !== null) ended.reject(new Error(`${command} took too long`));
    else ended.reject(new Error(`${command}: ${complaint.trim() || `status ${status}`}`));
  });
  ended.promise.catch(() => undefined);
  try {
    for await (const line of createInterface({ input: child.stdout })) onLine(line);
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
  await ended.promise;
}
