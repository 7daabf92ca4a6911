/**
 *   npm run requirements              writes docs/requirements.md, and prints what is neither proved nor explained
 *   npm run requirements -- --json    [{row, kind, proof, reason}]
 *   npm run requirements -- --check   writes nothing; status 1 where a row is silent or the page is old
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { reasons } from "./reasons.ts";
import { answer, faults, page, rows } from "./requirements.ts";

const { values } = parseArgs({
  options: { json: { type: "boolean" }, check: { type: "boolean" } },
});
const root = join(import.meta.dirname, "../..");
const place = join(root, "docs/requirements.md");

/** As the runner itself has them, each row of a table with its own. */
function testNames(): string[] {
  const folder = mkdtempSync(join(tmpdir(), "hypermotion-tests-"));
  try {
    const file = join(folder, "tests.json");
    const args = ["list", "--no-staticParse", `--json=${file}`];
    execFileSync(process.execPath, [join(root, "node_modules/vitest/vitest.mjs"), ...args], {
      cwd: root,
      stdio: ["ignore", "ignore", "inherit"],
    });
    const found = JSON.parse(readFileSync(file, "utf8")) as { name: string }[];
    return found.map(({ name }) => name);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const list = rows.parse(JSON.parse(readFileSync(join(import.meta.dirname, "rows.json"), "utf8")));
const names = testNames();
const answers = answer(list, names, reasons);
const wrong = faults(answers, names, reasons);
if (values.json === true) {
  const facts = answers.map(({ row, kind, proof, reason }) => ({ row, kind, proof, reason }));
  process.stdout.write(`${JSON.stringify(facts, null, 1)}\n`);
} else if (values.check === true) {
  if (readFileSync(place, "utf8") !== page(answers))
    wrong.push("docs/requirements.md is old: npm run requirements");
} else {
  writeFileSync(place, page(answers));
}
for (const line of wrong) process.stderr.write(`${line}\n`);
const proved = answers.filter(({ proof }) => proof.length > 0).length;
process.stderr.write(
  `requirements: ${answers.length} rows, ${proved} proved by ${names.length} tests, ${wrong.length} faults\n`,
);
if (wrong.length > 0) process.exitCode = 1;
