import type { HistoryEvent } from "@aws-sdk/client-sfn";
import fc from "fast-check";
import { expect, test } from "vitest";
import { invoke, startKit } from "./test-kit.ts";

/** A state machine drawn at random, without its names. */
type Plan =
  | { readonly kind: "Pass" | "Task" | "Broken" }
  | { readonly kind: "Parallel"; readonly branches: readonly (readonly Plan[])[] }
  | { readonly kind: "Map"; readonly items: number; readonly body: readonly Plan[] };

const { plans } = fc.letrec<{ plans: readonly Plan[]; plan: Plan }>((tie) => ({
  plans: fc.array(tie("plan"), { minLength: 1, maxLength: 3 }),
  plan: fc.oneof(
    { depthSize: "small" },
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constantFrom("Pass" as const, "Task" as const) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("Broken" as const) }) },
    fc.record({
      kind: fc.constant("Parallel" as const),
      branches: fc.array(tie("plans"), { minLength: 1, maxLength: 3 }),
    }),
    fc.record({
      kind: fc.constant("Map" as const),
      items: fc.integer({ min: 0, max: 3 }),
      body: tie("plans"),
    }),
  ),
}));

function build(steps: readonly Plan[], nextName: () => string): object {
  const names = steps.map(nextName);
  const states = steps.map((step, index) => {
    const next = names[index + 1];
    const way = next === undefined ? { End: true } : { Next: next };
    return [names[index], { ...stateOf(step, nextName), ...way }];
  });
  return { StartAt: names[0], States: Object.fromEntries(states) };
}

function stateOf(step: Plan, nextName: () => string): object {
  switch (step.kind) {
    case "Parallel":
      return { Type: "Parallel", Branches: step.branches.map((each) => build(each, nextName)) };
    case "Map":
      return {
        Type: "Map",
        Items: Array.from({ length: step.items }, (_, index) => index),
        MaxConcurrency: 2,
        ItemProcessor: build(step.body, nextName),
      };
    case "Task":
    case "Broken":
      return { Type: "Task", Resource: invoke, Arguments: { FunctionName: step.kind } };
    default:
      return { Type: "Pass" };
  }
}

function breaks(steps: readonly Plan[]): boolean {
  return steps.some((step) => {
    if (step.kind === "Parallel") return step.branches.some(breaks);
    if (step.kind === "Map") return step.items > 0 && breaks(step.body);
    return step.kind === "Broken";
  });
}

function count(events: readonly HistoryEvent[], ending: string): number {
  return events.filter((event) => event.type?.endsWith(ending)).length;
}

test("whatever machine runs, its history is numbered without gaps and every event follows an earlier one", async () => {
  const kit = await startKit({
    Task: () => 1,
    Broken: () => {
      throw new Error("broken");
    },
  });

  await fc.assert(
    fc.asyncProperty(plans, async (steps) => {
      let names = 0;
      const ended = await kit.run(build(steps, () => `S${++names}`));
      const events = await kit.history(ended.arn);

      expect(ended.status).toBe(breaks(steps) ? "FAILED" : "SUCCEEDED");
      expect(events.map((event) => event.id)).toEqual(events.map((_, index) => index + 1));
      for (const { id = 0, previousEventId = 0 } of events.slice(1)) {
        expect(previousEventId).toBeLessThan(id);
      }
      const [first, last] = [events.at(0)?.type, events.at(-1)?.type];
      expect(first).toBe("ExecutionStarted");
      expect(last).toBe(breaks(steps) ? "ExecutionFailed" : "ExecutionSucceeded");
      if (!breaks(steps)) expect(count(events, "Exited")).toBe(count(events, "Entered"));
    }),
    { numRuns: 60 },
  );
});

test("a Map's events come in the order and with the references that AWS gives", async () => {
  // Source: a history of two items recorded from AWS by localstack's test suite,
  // evaluate_jsonata/test_base_evaluate_expressions, test_base_map.
  const kit = await startKit();

  const ended = await kit.run({
    StartAt: "Start",
    States: {
      Start: {
        Type: "Map",
        Items: "{% [1,2] %}",
        MaxConcurrency: 1,
        ItemProcessor: { StartAt: "Process", States: { Process: { Type: "Pass", End: true } } },
        End: true,
      },
    },
  });

  const events = await kit.history(ended.arn);
  expect(events.map(({ id, previousEventId, type }) => [id, previousEventId, type])).toEqual([
    [1, 0, "ExecutionStarted"],
    [2, 0, "MapStateEntered"],
    [3, 2, "MapStateStarted"],
    [4, 3, "MapIterationStarted"],
    [5, 4, "PassStateEntered"],
    [6, 5, "PassStateExited"],
    [7, 6, "MapIterationSucceeded"],
    [8, 6, "MapIterationStarted"],
    [9, 8, "PassStateEntered"],
    [10, 9, "PassStateExited"],
    [11, 10, "MapIterationSucceeded"],
    [12, 11, "MapStateSucceeded"],
    [13, 11, "MapStateExited"],
    [14, 13, "ExecutionSucceeded"],
  ]);
});
