import type { Command } from "commander";
import { addCommand, type Setting } from "../command.ts";
import { badInput } from "../context.ts";
import type { RunOptions } from "../follow.ts";
import { detachOption, startAndFollow } from "./move.ts";

interface Options extends RunOptions {
  source?: boolean;
  freeze?: boolean;
}

export function addVerify(program: Command, setting: Setting): void {
  addCommand<Options>(program, setting, {
    usage: "verify <server>",
    summary: "verify",
    args: ["arg server"],
    options: [["--source", "verify source"], ["--freeze", "verify freeze"], detachOption],
    examples: [
      "hypermotion verify web-1",
      "hypermotion verify web-1 --source --freeze",
      "hypermotion verify web-1 --json",
    ],
    run(context, [server], options) {
      const { source = false, freeze = false } = options;
      if (freeze && !source) throw badInput("--freeze", context.say("verify freeze alone"));
      return startAndFollow(context, server, options, (client, { id }) =>
        client.verify(id, { source, freeze }),
      );
    },
  });
}
