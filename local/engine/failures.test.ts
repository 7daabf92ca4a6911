import { expect, test } from "vitest";
import { eventually, type Handler, invoke, startKit } from "./test-kit.ts";

function named(name: string, message = name): Error {
  return Object.assign(new Error(message), { name });
}

function task(FunctionName: string, more: object = {}): object {
  return { Type: "Task", Resource: invoke, Arguments: { FunctionName }, End: true, ...more };
}

/** A handler that fails with these errors, one after the other, and then answers. */
function failing(...errors: string[]): Handler & { calls: number } {
  const handler = () => {
    const error = errors[handler.calls++];
    if (error !== undefined) throw named(error);
    return handler.calls;
  };
  handler.calls = 0;
  return handler;
}

test("a thrown error fails the task under its name, with Lambda's report as the cause", async () => {
  const kit = await startKit({
    boom: () => {
      throw named("disk.vanished", "sda is gone");
    },
  });

  const ended = await kit.run({ StartAt: "T", States: { T: task("boom") } });

  expect(ended).toMatchObject({ status: "FAILED", error: "disk.vanished" });
  expect(JSON.parse(ended.cause ?? "")).toEqual({
    errorType: "disk.vanished",
    errorMessage: "sda is gone",
    trace: expect.arrayContaining([expect.stringContaining("sda is gone")]),
  });
});

test("a retried task is called again until it answers, and counts its retries", async () => {
  const notReady = failing("NotReady", "NotReady");
  const kit = await startKit({ notReady });

  const ended = await kit.run({
    StartAt: "T",
    States: {
      T: task("notReady", {
        Retry: [{ ErrorEquals: ["NotReady"], IntervalSeconds: 2, MaxAttempts: 5 }],
        Output: ["{% $states.result.Payload %}", "{% $states.context.State.RetryCount %}"],
      }),
    },
  });

  expect(ended.output).toEqual([3, 2]);
  const scheduled = (await kit.history(ended.arn))
    .filter((event) => event.type === "TaskScheduled")
    .map((event) => event.timestamp?.getTime() ?? 0);
  expect((scheduled[1] ?? 0) - (scheduled[0] ?? 0)).toBeGreaterThanOrEqual(2_000);
  expect((scheduled[2] ?? 0) - (scheduled[1] ?? 0)).toBeGreaterThanOrEqual(4_000);
});

test("each retrier counts its own attempts, and the task fails when one is used up", async () => {
  const mixed = failing("A", "B", "A", "B", "B");
  const kit = await startKit({ mixed });
  const retrier = (error: string, MaxAttempts: number) => ({
    ErrorEquals: [error],
    IntervalSeconds: 1,
    MaxAttempts,
  });

  const ended = await kit.run({
    StartAt: "T",
    States: { T: task("mixed", { Retry: [retrier("A", 2), retrier("B", 2)] }) },
  });

  expect(ended).toMatchObject({ status: "FAILED", error: "B" });
  expect(mixed.calls).toBe(5);
});

test("MaxAttempts 0 means that an error is not retried", async () => {
  const once = failing("A", "A");
  const kit = await startKit({ once });

  const ended = await kit.run({
    StartAt: "T",
    States: {
      T: task("once", {
        Retry: [
          { ErrorEquals: ["A"], MaxAttempts: 0 },
          { ErrorEquals: ["States.ALL"], MaxAttempts: 3 },
        ],
      }),
    },
  });

  expect(ended.error).toBe("A");
  expect(once.calls).toBe(1);
});

