import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** Where the standalone edition keeps everything, unless it is told. */
export function defaultDataFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env.HYPERMOTION_DATA !== undefined) return resolve(env.HYPERMOTION_DATA);
  if (process.getuid?.() === 0) return "/var/lib/hypermotion";
  return join(env.XDG_DATA_HOME ?? join(homedir(), ".local", "share"), "hypermotion");
}
