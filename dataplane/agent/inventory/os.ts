import { readFile } from "node:fs/promises";
import { release } from "node:os";
import type { Inventory } from "#domain/inventory.ts";

/** `KEY=value` lines with shell quoting. Source: os-release(5). */
export function parseOsRelease(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, key, raw] = /^\s*([A-Z0-9_]+)=(.*?)\s*$/.exec(line) ?? [];
    if (key === undefined || raw === undefined) continue;
    const unquoted = /^(["'])(.*)\1$/.exec(raw)?.[2] ?? raw;
    values.set(key, unquoted.replace(/\\(["'$`\\])/g, "$1"));
  }
  return values;
}

export async function readOs(): Promise<{ os: Inventory["os"]; notSeen: string[] }> {
  const kernel = release();
  const text = await readFile("/etc/os-release", "utf8").catch(() => undefined);
  if (text === undefined) {
    return { os: { family: "linux", kernel }, notSeen: ["the distribution: no /etc/os-release"] };
  }
  const values = parseOsRelease(text);
  const distribution = values.get("ID");
  const version = values.get("VERSION_ID");
  return {
    os: {
      family: "linux",
      ...(distribution === undefined ? {} : { distribution }),
      ...(version === undefined ? {} : { version }),
      kernel,
    },
    notSeen: [],
  };
}
