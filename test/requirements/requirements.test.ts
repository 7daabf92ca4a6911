import { expect, test } from "vitest";
import { answer, faults, page, type Row, rowsNamed } from "./requirements.ts";

const list: Row[] = ["R-001", "R-002", "R-003", "X-01"].map((row) => ({
  ...{ row, section: "A", kind: "RULE", text: `what ${row} says | so` },
}));

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
  const names = [`one of ${"R"}-001`, `two of ${"R"}-001`];
  const reasons = [{ rows: ["R-002", "R-003"], because: "not built" }] as const;

  const answers = answer(list, names, reasons);

  expect(answers.map(({ proof, reason }) => [proof.length, reason])).toEqual([
    [2, undefined],
    [0, "not built"],
    [0, "not built"],
    [0, undefined],
  ]);
  expect(page(answers)).toContain(String.raw`what R-001 says \| so | one of R-001 (and 1 more) |`);
  expect(page(answers)).toContain("_not built_");
  expect(page(answers)).toContain("1 of 4 rows");
});

test("a silent row, a reason for no row and a test of no row are faults", () => {
  const names = [`of ${"R"}-001 and ${"R"}-999`];
  const reasons = [{ rows: ["R-002", "R-888"], because: "not built" }] as const;

  expect(faults(answer(list, names, reasons), names, reasons)).toEqual([
    expect.stringContaining("R-999 is no row of the list, and a test speaks of it"),
    "R-888 is no row of the list, and has a reason",
    ...["R-002", "R-003", "X-01"].map((row) => `${row} has neither a proof nor a reason`),
  ]);
});
