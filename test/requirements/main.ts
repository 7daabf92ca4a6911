/**
 *   npm run requirements              writes docs/requirements.md, and prints what is neither proved nor explained
 *   npm run requirements -- --json    [{row, kind, proof, reason}]
 *   npm run requirements -- --check   writes nothing; status 1 where a row is silent or the page is old
 */
import { execFileSync } from "node:child_process";
import { existsSync, globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { lacks, reasons } from "./reasons.ts";
import { answer, faults, page, rows, spent, type Test } from "./requirements.ts";
import { testNamesIn } from "./test-names.ts";

const { values } = parseArgs({
  options: { json: { type: "boolean" }, check: { type: "boolean" } },
});
const root = join(import.meta.dirname, "../..");
const place = join(root, "docs/requirements.md");

/** Of all test files, and of the suite that all providers run. */
function allTests(): Test[] {
  const files = globSync(["**/*.test.ts", "test/conformance/*.ts"], {
    cwd: root,
    exclude: ["**/node_modules"],
  });
  const found = files.sort().map((file) => {
    const source = readFileSync(join(root, file), "utf8");
    return { file, speaksOfRows: /\b[RXS]-\d{2,3}\b/.test(source), ...testNamesIn(file, source) };
  });
  const told = found.filter(({ isWhole, speaksOfRows }) => speaksOfRows && !isWhole);
  const read = found.filter((each) => !told.includes(each));
  return [
    ...read.flatMap(({ file, names }) => names.map((name) => ({ name, file }))),
    ...listedByRunner(told.map(({ file }) => file)),
  ];
}

/** Of files whose sources alone do not tell. */
function listedByRunner(files: readonly string[]): Test[] {
  if (files.length === 0) return [];
  const folder = mkdtempSync(join(tmpdir(), "hypermotion-tests-"));
  try {
    const list = join(folder, "tests.json");
    const args = ["list", "--no-staticParse", `--json=${list}`, ...files];
    execFileSync(process.execPath, [join(root, "node_modules/vitest/vitest.mjs"), ...args], {
      cwd: root,
      stdio: ["ignore", "ignore", "inherit"],
    });
    return (
      z
        .array(z.object({ name: z.string(), file: z.string() }))
        .parse(JSON.parse(readFileSync(list, "utf8")))
        .map(({ name, file }) => ({ name, file: relative(root, file) }))
        // The runner lists files as they are loaded.
        .sort((a, b) => (a.file === b.file ? 0 : a.file < b.file ? -1 : 1))
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const list = rows.parse(JSON.parse(readFileSync(join(import.meta.dirname, "rows.json"), "utf8")));
const tests = allTests();
const answers = answer(list, tests, reasons, lacks);
const wrong = faults(answers, tests, reasons, lacks);
if (values.json === true) {
  const facts = answers.map(({ row, kind, proof, reason, lacks }) => ({
    ...{ row, kind, proof, reason, lacks },
  }));
  process.stdout.write(`${JSON.stringify(facts, null, 1)}\n`);
} else if (values.check === true) {
  if (!existsSync(place) || readFileSync(place, "utf8") !== page(answers))
    wrong.push("docs/requirements.md is old: npm run requirements");
} else {
  writeFileSync(place, page(answers));
}
for (const line of wrong) process.stderr.write(`${line}\n`);
for (const ends of spent(answers, reasons)) {
  process.stderr.write(`${ends}: proved by now, take the reason out of reasons.ts\n`);
}
const proved = answers.filter(({ proof }) => proof.length > 0).length;
process.stderr.write(
  `requirements: ${answers.length} rows, ${proved} proved by ${tests.length} tests, ${wrong.length} faults\n`,
);
if (wrong.length > 0) process.exitCode = 1;
