import type { Language } from "#domain/errors.ts";

/** `--lang`, wherever it stands, else what the terminal speaks. Needed before options are parsed. */
export function languageOf(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Language {
  const index = args.findIndex((arg) => arg === "--lang" || arg.startsWith("--lang="));
  const found = args[index];
  const asked = found === "--lang" ? args[index + 1] : found?.slice("--lang=".length);
  const locale = asked ?? env.LC_ALL ?? env.LC_MESSAGES ?? env.LANG ?? "";
  return locale.toLowerCase().startsWith("zh") ? "zh" : "en";
}
