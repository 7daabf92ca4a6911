import { readFile } from "node:fs/promises";
import { release } from "node:os";
import { join } from "node:path";
import type { Inventory } from "#domain/inventory.ts";

type Os = Inventory["os"];

/** `KEY=value` lines with shell quoting. Source: os-release(5). */
export function parseOsRelease(text: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, key, raw] = /^\s*([A-Z0-9_]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key === undefined || raw === undefined) continue;
    const unquoted = /^(["'])(.*)\1$/.exec(raw)?.[2] ?? raw;
    values.set(key, unquoted.replace(/\\(["'$`\\])/g, "$1"));
  }
  return values;
}

/** As they begin in /etc/redhat-release, with the `ID` that os-release has for them. */
const redHats: readonly (readonly [string, string])[] = [
  ["Red Hat", "rhel"],
  ["CentOS", "centos"],
  ["Oracle", "ol"],
  ["Enterprise Linux", "ol"],
  ["Scientific", "scientific"],
  ["AlmaLinux", "almalinux"],
  ["Rocky", "rocky"],
  ["Fedora", "fedora"],
];

/** "CentOS release 6.10 (Final)": what distributions had before os-release, up to RHEL 6. */
export function parseRedHatRelease(text: string): Os {
  const name = text.trim();
  const distribution = redHats.find(([start]) => name.startsWith(start))?.[1];
  const version = / release (\d+(?:\.\d+)*)/.exec(name)?.[1];
  return osOf(distribution, version, name);
}

/** A title, then `VERSION = 11` and `PATCHLEVEL = 4`: up to SUSE 11. */
export function parseSuseRelease(text: string): Os {
  const name = text.split("\n")[0]?.trim();
  const values = parseOsRelease(text);
  const patchLevel = values.get("PATCHLEVEL");
  const level = patchLevel === undefined || patchLevel === "0" ? "" : `.${patchLevel}`;
  const version = values.get("VERSION");
  const distribution = name?.startsWith("openSUSE") === true ? "opensuse" : "sles";
  return osOf(distribution, version === undefined ? undefined : version + level, name);
}

function osOf(
  distribution: string | undefined,
  version: string | undefined,
  name: string | undefined,
): Os {
  return {
    family: "linux",
    ...(distribution === undefined ? {} : { distribution }),
    ...(version === undefined ? {} : { version }),
    ...(name === undefined ? {} : { name }),
    kernel: release(),
  };
}

export async function readOs(root = "/"): Promise<{ os: Os; notSeen: string[] }> {
  const find = (path: string) => readFile(join(root, path), "utf8").catch(() => undefined);
  const text = (await find("etc/os-release")) ?? (await find("usr/lib/os-release"));
  if (text !== undefined) {
    const values = parseOsRelease(text);
    const os = osOf(values.get("ID"), values.get("VERSION_ID"), values.get("PRETTY_NAME"));
    return { os, notSeen: [] };
  }
  const redHat = await find("etc/redhat-release");
  if (redHat !== undefined) return { os: parseRedHatRelease(redHat), notSeen: [] };
  const suse = await find("etc/SuSE-release");
  if (suse !== undefined) return { os: parseSuseRelease(suse), notSeen: [] };
  const debian = (await find("etc/debian_version"))?.trim();
  if (debian !== undefined) {
    return { os: osOf("debian", debian, `Debian GNU/Linux ${debian}`), notSeen: [] };
  }
  const os = osOf(undefined, undefined, undefined);
  return { os, notSeen: ["the distribution: neither os-release nor an older file of its kind"] };
}
