import { expect, test } from "vitest";
import { testNamesIn } from "./test-names.ts";

const namesIn = (source: string) => testNamesIn("some.test.ts", source).names;

test("tests are found by their names, within their suites", () => {
  const source = `
    test("alone", () => {});
    describe("a suite", () => {
      for (const boot of ["a", "b"]) it(\`boots by \${boot} at once\`, () => {});
      test.skipIf(isRoot)("where it can", async () => {});
    });
    somewhere.test("is no test"); /unlike/.test("this");
  `;

  expect(namesIn(source)).toEqual([
    "alone",
    "a suite > boots by … at once",
    "a suite > where it can",
  ]);
});

test("each line of a table is a test, also of a table with a name of its own", () => {
  const source = `
    const clouds = [["aws", 40, "first"], ["tencent", 50, "second"]] as const satisfies unknown;
    describe.each(clouds)("on %s at least %i", () => {
      test.each<[string]>([["one"], ["two"]])("%s", () => {});
    });
    test.each([{ name: "x" }])("$name of $other", () => {});
    test.each(Object.keys(made))("the word %s", () => {});
  `;

  expect(namesIn(source)).toEqual([
    ...["on aws at least 40 > one", "on aws at least 40 > two"],
    ...["on tencent at least 50 > one", "on tencent at least 50 > two"],
    ...["x of …", "the word …"],
  ]);
});

test.each([
  ["a table that is written there", 'test.each([["a"]])("%s", () => {});', true],
  ["a table that is made", 'test.each(Object.keys(made))("%s", () => {});', false],
  ["a table of others' lines", 'test.each([...made])("%s", () => {});', false],
  ["a made table that no name shows", 'test.each(made())("always the same", () => {});', true],
])("%s is known whole by its source: %s", (_, source, isWhole) => {
  expect(testNamesIn("some.test.ts", source).isWhole).toBe(isWhole);
});

test("what is skipped by name proves nothing", () => {
  const source = `
    test.skip("later", () => {});
    test.todo("much later");
    describe.skip("all of these", () => { test("inner", () => {}); });
  `;

  expect(namesIn(source)).toEqual([]);
});
