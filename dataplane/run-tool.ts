import { execFile } from "node:child_process";
import { MigrationError } from "#domain/errors.ts";

export interface ToolRun {
  /** Undefined when the tool isn't installed. */
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

const timeoutMs = 30_000;

/** Runs a system tool that only looks, in the C locale; a bad status is a result, not an error. */
export function runTool(command: string, args: readonly string[]): Promise<ToolRun> {
  const env = { ...process.env, LC_ALL: "C", PATH: `${process.env.PATH ?? ""}:/usr/sbin:/sbin` };
  return new Promise((resolve, reject) => {
    execFile(
      command,
      args,
      { env, timeout: timeoutMs, maxBuffer: 64 * 1024 * 1024, encoding: "utf8" },
      (error, stdout, stderr) => {
        if (error === null) resolve({ status: 0, stdout, stderr });
        else if (error.code === "ENOENT") resolve({ status: undefined, stdout, stderr });
        else if (typeof error.code === "number") resolve({ status: error.code, stdout, stderr });
        else
          reject(
            new MigrationError("internal.unexpected", { problem: error.message }, { cause: error }),
          );
      },
    );
  });
}
