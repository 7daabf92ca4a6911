/** What commander says about wrong use, in the reader's language. */
import type { CommanderError } from "commander";
import type { Say, Words } from "./words.ts";

/** Commander's codes, and what we say. Source: commander 15, lib/command.js. */
const problems: Readonly<Record<string, Words>> = {
  "commander.unknownCommand": "unknown command",
  "commander.unknownOption": "unknown option",
  "commander.missingArgument": "missing argument",
  "commander.optionMissingArgument": "missing argument",
  "commander.excessArguments": "excess arguments",
};

export function problemOf(error: CommanderError, say: Say): string {
  // A command that only groups others prints its help when none of them is named.
  if (error.code === "commander.help") return say("missing argument", { name: "<command>" });
  const words = problems[error.code];
  const [, name = ""] = /'([^']*)'/.exec(error.message) ?? [];
  return words === undefined ? error.message.replace(/^error: /, "") : say(words, { name });
}
