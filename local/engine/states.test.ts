import { expect, test } from "vitest";
import { eventually, fastClock, invoke, startKit } from "./test-kit.ts";

test("a Pass state shapes its output and keeps variables for later states", async () => {
  const kit = await startKit();

  const ended = await kit.run(
    {
      StartAt: "Count",
      States: {
        Count: {
          Type: "Pass",
          Assign: { count: "{% $states.input.count + 1 %}" },
          Output: { before: "{% $states.input.count %}", text: "plain" },
          Next: "Show",
        },
        Show: {
          Type: "Pass",
          Output: { seen: "{% $states.input %}", count: "{% $count %}" },
          End: true,
        },
      },
    },
    { count: 1 },
  );

  expect(ended).toMatchObject({
    status: "SUCCEEDED",
    output: { seen: { before: 1, text: "plain" }, count: 2 },
  });
});

test("Assign and Output of one state both see the variables from before it", async () => {
  const kit = await startKit();

  const ended = await kit.run({
    StartAt: "First",
    States: {
      First: { Type: "Pass", Assign: { a: 1, b: 2 }, Next: "Swap" },
      Swap: {
        Type: "Pass",
        Assign: { a: "{% $b %}", b: "{% $a %}" },
        Output: "{% $a %}",
        Next: "Show",
      },
      Show: { Type: "Succeed", Output: ["{% $states.input %}", "{% $a %}", "{% $b %}"] },
    },
  });

  expect(ended.output).toEqual([1, 2, 1]);
});

test("a Choice takes the first rule that holds, else its Default, with that way's Output", async () => {
  const kit = await startKit();
  const machine = await kit.create({
    StartAt: "Choose",
    States: {
      Choose: {
        Type: "Choice",
        Choices: [
          { Condition: "{% $states.input.n > 10 %}", Next: "Done", Output: "large" },
          { Condition: "{% $states.input.n > 5 %}", Next: "Done", Output: "middling" },
        ],
        Default: "Done",
        Output: "small",
      },
      Done: { Type: "Succeed" },
    },
  });

  const outputs = [];
  for (const n of [11, 6, 1]) {
    outputs.push((await kit.ended(await kit.start(machine, { n }))).output);
  }

  expect(outputs).toEqual(["large", "middling", "small"]);
});

test("a Choice without a way out fails with States.NoChoiceMatched", async () => {
  const kit = await startKit();

  const ended = await kit.run({
    StartAt: "Choose",
    States: {
      Choose: { Type: "Choice", Choices: [{ Condition: false, Next: "Done" }] },
      Done: { Type: "Succeed" },
    },
  });

  expect(ended).toMatchObject({ status: "FAILED", error: "States.NoChoiceMatched" });
});

test("a Wait takes the seconds it computes, or lasts until its timestamp", async () => {
  const kit = await startKit();
  const startedAt = fastClock.now();
  const until = new Date(startedAt + 20_000).toISOString();

  const ended = await kit.run(
    {
      StartAt: "Wait",
      States: {
        Wait: { Type: "Wait", Seconds: "{% $states.input.seconds %}", Next: "Until" },
        Until: { Type: "Wait", Timestamp: until, Output: "waited", End: true },
      },
    },
    { seconds: 5 },
  );

  expect(ended.output).toBe("waited");
  const history = await kit.history(ended.arn);
  const times = history
    .filter((event) => event.type === "WaitStateExited")
    .map((event) => event.timestamp?.getTime() ?? 0);
  expect(times[0]).toBeGreaterThanOrEqual(startedAt + 5_000);
  expect(times[1]).toBeGreaterThanOrEqual(startedAt + 20_000);
});

test("a timestamp without a time zone fails the Wait", async () => {
  const kit = await startKit();

  const ended = await kit.run({
    StartAt: "Wait",
    States: { Wait: { Type: "Wait", Timestamp: "2026-01-01T00:00:00", End: true } },
  });

  expect(ended).toMatchObject({ status: "FAILED", error: "States.QueryEvaluationError" });
});

