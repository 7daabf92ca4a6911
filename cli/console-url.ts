import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { consoleFile } from "#api/console.ts";
import { defaultDataFolder } from "#domain/data-folder.ts";
import { MigrationError } from "#domain/errors.ts";

const usualUrl = "http://127.0.0.1:18088";

/** What was asked for, else the console that works on this machine's data. */
export async function findConsoleUrl(
  asked: string | undefined,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const given = asked ?? env.HYPERMOTION_CONSOLE;
  if (given !== undefined) return checked(given);
  const getuid = process.getuid;
  const folder = defaultDataFolder(getuid === undefined ? { env } : { env, getuid });
  try {
    const text = await readFile(join(folder, "console.json"), "utf8");
    return consoleFile.parse(JSON.parse(text)).url;
  } catch {
    // None has run here, or for another user: the usual port is the best guess.
    return usualUrl;
  }
}

function checked(given: string): string {
  const isUrl = URL.canParse(given) && /^https?:$/.test(new URL(given).protocol);
  if (isUrl) return given.replace(/\/+$/, "");
  throw new MigrationError("input.invalid", {
    where: "--console",
    problem: `${given} is not a URL such as ${usualUrl}`,
  });
}
