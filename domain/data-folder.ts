/** Where the standalone edition keeps everything unless it is told; the command line looks there too. */
export function defaultDataFolder(process: {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly getuid?: () => number;
}): string {
  const { HYPERMOTION_DATA, XDG_DATA_HOME, HOME = "" } = process.env;
  if (HYPERMOTION_DATA !== undefined && HYPERMOTION_DATA !== "") return HYPERMOTION_DATA;
  if (process.getuid?.() === 0) return "/var/lib/hypermotion";
  return `${XDG_DATA_HOME ?? `${HOME}/.local/share`}/hypermotion`;
}
