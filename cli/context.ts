/** What every command works with. */
import { type Client, openClient } from "#api/client.ts";
import { type ErrorCode, type Language, MigrationError } from "#domain/errors.ts";
import { findConsoleUrl } from "./console-url.ts";
import type { Output } from "./output.ts";
import { presentSession } from "./present-session.ts";
import { type Say, speaker } from "./words.ts";

export interface Context {
  readonly say: Say;
  readonly language: Language;
  readonly env: NodeJS.ProcessEnv;
  readonly out: Output;
  readonly stdin: NodeJS.ReadStream;
  /** Of the console that was asked for. */
  consoleUrl(): Promise<string>;
  /** With the login kept for that console, if there is one. */
  client(): Promise<Client>;
}

export interface ContextOptions {
  readonly language: Language;
  readonly env: NodeJS.ProcessEnv;
  readonly out: Output;
  readonly stdin: NodeJS.ReadStream;
  readonly console: string | undefined;
}

export function createContext(options: ContextOptions): Context {
  const { language, env, out, stdin } = options;
  const consoleUrl = () => findConsoleUrl(options.console, env);
  return {
    say: speaker(language),
    language,
    env,
    out,
    stdin,
    consoleUrl,
    async client() {
      const baseUrl = await consoleUrl();
      const session = await presentSession(env, baseUrl);
      return openClient({ baseUrl, language, token: () => session?.token });
    },
  };
}

/** A value that a command can't take. */
export function badInput(where: string, problem: string, cause?: unknown): MigrationError {
  return new MigrationError("input.invalid", { where, problem }, { cause });
}

export function isError(error: unknown, code: ErrorCode): error is MigrationError {
  return error instanceof MigrationError && error.code === code;
}
