/** Questions with arrow keys and checks, for whoever sits at a terminal. They go to standard error. */
import { confirm, isCancel, log, password, select, text } from "@clack/prompts";
import type { Context } from "./context.ts";

/** Ctrl-C or Escape at a question. */
export class Left extends Error {}

export interface Question {
  readonly message: string;
  /** @returns what is wrong with what was typed, if something is */
  readonly check: (typed: string) => string | undefined;
}

export interface Choice {
  readonly value: string;
  readonly label?: string;
  readonly hint?: string;
}

export type Prompts = ReturnType<typeof openPrompts>;

export function openPrompts({ say, stdin }: Context) {
  const at = { input: stdin, output: process.stderr };
  return {
    async text({ message, check, usual, before }: Question & { usual?: string; before?: string }) {
      return taken(
        await text({
          ...{ ...at, message, validate: (typed = "") => check(typed) },
          ...(usual === undefined ? {} : { placeholder: usual }),
          ...(before === undefined ? {} : { initialValue: before }),
        }),
      );
    },
    /** Shows a mark for each letter, and none of them afterwards. */
    async secret({ message, check }: Question) {
      return taken(
        await password({ ...at, message, mask: "*", validate: (typed = "") => check(typed) }),
      );
    },
    async choose(message: string, options: readonly Choice[], first?: string) {
      return taken(
        await select<string>({
          ...{ ...at, message, options: [...options], showInstructions: false, maxItems: 12 },
          ...(first === undefined ? {} : { initialValue: first }),
        }),
      );
    },
    async yes(message: string, first: boolean) {
      const words = { active: say("answer yes"), inactive: say("answer no") };
      return taken(await confirm({ ...at, message, initialValue: first, ...words }));
    },
    tell: (message: string) => log.info(message, at),
    warn: (message: string) => log.error(message, at),
  };
}

/** @throws Left */
function taken<T>(answer: T): Exclude<T, symbol> {
  if (isCancel(answer)) throw new Left();
  return answer as Exclude<T, symbol>;
}
