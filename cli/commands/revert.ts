import type { Command } from "commander";
import { addCommand, type Setting } from "../command.ts";
import type { RunOptions } from "../follow.ts";
import { detachOption, startAndFollow } from "./move.ts";

export function addRevert(program: Command, setting: Setting): void {
  addCommand<RunOptions>(program, setting, {
    usage: "revert <server>",
    summary: "revert",
    args: ["arg server"],
    options: [detachOption],
    examples: ["hypermotion revert web-1"],
    run: (context, [server], options) =>
      startAndFollow(context, server, options, (client, { id }) => client.revert(id)),
  });
}
