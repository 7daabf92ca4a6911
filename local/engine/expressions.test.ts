import { expect, test } from "vitest";
import { compileExpression, Evaluator } from "./expressions.ts";
import { StateFailure } from "./failure.ts";
import { jsonataFunctions } from "./jsonata-functions.ts";
import type { Json } from "./payload.ts";

function evaluate(source: string, states: Json = {}, variables: Record<string, Json> = {}) {
  const text = `{% ${source} %}`;
  const functions = jsonataFunctions(
    () => 0.25,
    () => "an-id",
  );
  const evaluator = new Evaluator(new Map([[text, compileExpression(text)]]), functions);
  return evaluator.evaluate(text, "Output", { states, variables });
}

async function failureOf(source: string): Promise<string> {
  const thrown = await evaluate(source).catch((error: unknown) => error);
  if (!(thrown instanceof StateFailure))
    throw new Error(`${source} gave ${JSON.stringify(thrown)}`);
  expect(thrown.failure.error).toBe("States.QueryEvaluationError");
  return thrown.failure.cause ?? "";
}

test.each<[string, Json]>([
  ["$partition([1,2,3,4,5], 2)", [[1, 2], [3, 4], [5]]],
  ["$partition([1], 2)", [[1]]],
  ["$range(0, 10, 5)", [0, 5, 10]],
  ["$range(3, 1, -1)", [3, 2, 1]],
  ["$range(1, 1, 1)", [1]],
  ["$hash('abc', 'MD5')", "900150983cd24fb0d6963f7d28e17f72"],
  ["$hash('abc', 'SHA-1')", "a9993e364706816aba3e25717850c26c9cd0d89d"],
  ["$hash('abc', 'SHA-256')", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
  ["$random()", 0.25],
  ["$random(7) = $random(7)", true],
  ["$random(7) = $random(8)", false],
  ["$random(7) >= 0 and $random(7) < 1", true],
  ["$uuid()", "an-id"],
  ["$parse('{\"a\":[1]}')", { a: [1] }],
  ["[1..3].($ * 2)", [2, 4, 6]],
  ["[5]", [5]],
  ["null", null],
  ["$states.input.a & $b", "xy"],
])("%s", async (source, expected) => {
  expect(await evaluate(source, { input: { a: "x" } }, { b: "y" })).toEqual(expected);
});

test("a value that is nothing, a function, or an error is a failure that names the expression", async () => {
  expect(await failureOf("$states.input.missing")).toBe(
    "The JSONata expression '$states.input.missing' specified for the field 'Output' returned nothing (undefined).",
  );
  expect(await failureOf("function($x) { $x }")).toContain("returned nothing");
  expect(await failureOf("$sum")).toContain("returned nothing");
  expect(await failureOf("1 + 'a'")).toContain("T2002");
  expect(await failureOf("$error('told you')")).toContain("told you");
  expect(await failureOf("$hash('a', 'CRC')")).toContain("$hash");
  expect(await failureOf("$range(0, 1, 0)")).toContain("$range");
  expect(await failureOf("$range(0, 1e9, 1)")).toContain("too many");
  expect(await failureOf("$parse('{')")).toContain("$parse('{')");
});

test("an expression that never ends is stopped", async () => {
  expect(await failureOf("($f := function() { $f() }; $f())")).toContain("too long");
});

test("$eval cannot be reached by any name", () => {
  expect(() => compileExpression("{% $eval('1') %}")).toThrow("$eval");
  expect(() => compileExpression("{% ($e := $eval; $e('1')) %}")).toThrow("$eval");
});
