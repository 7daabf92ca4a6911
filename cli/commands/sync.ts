import type { Command } from "commander";
import { addCommand, type Setting } from "../command.ts";
import type { RunOptions } from "../follow.ts";
import { detachOption, startAndFollow } from "./move.ts";

export function addSync(program: Command, setting: Setting): void {
  addCommand<RunOptions>(program, setting, {
    usage: "sync <server>",
    summary: "sync",
    args: ["arg server"],
    options: [detachOption],
    examples: ["hypermotion sync web-1", "hypermotion sync web-1 --json"],
    run: (context, [server], options) =>
      startAndFollow(context, server, options, (client, { id }) => client.sync(id)),
  });
}
