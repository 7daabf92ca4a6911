import type { Command } from "commander";
import { confirm } from "../ask.ts";
import { addCommand, type Setting } from "../command.ts";
import { detachOption, startAndFollow } from "./move.ts";

interface Options {
  yes?: boolean;
  detach?: boolean;
}

export function addCleanUp(program: Command, setting: Setting): void {
  addCommand<Options>(program, setting, {
    usage: "clean-up <server>",
    summary: "clean-up",
    args: ["arg server"],
    options: [["--yes", "option yes"], detachOption],
    examples: ["hypermotion clean-up web-1", "hypermotion clean-up web-1 --yes --json"],
    run: (context, [serverName], options) =>
      startAndFollow(context, serverName, options, async (client, server) => {
        const { say, out, stdin } = context;
        if (options.yes !== true && out.isTerminal && stdin.isTTY) {
          await confirm(context, say("clean-up confirm", { server: server.name }));
        }
        return client.cleanUp(server.id);
      }),
  });
}
