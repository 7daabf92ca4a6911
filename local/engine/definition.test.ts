import fc from "fast-check";
import { expect, test } from "vitest";
import { DefinitionError } from "./diagnostics.ts";
import { loadMachine } from "./load.ts";
import { invoke, startKit } from "./test-kit.ts";

const done = { Done: { Type: "Succeed" } };
const task = { Type: "Task", Resource: invoke, Arguments: { FunctionName: "f" }, End: true };

function machine(state: object, more: object = {}, others: object = {}): object {
  return { QueryLanguage: "JSONata", StartAt: "A", States: { A: state, ...others }, ...more };
}

function refusalOf(definition: object | string): string {
  try {
    loadMachine(typeof definition === "string" ? definition : JSON.stringify(definition));
    return "accepted";
  } catch (thrown) {
    if (thrown instanceof DefinitionError) return thrown.message;
    throw thrown;
  }
}

test.each<[string, object, string]>([
  ["JSONPath as the language", { ...machine(task), QueryLanguage: "JSONPath" }, "/QueryLanguage"],
  ["no language", { StartAt: "A", States: { A: { Type: "Pass", End: true } } }, "/QueryLanguage"],
  [
    "a JSONPath field",
    machine({ ...task, ResultPath: "$.x" }),
    "'ResultPath' is JSONPath, which is not supported at /States/A",
  ],
  [
    "a path for seconds",
    machine({ Type: "Wait", SecondsPath: "$.x", End: true }),
    "'SecondsPath' is JSONPath",
  ],
  [
    "a misspelt field",
    machine({ ...task, TimeOutSeconds: 3 }),
    "'TimeOutSeconds' is not supported at /States/A",
  ],
  [
    "credentials",
    machine({ ...task, Credentials: {} }),
    "'Credentials' is not supported at /States/A",
  ],
  ["an unknown type", machine({ Type: "Loop", End: true }), "at /States/A/Type"],
  [
    "an unknown resource",
    machine({ ...task, Resource: "arn:aws:states:::sqs:sendMessage" }),
    "at /States/A/Resource",
  ],
  [
    "an unknown argument",
    machine({ ...task, Arguments: { FunctionName: "f", InvocationType: "Event" } }),
    "the argument InvocationType is not supported at /States/A/Arguments",
  ],
  [
    "a missing argument",
    machine({ ...task, Arguments: { Payload: {} } }),
    "Arguments lack the field FunctionName",
  ],
  [
    "a dangling Next",
    machine({ Type: "Pass", Next: "B" }),
    "There is no state 'B' here at /States/A/Next",
  ],
  [
    "a dangling Catch",
    machine({ ...task, Catch: [{ ErrorEquals: ["X"], Next: "B" }] }),
    "at /States/A/Catch[0]/Next",
  ],
  ["a dangling start", { ...machine(task), StartAt: "B" }, "at /StartAt"],
  [
    "an unreachable state",
    machine({ Type: "Pass", End: true }, {}, done),
    "UNREACHABLE_STATE: The state 'Done' cannot be reached at /States/Done",
  ],
  [
    "neither Next nor End",
    machine({ Type: "Pass" }),
    "One of Next and End is needed, not both at /States/A",
  ],
  [
    "both Next and End",
    machine({ Type: "Pass", Next: "Done", End: true }, {}, done),
    "One of Next and End",
  ],
  [
    "a Wait without a measure",
    machine({ Type: "Wait", End: true }),
    "One of Seconds and Timestamp",
  ],
  [
    "States.ALL beside others",
    machine({ ...task, Retry: [{ ErrorEquals: ["States.ALL", "X"] }] }),
    "at /States/A/Retry[0]",
  ],
  [
    "States.ALL before others",
    machine({ ...task, Retry: [{ ErrorEquals: ["States.ALL"] }, { ErrorEquals: ["X"] }] }),
    "at /States/A/Retry[0]",
  ],
  [
    "a heartbeat as long as the timeout",
    machine({ ...task, TimeoutSeconds: 5, HeartbeatSeconds: 5 }),
    "HeartbeatSeconds must be smaller",
  ],
  [
    "broken JSONata",
    machine({ Type: "Pass", Output: { a: ["{% $states.( %}"] }, End: true }),
    "INVALID_JSONATA_EXPRESSION: Invalid JSONata expression: S0203",
  ],
  [
    "JSONata's newer operators",
    machine({ Type: "Pass", Output: "{% $states.input.a ?? 1 %}", End: true }),
    "Invalid JSONata expression",
  ],
  [
    "$eval",
    machine({ Type: "Pass", Output: "{% $map([1], $eval) %}", End: true }),
    "$eval is not supported, use $parse at /States/A/Output",
  ],
  [
    "an unclosed expression",
    machine({ Type: "Pass", Output: "{% 1 ", End: true }),
    "{% is not closed",
  ],
  [
    "the reserved variable",
    machine({ Type: "Pass", Assign: { states: 1 }, End: true }),
    "at /States/A/Assign/states",
  ],
  [
    "a state name used twice",
    machine({
      Type: "Parallel",
      Branches: [{ StartAt: "A", States: { A: { Type: "Succeed" } } }],
      End: true,
    }),
    "The state name 'A' is used twice",
  ],
  [
    "an outer variable assigned inside",
    machine({
      Type: "Parallel",
      Assign: { x: 1 },
      Branches: [{ StartAt: "B", States: { B: { Type: "Pass", Assign: { x: 2 }, End: true } } }],
      End: true,
    }),
    "The variable 'x' belongs to an outer scope",
  ],
  [
    "a dangling Next inside a Map",
    machine({
      Type: "Map",
      ItemProcessor: { StartAt: "B", States: { B: { Type: "Pass", Next: "A" } } },
      End: true,
    }),
    "at /States/A/ItemProcessor/States/B/Next",
  ],
  [
    "an item reader",
    machine({
      Type: "Map",
      ItemReader: {},
      ItemProcessor: { StartAt: "B", States: { B: { Type: "Succeed" } } },
      End: true,
    }),
    "'ItemReader' is not supported at /States/A",
  ],
])("%s is refused by name and place", (_what, definition, expected) => {
  expect(refusalOf(definition)).toContain(expected);
});

test("the API refuses such a definition as InvalidDefinition with the same words", async () => {
  const kit = await startKit();

  const created = kit.create(machine({ ...task, ResultPath: "$" }));

  await expect(created).rejects.toMatchObject({
    name: "InvalidDefinition",
    message: expect.stringContaining("'ResultPath'"),
  });
});

test("whatever bytes come as a definition, they are accepted or refused, never more", () => {
  fc.assert(
    fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
      expect(refusalOf(text)).not.toBe("accepted");
    }),
  );
  expect(refusalOf("[".repeat(200_000))).toContain("valid JSON");
  expect(refusalOf(`{"States":${"[".repeat(3_000)}${"]".repeat(3_000)}}`)).toContain("SCHEMA");
});

test("taking a required field out of a good definition is always noticed", () => {
  const good = machine({ ...task, Next: "Done", End: undefined }, {}, done);
  const text = JSON.stringify(good);
  expect(refusalOf(text)).toBe("accepted");

  for (const field of ["StartAt", "States", "Type", "Resource", "Next", "QueryLanguage"]) {
    const broken = JSON.stringify(
      JSON.parse(text, (key, value) => (key === field ? undefined : value)),
    );
    expect(refusalOf(broken)).not.toBe("accepted");
  }
});
