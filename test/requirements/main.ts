/**
 *   npm run requirements              writes docs/requirements.md, and prints what is neither proved nor explained
 *   npm run requirements -- --json    [{row, kind, proof, reason}]
 *   npm run requirements -- --check   writes nothing; status 1 where a row is silent or the page is old
 */
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
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
  return files
    .sort()
    .flatMap((file) =>
      testNamesIn(file, readFileSync(join(root, file), "utf8")).map((name) => ({ name, file })),
    );
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
