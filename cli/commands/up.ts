import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { addCommand, type Setting } from "../command.ts";
import type { Context } from "../context.ts";
import { wholeNumber } from "../values.ts";

interface Options {
  data?: string;
  port?: string;
  machinesPort?: string;
  listen?: string;
  advertise?: string;
  resetPassword?: string;
}

/** Started as a process of its own: a client has no back door into the console. */
const console = fileURLToPath(new URL("../../local/main.ts", import.meta.url));

export function addUp(program: Command, setting: Setting): void {
  addCommand<Options>(program, setting, {
    usage: "up",
    summary: "up",
    options: [
      ["--data <folder>", "up data"],
      ["--port <port>", "up port"],
      ["--machines-port <port>", "up machines-port"],
      ["--listen <address>", "up listen"],
      ["--advertise <address>", "up advertise"],
      ["--reset-password <user>", "up reset-password"],
    ],
    examples: [
      "hypermotion up",
      "hypermotion up --listen 0.0.0.0 --advertise 192.0.2.10",
      "hypermotion up --data /srv/hypermotion --port 0 --machines-port 0",
    ],
    async run(context, _args, options) {
      wholeNumber(context, "--port", options.port);
      wholeNumber(context, "--machines-port", options.machinesPort);
      process.exitCode = await runConsole(context, [
        ...flag("--data", options.data),
        ...flag("--port", options.port),
        ...flag("--machines-port", options.machinesPort),
        ...flag("--listen", options.listen),
        ...flag("--advertise", options.advertise),
        ...flag("--reset-password", options.resetPassword),
        ...flag("--lang", context.language),
        ...(context.out.json ? ["--json"] : []),
      ]);
    },
  });
}

function flag(name: string, value: string | undefined): string[] {
  return value === undefined ? [] : [name, value];
}

function runConsole(context: Context, args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [console, ...args], {
    stdio: "inherit",
    env: context.env,
  });
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  // At a terminal the child gets Ctrl-C as well; a second one does it no harm.
  const forward = (signal: NodeJS.Signals) => child.kill(signal);
  for (const signal of signals) process.on(signal, forward);
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (status, signal) => {
      for (const name of signals) process.off(name, forward);
      resolve(status ?? (signal === null ? 1 : 128));
    });
  });
}
