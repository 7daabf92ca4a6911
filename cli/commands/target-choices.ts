import type { Command } from "commander";
import type { ChoiceView } from "#api/targets.ts";
import { addCommand, type Setting } from "../command.ts";
import { badInput, type Context } from "../context.ts";
import { aboutChoice } from "../target-form.ts";
import { readObject, setValue } from "../target-settings.ts";

interface Options {
  type?: string;
  set?: string[];
  credentials?: string;
}

/** For who writes a target's file: `target add` on a terminal shows the same choices. */
export function addTargetChoices(group: Command, setting: Setting): void {
  addCommand<Options>(group, setting, {
    usage: "choices <setting>",
    summary: "target choices",
    args: ["arg setting"],
    options: [
      ["--type <platform>", "target type"],
      ["--set <key=value>", "target set", "repeats"],
      ["--credentials <file>", "target credentials"],
    ],
    examples: [
      "hypermotion target choices region --type tencent --credentials tencent.json",
      "hypermotion target choices subnetId --type aws --set region=eu-central-1 --credentials aws.json",
    ],
    async run(context, [field = ""], { type, set = [], credentials: file }) {
      const { say } = context;
      if (type === undefined)
        throw badInput("--type", say("missing argument", { name: "<platform>" }));
      const config: Record<string, unknown> = {};
      for (const pair of set) setValue(context, config, pair);
      const credentials = await readObject(context, "--credentials", file);
      const client = await context.client();
      const { items } = await client.listChoices(type, { field, config, credentials });
      showChoices(context, items);
    },
  });
}

export function showChoices({ out, say }: Context, items: ChoiceView[]): void {
  if (out.json) out.object({ items });
  else if (items.length === 0) out.line(say("none"));
  else
    out.table(
      [say("VALUE"), ""],
      items.map((item) => [item.value, aboutChoice(say, item)]),
    );
}
