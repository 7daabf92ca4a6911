/** One command of the command line: its words, its options, what it does. */
import type { Command } from "commander";
import type { Context } from "./context.ts";
import type { Say, Words } from "./words.ts";

export type OptionSpec = readonly [flags: string, description: Words, repeats?: "repeats"];

export interface CommandSpec<O> {
  /** With its arguments, such as `show <server>`. */
  readonly usage: string;
  readonly summary: Words;
  /** In the order of the arguments. */
  readonly args?: readonly Words[];
  readonly options?: readonly OptionSpec[];
  readonly examples: readonly string[];
  /** Done where its group is named without a command. */
  readonly isDefault?: true;
  run(context: Context, args: readonly string[], options: O): Promise<void>;
}

/** What each command gets: how it is described, and what is made for its run. */
export interface Setting {
  readonly say: Say;
  context(options: { json?: boolean; console?: string }): Context;
}

/** Flags that every command takes. */
export type CommonOptions = { json?: boolean; console?: string };

export function addCommand<O>(parent: Command, setting: Setting, spec: CommandSpec<O>): void {
  const { say } = setting;
  const [name = "", ...args] = spec.usage.split(" ");
  const command = parent
    .command(name, { isDefault: spec.isDefault === true })
    .description(say(spec.summary));
  for (const [index, arg] of args.entries()) {
    const words = spec.args?.[index];
    command.argument(arg, words === undefined ? "" : say(words));
  }
  for (const [flags, description, repeats] of spec.options ?? []) {
    if (repeats === undefined) command.option(flags, say(description));
    else command.option(flags, say(description), collect);
  }
  command
    .option("--json", say("option json"))
    .option("--console <url>", say("option console"))
    .option("--lang <language>", say("option lang"))
    .helpOption("-h, --help", say("option help"))
    .addHelpText("after", examples(say, spec.examples))
    .action(async () => {
      const options = command.opts<O & CommonOptions>();
      await spec.run(setting.context(options), command.args, options);
    });
}

export function addGroup(parent: Command, setting: Setting, name: string, summary: Words): Command {
  const { say } = setting;
  return parent
    .command(name)
    .description(say(summary))
    .helpOption("-h, --help", say("option help"))
    .helpCommand(false);
}

function examples(say: Say, lines: readonly string[]): string {
  return `\n${say("examples")}\n${lines.map((line) => `  ${line}`).join("\n")}`;
}

function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}
