import type { Command } from "commander";
import { addCommand, type Setting } from "../command.ts";
import { badInput } from "../context.ts";
import { type LaunchOptions, launchOptions, launchWish } from "../launching.ts";
import { findTarget } from "../names.ts";
import { detachOption, startAndFollow } from "./move.ts";

interface Options extends LaunchOptions {
  target?: string;
  launch?: string;
  detach?: boolean;
}

export function addMigrate(program: Command, setting: Setting): void {
  addCommand<Options>(program, setting, {
    usage: "migrate <server>",
    summary: "migrate",
    args: ["arg server"],
    options: [
      ["--target <target>", "migrate target"],
      ["--launch <kind>", "migrate launch"],
      ...launchOptions,
      detachOption,
    ],
    examples: [
      "hypermotion migrate web-1 --target prod",
      "hypermotion migrate web-1 --target prod --launch test --type t3.large",
      "hypermotion migrate web-1 --target prod --detach --json",
    ],
    async run(context, [serverName], options) {
      const { say } = context;
      if (options.target === undefined) {
        throw badInput("--target", say("missing argument", { name: "<target>" }));
      }
      const targetName = options.target;
      const kind = launchKind(options.launch);
      if (kind === "unknown") {
        throw badInput("--launch", say("must be one of", { allowed: "test, cutover" }));
      }
      await startAndFollow(context, serverName, options, async (client, server) => {
        const target = await findTarget(client, targetName);
        return client.migrate(server.id, {
          targetId: target.id,
          ...(kind === undefined ? {} : { launch: { kind, ...launchWish(options) } }),
        });
      });
    },
  });
}

function launchKind(given: string | undefined): "test" | "cutover" | "unknown" | undefined {
  if (given === undefined || given === "test" || given === "cutover") return given;
  return "unknown";
}
