import type { Command } from "commander";
import { confirm } from "../ask.ts";
import { addCommand, type Setting } from "../command.ts";
import { badInput, type Context } from "../context.ts";
import { type LaunchOptions, launchOptions, launchWish } from "../launching.ts";
import { detachOption, startAndFollow } from "./move.ts";

interface Options extends LaunchOptions {
  test?: boolean;
  cutover?: boolean;
  yes?: boolean;
  detach?: boolean;
}

export function addLaunch(program: Command, setting: Setting): void {
  addCommand<Options>(program, setting, {
    usage: "launch <server>",
    summary: "launch",
    args: ["arg server"],
    options: [
      ["--test", "launch test"],
      ["--cutover", "launch cutover"],
      ...launchOptions,
      ["--yes", "option yes"],
      detachOption,
    ],
    examples: [
      "hypermotion launch web-1 --test",
      "hypermotion launch web-1 --cutover --type t3.large --yes",
    ],
    async run(context, [serverName], options) {
      const { say } = context;
      if ((options.test === true) === (options.cutover === true)) {
        throw badInput("launch", say("launch which"));
      }
      const kind = options.cutover === true ? "cutover" : "test";
      await startAndFollow(context, serverName, options, async (client, server) => {
        if (kind === "cutover" && options.yes !== true) {
          await askForCutover(context, server.name);
        }
        return client.launch(server.id, { kind, ...launchWish(options) });
      });
    },
  });
}

async function askForCutover(context: Context, server: string): Promise<void> {
  const { say, stdin } = context;
  if (stdin.isTTY !== true) throw badInput("--cutover", say("launch unconfirmed"));
  await confirm(context, say("launch confirm", { server }));
}