test("a Catch sees the error, shapes its output and keeps variables", async () => {
  const kit = await startKit({ boom: failing("cloud.capacity") });

  const ended = await kit.run(
    {
      StartAt: "T",
      States: {
        T: task("boom", {
          Catch: [
            { ErrorEquals: ["other"], Next: "Done" },
            {
              ErrorEquals: ["cloud.capacity"],
              Assign: { why: "{% $states.errorOutput.Error %}" },
              Output: {
                was: "{% $states.input.id %}",
                cause: "{% $parse($states.errorOutput.Cause).errorMessage %}",
              },
              Next: "Done",
            },
          ],
        }),
        Done: { Type: "Succeed", Output: ["{% $why %}", "{% $states.input %}"] },
      },
    },
    { id: 7 },
  );

  expect(ended.output).toEqual(["cloud.capacity", { was: 7, cause: "cloud.capacity" }]);
});

test("States.TaskFailed catches what a function throws but not a timeout; States.ALL catches both", async () => {
  const kit = await startKit({ boom: failing("A", "A"), hang: () => new Promise(() => {}) });
  const caught = (FunctionName: string) =>
    kit.run({
      StartAt: "T",
      States: {
        T: task(FunctionName, {
          TimeoutSeconds: 5,
          Catch: [
            { ErrorEquals: ["States.TaskFailed"], Output: "task failed", Next: "Done" },
            {
              ErrorEquals: ["States.ALL"],
              Output: "{% $states.errorOutput.Error %}",
              Next: "Done",
            },
          ],
        }),
        Done: { Type: "Succeed" },
      },
    });

  expect((await caught("boom")).output).toBe("task failed");
  expect((await caught("hang")).output).toBe("States.Timeout");
});

test("a task that takes too long fails with States.Timeout and its function is told", async () => {
  let told = false;
  const kit = await startKit({
    hang: (_: unknown, signal: AbortSignal) =>
      new Promise(() => {
        signal.addEventListener("abort", () => {
          told = true;
        });
      }),
  });

  const ended = await kit.run(
    {
      StartAt: "T",
      States: { T: task("hang", { TimeoutSeconds: "{% $states.input.limit %}" }) },
    },
    { limit: 3 },
  );

  expect(ended).toMatchObject({ status: "FAILED", error: "States.Timeout" });
  expect(await eventually(() => told || undefined)).toBe(true);
  const types = (await kit.history(ended.arn)).map((event) => event.type);
  expect(types.slice(-2)).toEqual(["TaskTimedOut", "ExecutionFailed"]);
});

test("an answer larger than 256 KiB fails with States.DataLimitExceeded, which States.ALL does not catch", async () => {
  const kit = await startKit({ large: (bytes: number) => "x".repeat(bytes) });
  const call = (bytes: number) =>
    kit.run({
      StartAt: "T",
      States: {
        T: task("large", {
          Arguments: { FunctionName: "large", Payload: bytes },
          Output: "{% $length($states.result.Payload) %}",
          Catch: [{ ErrorEquals: ["States.ALL"], Next: "Done" }],
        }),
        Done: { Type: "Succeed" },
      },
    });

  expect((await call(262_000)).output).toBe(262_000);
  expect(await call(262_144)).toMatchObject({
    status: "FAILED",
    error: "States.DataLimitExceeded",
  });
});

test("an output larger than 256 KiB fails the state, counted in bytes", async () => {
  const kit = await startKit();

  const ended = await kit.run(
    {
      StartAt: "P",
      States: {
        P: {
          Type: "Pass",
          Output: "{% $join($map([1..1000], function($i) {$states.input.s})) %}",
          End: true,
        },
      },
    },
    { s: "é".repeat(135) },
  );

  expect(ended.error).toBe("States.DataLimitExceeded");
});

