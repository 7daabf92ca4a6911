import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** A Debian archive to install from. */
export interface AptArchive {
  readonly suite: string;
  readonly mirror: string;
}

/** What a machine that is not a Debian one installs from. */
const publicArchive: AptArchive = { suite: "bookworm", mirror: "http://deb.debian.org/debian" };

/**
 * The archive this machine itself is installed from, so that a mirror near it is used; Debian's public
 * archive when this machine is not a Debian one.
 */
export async function findAptArchive(etcFolder = "/etc"): Promise<AptArchive> {
  const release = await readFile(join(etcFolder, "os-release"), "utf8").catch(() => "");
  const suite = /^VERSION_CODENAME=(\w+)$/m.exec(release)?.[1];
  if (!/^ID=debian$/m.test(release) || suite === undefined) return publicArchive;

  const parts = await readdir(join(etcFolder, "apt/sources.list.d")).catch(() => []);
  const files = ["apt/sources.list", ...parts.map((name) => `apt/sources.list.d/${name}`)];
  for (const file of files) {
    const text = await readFile(join(etcFolder, file), "utf8").catch(() => "");
    const mirrors = file.endsWith(".sources")
      ? mirrorsOfStanzas(text, suite)
      : mirrorsOfLines(text, suite);
    const mirror = mirrors.find((uri) => /^https?:/.test(uri));
    if (mirror !== undefined) return { suite, mirror };
  }
  return { ...publicArchive, suite };
}

/** `deb [options] URI SUITE COMPONENT…`. Source: sources.list(5), "One-Line-Style Format". */
function mirrorsOfLines(text: string, suite: string): string[] {
  return text.split("\n").flatMap((line) => {
    const [type, uri, lineSuite, ...components] = line
      .replace(/\[[^\]]*\]/, "")
      .trim()
      .split(/\s+/);
    const fits = type === "deb" && lineSuite === suite && components.includes("main");
    return fits && uri !== undefined ? [uri] : [];
  });
}

/** Paragraphs of `Field: values`. Source: sources.list(5), "deb822-Style Format". */
function mirrorsOfStanzas(text: string, suite: string): string[] {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const valuesOf = (field: string) =>
      new RegExp(`^${field}:(.*)$`, "m").exec(stanza)?.[1]?.trim().split(/\s+/) ?? [];
    const fits =
      valuesOf("Types").includes("deb") &&
      valuesOf("Suites").includes(suite) &&
      valuesOf("Components").includes("main");
    return fits ? valuesOf("URIs") : [];
  });
}
