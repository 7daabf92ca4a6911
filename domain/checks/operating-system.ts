/** Which system a server runs, as the lists of the limits name them. */
import type { Inventory } from "../inventory.ts";
import { any } from "../limits/definitions.ts";

export type Os = Inventory["os"];

/**
 * Windows by the numbers it tells, oldest first. The client systems of a row carry the same numbers.
 * Source: Microsoft, "Operating System Version" and "Windows Server release information".
 */
const windows: readonly { name: string; shown: string; from: readonly [number, number, number] }[] =
  [
    { name: "2003", shown: "2003", from: [5, 2, 0] },
    { name: "2008", shown: "2008", from: [6, 0, 0] },
    { name: "2008sp2", shown: "2008 SP2", from: [6, 0, 6002] },
    { name: "2008r2", shown: "2008 R2", from: [6, 1, 0] },
    { name: "2012", shown: "2012", from: [6, 2, 0] },
    { name: "2012r2", shown: "2012 R2", from: [6, 3, 0] },
    { name: "2016", shown: "2016", from: [10, 0, 0] },
    { name: "2019", shown: "2019", from: [10, 0, 17_763] },
    { name: "2022", shown: "2022", from: [10, 0, 20_348] },
    { name: "2025", shown: "2025", from: [10, 0, 26_100] },
  ];

/** Its place in the list above, by numbers such as `6.1.7601` or by a name such as `2012 R2`. */
function windowsIndex(version: string): number | undefined {
  const [, major, minor, build = "0"] = /^(\d{1,2})\.(\d+)(?:\.(\d+))?/.exec(version.trim()) ?? [];
  if (major !== undefined) {
    const told = [Number(major), Number(minor), Number(build)];
    const index = windows.findLastIndex(({ from }) => compare(from, told) <= 0);
    return index < 0 ? undefined : index;
  }
  const [, year, release = "", pack = ""] =
    /(20\d\d)\s*(r2)?\s*(sp2|service pack 2)?/i.exec(version) ?? [];
  if (year === undefined) return undefined;
  const name = `${year}${release.toLowerCase()}`;
  const exact = windows.findIndex((known) => known.name === `${name}${pack === "" ? "" : "sp2"}`);
  const index = exact < 0 ? windows.findIndex((known) => known.name === name) : exact;
  return index < 0 ? undefined : index;
}

function compare(one: readonly number[], other: readonly number[]): number {
  for (const [index, number] of one.entries()) {
    const difference = number - (other[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** `2003`, `2008sp2`, `2012r2`, …; `undefined` for another system and where it is not known. */
export function windowsName({ family, version }: Os): string | undefined {
  if (family !== "windows" || version === undefined) return undefined;
  const index = windowsIndex(version);
  return index === undefined ? undefined : windows[index]?.name;
}

/**
 * Whether the system is one of a list such as `centos7`, `rhel`, `windows`, `windows>=2008r2`, `any`.
 * `undefined`: what the server told does not say.
 */
export function isOneOf(os: Os, list: readonly string[]): boolean | undefined {
  const answers = list.map((item) => is(os, item));
  if (answers.includes(true)) return true;
  return answers.includes(undefined) ? undefined : false;
}

function is(os: Os, item: string): boolean | undefined {
  if (item === any) return true;
  if (os.family === "unknown") return undefined;
  const [, kind = item, least] = /^([a-z]+)>=(\w+)$/.exec(item) ?? [];
  if (kind === "windows") {
    if (os.family !== "windows") return false;
    return least === undefined ? true : isAtLeast(os, least);
  }
  if (os.family !== "linux") return false;
  if (kind === "linux") return true;
  if (os.distribution === undefined) return undefined;
  const [, distribution = kind, version] = /^(.*?)(\d[\d.]*)?$/.exec(item) ?? [];
  if (os.distribution !== distribution) return false;
  if (version === undefined) return true;
  if (os.version === undefined) return undefined;
  return os.version === version || os.version.startsWith(`${version}.`);
}

function isAtLeast({ version }: Os, least: string): boolean | undefined {
  const index = version === undefined ? undefined : windowsIndex(version);
  const from = windows.findIndex(({ name }) => name === least);
  return index === undefined || from < 0 ? undefined : index >= from;
}

/** As people read it. */
export function shownOs(os: Os): string {
  if (os.family === "windows") {
    const known = windows.find(({ name }) => name === windowsName(os));
    return ["Windows", known?.shown ?? os.version].filter((part) => part !== undefined).join(" ");
  }
  return [os.distribution ?? os.family, os.version].filter((part) => part !== undefined).join(" ");
}
