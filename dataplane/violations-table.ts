/** The violations that docs/wire-protocol.md lists, so that each of them is tested and nothing else is claimed. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The first column of the table under this heading. */
export function violationsUnder(heading: string): string[] {
  const path = join(import.meta.dirname, "../docs/wire-protocol.md");
  const [, section = ""] = readFileSync(path, "utf8").split(`\n### ${heading}\n`);
  const [table = ""] = section.split("\n#");
  const [, , ...rows] = table.split("\n").filter((line) => line.startsWith("|"));
  return rows.map((row) => row.split("|")[1]?.trim() ?? "");
}
