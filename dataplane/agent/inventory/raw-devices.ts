/**
 * Block devices bound to character devices, past the kernel's cache, as some databases want them. Gone from Linux
 * since 5.14. Source: raw(8), Documentation/admin-guide/devices.txt.
 */
import { readdir } from "node:fs/promises";
import { type BlockDevice, withAllBelow } from "../../block-devices.ts";
import { runTool } from "../../run-tool.ts";

/** `/dev/raw/raw1:  bound to major 8, minor 17` → `8:17` */
export function parseRaw(text: string): string[] {
  const bound = /^\S+:\s+bound to major (\d+), minor (\d+)/gm;
  return [...text.matchAll(bound)].map(([, major, minor]) => `${major}:${minor}`);
}

export async function readRawDevices(
  attached: readonly BlockDevice[],
): Promise<{ rawDevices?: string[]; notSeen: string[] }> {
  const made = await readdir("/sys/class/raw").catch(() => []);
  if (!made.some((name) => /^raw\d+$/.test(name))) return { rawDevices: [], notSeen: [] };
  const run = await runTool("raw", ["-qa"]);
  if (run.status !== 0) return { notSeen: [`raw devices: ${run.problem}`] };
  const devices = [...attached, ...attached.flatMap(withAllBelow)];
  const rawDevices = parseRaw(run.stdout).map(
    (number) => devices.find(({ device }) => device === number)?.name ?? number,
  );
  return { rawDevices, notSeen: [] };
}
