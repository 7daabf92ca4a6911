import type { Command } from "commander";
import type { DeepCheckPlan } from "#api/targets.ts";
import { moneyText } from "#domain/prices.ts";
import { confirm } from "../ask.ts";
import { addCommand, type Setting } from "../command.ts";
import { badInput, type Context } from "../context.ts";
import { bytes } from "../figures.ts";
import { followOrLeave, type RunOptions } from "../follow.ts";
import { findTarget } from "../names.ts";
import { detachOption } from "./move.ts";

interface Options extends RunOptions {
  deep?: boolean;
  yes?: boolean;
}

/** `check` asks only; `check --deep` makes something, and so asks a person first. */
export function addTargetCheck(group: Command, setting: Setting): void {
  addCommand<Options>(group, setting, {
    usage: "check <target>",
    summary: "target check",
    args: ["arg target"],
    options: [["--deep", "target deep"], ["--yes", "option yes"], detachOption],
    examples: [
      "hypermotion target check prod",
      "hypermotion target check prod --deep",
      "hypermotion target check prod --deep --yes --json",
    ],
    async run(context, [given = ""], options) {
      if (options.deep === true) return checkDeeply(context, given, options);
      const client = await context.client();
      const { id, name } = await findTarget(client, given);
      const checked = await client.checkTarget(id);
      if (context.out.json) context.out.object(checked);
      else context.out.line(context.say("target ok", { name }));
    },
  });
}

async function checkDeeply(context: Context, given: string, options: Options): Promise<void> {
  const { say, out, stdin } = context;
  const client = await context.client();
  const { id, name } = await findTarget(client, given);
  if (options.yes !== true) {
    if (stdin.isTTY !== true) throw badInput("--deep", say("deep unconfirmed"));
    process.stderr.write(`${deepPlan(context, name, await client.planDeepCheck(id))}\n`);
    await confirm(context, say("deep confirm"));
  }
  const run = await client.startDeepCheck(id);
  if (!out.json) out.line(say("started", { kind: run.kind, server: name, run: run.id }));
  await followOrLeave(context, run, options);
}

function deepPlan({ say }: Context, name: string, plan: DeepCheckPlan): string {
  const { volumeBytes, gatewayId, snapshot, cost } = plan;
  return [
    say("deep volume", { name, size: bytes(volumeBytes) }),
    gatewayId === undefined ? say("deep no gateway") : say("deep gateway", { gateway: gatewayId }),
    ...(snapshot ? [say("deep snapshot")] : []),
    cost === undefined ? say("deep unpriced") : say("deep cost", { cost: moneyText(cost) }),
  ].join("\n");
}
