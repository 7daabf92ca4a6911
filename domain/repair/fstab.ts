/** fstab and crypttab: which lines name disks, and how to name them for good. Source: fstab(5). */
import { type DeviceNames, isBareDeviceName } from "./device-names.ts";
import type { Rewritten } from "./rewritten.ts";

export interface FstabEntry {
  readonly source: string;
  readonly mountPoint: string;
  readonly type: string;
  readonly options: readonly string[];
}

export function fstabEntries(text: string): FstabEntry[] {
  return text.split("\n").flatMap((line) => {
    const [source = "", mountPoint = "", type = "", options = ""] = line.trim().split(/\s+/);
    if (source === "" || source.startsWith("#")) return [];
    return [{ source, mountPoint, type, options: options.split(",") }];
  });
}

/**
 * Replaces bare device names in one column. A line whose disk was not migrated becomes a comment: it
 * would stop the boot, or mount some other disk that got that name.
 * @param column 0 in fstab, 1 in crypttab.
 */
export function nameDisksForGood(text: string, column: 0 | 1, names: DeviceNames): Rewritten {
  const details: string[] = [];
  const lines = text.split("\n").map((line) => {
    const words = line.trim().split(/\s+/);
    const device = words[column] ?? "";
    if (words[0]?.startsWith("#")) return line;
    const isLost = names.isMissing(device) && !/\b(nofail|noauto)\b/.test(words[3] ?? "");
    if (!isLost && !isBareDeviceName(device)) return line;
    const stable = isLost ? undefined : names.findStable(device);
    if (stable === undefined) {
      details.push(`${device} was not migrated: its line is a comment now`);
      return `# Not migrated: ${line}`;
    }
    details.push(`${device} is ${stable} now`);
    return replaceWord(line, column, stable);
  });
  return { text: lines.join("\n"), details };
}

/** Keeps the spaces, which people use to make tables. */
function replaceWord(line: string, column: number, word: string): string {
  let seen = -1;
  return line.replace(/\S+/g, (old) => {
    seen++;
    return seen === column ? word : old;
  });
}
