import type { Command } from "commander";
import { addCommand, type Setting } from "../command.ts";
import type { RunOptions } from "../follow.ts";
import { detachOption, startAndFollow } from "./move.ts";

export function addAccept(program: Command, setting: Setting): void {
  addCommand<RunOptions>(program, setting, {
    usage: "accept <server>",
    summary: "accept",
    args: ["arg server"],
    options: [detachOption],
    examples: ["hypermotion accept web-1"],
    run: (context, [server], options) =>
      startAndFollow(context, server, options, (client, { id }) => client.accept(id)),
  });
}