test("a Fail state ends the execution with its error and cause", async () => {
  const kit = await startKit();

  const ended = await kit.run(
    {
      StartAt: "Fail",
      States: {
        Fail: { Type: "Fail", Error: "disk.vanished", Cause: "{% 'lost ' & $states.input.disk %}" },
      },
    },
    { disk: "sda" },
  );

  expect(ended).toMatchObject({ status: "FAILED", error: "disk.vanished", cause: "lost sda" });
});

test("a Task sees the context object and gets back what the function returned", async () => {
  const kit = await startKit({ echo: (payload: unknown) => payload });

  const ended = await kit.run(
    {
      StartAt: "Call",
      States: {
        Call: {
          Type: "Task",
          Resource: invoke,
          Arguments: {
            FunctionName: "arn:aws:lambda:us-east-1:123456789012:function:echo:live",
            Payload: "{% $states.context %}",
          },
          Output: "{% $states.result %}",
          End: true,
        },
      },
    },
    { a: 1 },
  );

  expect(ended.output).toMatchObject({
    StatusCode: 200,
    ExecutedVersion: "$LATEST",
    Payload: {
      Execution: {
        Id: ended.arn,
        Name: ended.arn.split(":").at(-1),
        Input: { a: 1 },
        StartTime: expect.stringMatching(/^\d{4}-.*Z$/),
        RoleArn: expect.stringContaining("role/"),
      },
      State: { Name: "Call", EnteredTime: expect.stringMatching(/Z$/), RetryCount: 0 },
      StateMachine: { Name: "machine-1" },
    },
  });
});

test("a function named by its own ARN gets the input and its answer is the result", async () => {
  const kit = await startKit({ double: ({ n }: { n: number }) => n * 2 });

  const ended = await kit.run(
    {
      StartAt: "Call",
      States: {
        Call: {
          Type: "Task",
          Resource: "arn:aws:lambda:us-east-1:123456789012:function:double",
          End: true,
        },
      },
    },
    { n: 4 },
  );

  expect(ended.output).toBe(8);
  const types = (await kit.history(ended.arn)).map((event) => event.type);
  expect(types).toEqual([
    "ExecutionStarted",
    "TaskStateEntered",
    "LambdaFunctionScheduled",
    "LambdaFunctionStarted",
    "LambdaFunctionSucceeded",
    "TaskStateExited",
    "ExecutionSucceeded",
  ]);
});

test("a Parallel runs its branches side by side and keeps their order in its result", async () => {
  const release: (() => void)[] = [];
  const kit = await startKit({
    meet: (name: string) =>
      new Promise((resolve) => {
        release.push(() => resolve(name));
        // Only when all are here, so one after the other would never end.
        if (release.length === 3) for (const go of release.toReversed()) go();
      }),
  });
  const branch = (name: string) => ({
    StartAt: name,
    States: {
      [name]: {
        Type: "Task",
        Resource: invoke,
        Arguments: { FunctionName: "meet", Payload: name },
        Output: "{% $states.result.Payload & $states.input & $around %}",
        End: true,
      },
    },
  });

  const ended = await kit.run({
    StartAt: "Set",
    States: {
      Set: { Type: "Pass", Assign: { around: "!" }, Next: "Both" },
      Both: {
        Type: "Parallel",
        Arguments: "-x",
        Branches: [branch("A"), branch("B"), branch("C")],
        End: true,
      },
    },
  });

  expect(ended.output).toEqual(["A-x!", "B-x!", "C-x!"]);
});