test("a failing branch stops its siblings, and the Parallel's Catch takes the error", async () => {
  let told = false;
  const kit = await startKit({
    hang: (_: unknown, signal: AbortSignal) =>
      new Promise(() => {
        signal.addEventListener("abort", () => {
          told = true;
        });
      }),
    boom: failing("A"),
  });

  const ended = await kit.run({
    StartAt: "Both",
    States: {
      Both: {
        Type: "Parallel",
        Branches: [
          { StartAt: "Hang", States: { Hang: task("hang") } },
          { StartAt: "Sleep", States: { Sleep: { Type: "Wait", Seconds: 100_000, End: true } } },
          { StartAt: "Boom", States: { Boom: task("boom") } },
        ],
        Catch: [{ ErrorEquals: ["A"], Output: "{% $states.errorOutput.Error %}", Next: "Done" }],
        End: true,
      },
      Done: { Type: "Succeed" },
    },
  });

  expect(ended.output).toBe("A");
  expect(await eventually(() => told || undefined)).toBe(true);
  const types = (await kit.history(ended.arn)).map((event) => event.type);
  expect(types).toContain("TaskStateAborted");
  expect(types).toContain("WaitStateAborted");
  expect(types).toContain("ParallelStateFailed");
});

test("a retried Map starts all its items again", async () => {
  const flaky = failing("A");
  const kit = await startKit({ flaky });

  const ended = await kit.run(
    {
      StartAt: "Each",
      States: {
        Each: {
          Type: "Map",
          MaxConcurrency: 1,
          ItemProcessor: {
            StartAt: "T",
            States: { T: task("flaky", { Output: "{% $states.input %}" }) },
          },
          Retry: [{ ErrorEquals: ["A"], IntervalSeconds: 1 }],
          End: true,
        },
      },
    },
    ["a", "b"],
  );

  expect(ended.output).toEqual(["a", "b"]);
  expect(flaky.calls).toBe(3);
});

test("a Map bears as many failures as it tolerates, and one more fails it", async () => {
  const kit = await startKit({
    odd: (n: number) => {
      if (n % 2 === 1) throw named("Odd");
      return n;
    },
  });
  const count = (ToleratedFailureCount: number) =>
    kit.run(
      {
        StartAt: "Each",
        States: {
          Each: {
            Type: "Map",
            ToleratedFailureCount,
            ItemProcessor: {
              StartAt: "T",
              States: {
                T: task("odd", {
                  Arguments: { FunctionName: "odd", Payload: "{% $states.input %}" },
                  Output: "{% $states.result.Payload %}",
                }),
              },
            },
            End: true,
          },
        },
      },
      [1, 2, 3],
    );

  expect((await count(2)).output).toEqual([
    { Error: "Odd", Cause: expect.any(String) },
    2,
    { Error: "Odd", Cause: expect.any(String) },
  ]);
  expect(await count(1)).toMatchObject({
    status: "FAILED",
    error: "States.ExceedToleratedFailureThreshold",
  });
});

test("an output that cannot be computed fails the state after the task, and can be caught", async () => {
  const kit = await startKit({ ok: () => ({}) });

  const ended = await kit.run({
    StartAt: "T",
    States: {
      T: task("ok", {
        Output: { id: "{% $states.result.Payload.id %}" },
        Catch: [{ ErrorEquals: ["States.QueryEvaluationError"], Next: "Done" }],
      }),
      Done: { Type: "Succeed" },
    },
  });

  expect(ended.output).toMatchObject({
    Error: "States.QueryEvaluationError",
    Cause: expect.stringContaining("'Output/id' returned nothing (undefined)"),
  });
  const failed = (await kit.history(ended.arn)).find((event) => event.type === "EvaluationFailed");
  expect(failed?.evaluationFailedEventDetails).toMatchObject({ state: "T", location: "Output/id" });
});

test("a function that changes its payload does not change the state's input", async () => {
  const kit = await startKit({
    greedy: (payload: { left: string[] }) => payload.left.pop(),
  });

  const ended = await kit.run(
    {
      StartAt: "T",
      States: {
        T: {
          Type: "Task",
          Resource: "arn:aws:lambda:us-east-1:123456789012:function:greedy",
          Output: ["{% $states.result %}", "{% $states.input %}"],
          End: true,
        },
      },
    },
    { left: ["a"] },
  );

  expect(ended.output).toEqual(["a", { left: ["a"] }]);
});
