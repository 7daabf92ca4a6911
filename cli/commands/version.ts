import type { Command } from "commander";
import { version } from "#domain/version.ts";
import { addCommand, type Setting } from "../command.ts";
import { type Context, isError } from "../context.ts";

export function addVersion(program: Command, setting: Setting): void {
  addCommand(program, setting, {
    usage: "version",
    summary: "version",
    examples: ["hypermotion version", "hypermotion version --json"],
    async run(context) {
      const console = await consoleVersion(context);
      const { out } = context;
      if (out.json) {
        return out.object({ version, node: process.versions.node, console: console ?? null });
      }
      out.line(`hypermotion ${version} (Node ${process.versions.node})`);
      if (console !== undefined) out.line(`console ${console}`);
    },
  });
}

/** Undefined when none runs: the command line's own version is an answer too. */
async function consoleVersion(context: Context): Promise<string | undefined> {
  try {
    return (await (await context.client()).health()).version;
  } catch (error) {
    if (isError(error, "console.unreachable")) return undefined;
    throw error;
  }
}