test("a Map runs its processor for each item, never more at once than MaxConcurrency", async () => {
  let running = 0;
  let most = 0;
  const kit = await startKit({
    work: async ({ n, index }: { n: number; index: number }) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running--;
      return n * 10 + index;
    },
  });

  const ended = await kit.run(
    {
      StartAt: "Each",
      States: {
        Each: {
          Type: "Map",
          Items: "{% $states.input.numbers %}",
          MaxConcurrency: "{% $states.input.limit %}",
          ItemSelector: {
            n: "{% $states.context.Map.Item.Value %}",
            index: "{% $states.context.Map.Item.Index %}",
          },
          ItemProcessor: {
            ProcessorConfig: { Mode: "INLINE" },
            StartAt: "Work",
            States: {
              Work: {
                Type: "Task",
                Resource: invoke,
                Arguments: { FunctionName: "work", Payload: "{% $states.input %}" },
                Output: "{% [$states.result.Payload, $states.context.Map.Item.Index] %}",
                End: true,
              },
            },
          },
          End: true,
        },
      },
    },
    { numbers: [5, 6, 7, 8, 9], limit: 2 },
  );

  expect(ended.output).toEqual([
    [50, 0],
    [61, 1],
    [72, 2],
    [83, 3],
    [94, 4],
  ]);
  expect(most).toBe(2);
});

test("a Map over nothing gives an empty array", async () => {
  const kit = await startKit();

  const ended = await kit.run(
    {
      StartAt: "Each",
      States: {
        Each: {
          Type: "Map",
          ItemProcessor: { StartAt: "P", States: { P: { Type: "Pass", End: true } } },
          End: true,
        },
      },
    },
    [],
  );

  expect(ended.output).toEqual([]);
});

test("a Map over something that is no array fails with States.QueryEvaluationError", async () => {
  const kit = await startKit();

  const ended = await kit.run({
    StartAt: "Each",
    States: {
      Each: {
        Type: "Map",
        Items: "{% 1 %}",
        ItemProcessor: { StartAt: "P", States: { P: { Type: "Pass", End: true } } },
        End: true,
      },
    },
  });

  expect(ended).toMatchObject({ status: "FAILED", error: "States.QueryEvaluationError" });
  expect(ended.cause).toContain("'Items'");
});

test("a loop through hundreds of states that need no waiting comes to its end", async () => {
  const kit = await startKit();

  const ended = await kit.run({
    StartAt: "Zero",
    States: {
      Zero: { Type: "Pass", Assign: { n: 0 }, Next: "Add" },
      Add: { Type: "Pass", Assign: { n: "{% $n + 1 %}" }, Next: "More" },
      More: {
        Type: "Choice",
        Choices: [{ Condition: "{% $n < 300 %}", Next: "Add" }],
        Default: "Show",
      },
      Show: { Type: "Succeed", Output: "{% $n %}" },
    },
  });

  expect(ended.output).toBe(300);
});

test("an endless loop fails at about 25,000 events", async () => {
  const kit = await startKit();

  const ended = await kit.run({
    StartAt: "A",
    States: { A: { Type: "Pass", Next: "B" }, B: { Type: "Pass", Next: "A" } },
  });

  expect(ended).toMatchObject({ status: "FAILED", error: "States.Runtime" });
  const { length } = await kit.history(ended.arn);
  expect(length).toBeGreaterThanOrEqual(25_000);
  expect(length).toBeLessThan(25_010);
});

test("an execution that outlives the machine's TimeoutSeconds times out and its function is told", async () => {
  let told = false;
  const kit = await startKit({
    hang: (_: unknown, signal: AbortSignal) =>
      new Promise((resolve) => {
        signal.addEventListener("abort", () => {
          told = true;
          resolve(null);
        });
      }),
  });

  const ended = await kit.run({
    TimeoutSeconds: 10,
    StartAt: "Hang",
    States: {
      Hang: { Type: "Task", Resource: invoke, Arguments: { FunctionName: "hang" }, End: true },
    },
  });

  expect(ended.status).toBe("TIMED_OUT");
  expect(await eventually(() => told || undefined)).toBe(true);
});
