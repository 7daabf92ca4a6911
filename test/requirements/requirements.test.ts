import { expect, test } from "vitest";
import { answer, faults, page, type Row, rowsNamed, spent } from "./requirements.ts";

const list: Row[] = ["R-001", "R-002", "R-003", "X-01"].map((row) => ({
  ...{ row, section: "A", kind: "RULE", text: `what ${row} says | so` },
}));

const named = (...names: string[]) => names.map((name) => ({ name, file: "a.test.ts" }));

test("rows are found in the names of tests, also in spans", () => {
  expect(rowsNamed(`passes ${"R"}-156, and ${"X"}-01`)).toEqual(["R-156", "X-01"]);
  expect(rowsNamed(`fields (${"S"}-09 to ${"S"}-11) are checked`)).toEqual([
    "S-09",
    "S-10",
    "S-11",
  ]);
  expect(rowsNamed("RR-1 and R-1 and R-12345")).toEqual([]);
});

test("a row is proved by the tests that name it, or explained by a reason for its span", () => {
  const tests = named(`one (${"R"}-001)`, `two of ${"R"}-001`);
  const reasons = [{ rows: ["R-002", "R-003"], because: "not built" }] as const;

  const answers = answer(list, tests, reasons);

  expect(answers.map(({ proof, reason }) => [proof.length, reason])).toEqual([
    [2, undefined],
    [0, "not built"],
    [0, "not built"],
    [0, undefined],
  ]);
  expect(page(answers)).toContain(
    String.raw`what R-001 says \| so | [one](../a.test.ts) (and others) |`,
  );
  expect(page(answers)).toContain("_not built_");
});

test("a proof says what it leaves open, and a reason for what is proved is told as spent", () => {
  const tests = named(`one of ${"R"}-001 and ${"R"}-002`);
  const reasons = [
    { rows: ["R-001", "R-002"], because: "not built" },
    { rows: ["R-003", "X-01"], because: "out of reach" },
  ] as const;

  const answers = answer(list, tests, reasons, [{ rows: ["R-002"], because: "only half of it" }]);

  expect(page(answers)).toContain("[one of R-001 and R-002](../a.test.ts); _only half of it_ |");
  expect(spent(answers, reasons)).toEqual(["R-001 to R-002"]);
  expect(faults(answers, tests, reasons, [{ rows: ["R-777"], because: "?" }])).toEqual([
    "R-777 is no row of the list, and has a reason",
  ]);
});

test("a silent row, a reason for no row and a test of no row are faults", () => {
  const tests = named(`of ${"R"}-001 and ${"R"}-999`);
  const reasons = [{ rows: ["R-002", "R-888"], because: "not built" }] as const;

  expect(faults(answer(list, tests, reasons), tests, reasons)).toEqual([
    expect.stringContaining("R-999 is no row of the list, and a test speaks of it"),
    "R-888 is no row of the list, and has a reason",
    ...["R-002", "R-003", "X-01"].map((row) => `${row} has neither a proof nor a reason`),
  ]);
});
