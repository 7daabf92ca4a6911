import { expect, test } from "vitest";
import { MigrationError } from "./errors.ts";
import { parseRunInput, runInputs } from "./run-input.ts";

const kinds = Object.keys(runInputs) as (keyof typeof runInputs)[];

function refusalOf(kind: (typeof kinds)[number], input: unknown): MigrationError {
  try {
    parseRunInput(kind, input);
  } catch (error) {
    if (error instanceof MigrationError) return error;
    throw error;
  }
  throw new Error("it was taken");
}

test.each(kinds)("the example of %s is an input it takes", (kind) => {
  const example: unknown = JSON.parse(runInputs[kind].example);

  expect(parseRunInput(kind, example)).toEqual(example);
});

test.each([
  ["nothing", {}, /serverId/],
  ["no object", "srv-1", /object/],
  ["a list", [{ serverId: "srv-1" }], /object/],
  ["another thing's id", { serverId: "tgt-1", kind: "test" }, /serverId/],
  ["a word that is not in the list", { serverId: "srv-1", kind: "real" }, /kind/],
  ["a field spelled wrong", { serverId: "srv-1", kind: "test", instancetype: "x" }, /instancetype/],
])("%s is refused by name, with an input that would be right", (_, input, named) => {
  const refused = refusalOf("launch-server", input);

  expect(refused.code).toBe("run.bad-input");
  expect(refused.message).toMatch(named);
  expect(refused.hint).toContain('"kind": "test"');
});
