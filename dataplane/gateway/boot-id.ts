import { readFile } from "node:fs/promises";

/**
 * Of this start of the gateway's machine. Where a process stands for a machine (the local target),
 * HYPERMOTION_BOOT_ID names the start of that.
 */
export async function readBootId(env: NodeJS.ProcessEnv): Promise<string> {
  const kernel = (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
  const instance = env.HYPERMOTION_BOOT_ID;
  return instance === undefined || instance === "" ? kernel : `${kernel}/${instance}`;
}
