import {
  SendTaskFailureCommand,
  SendTaskHeartbeatCommand,
  SendTaskSuccessCommand,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";
import { expect, test } from "vitest";
import { eventually, fastClock, invokeWithToken, startKit } from "./test-kit.ts";

/** A machine of one callback task, and the tokens its function was given. */
async function startCallback(more: object = {}) {
  const tokens: string[] = [];
  const kit = await startKit({
    take: ({ token }: { token: string }) => {
      tokens.push(token);
    },
  });
  const machine = await kit.create({
    StartAt: "Ask",
    States: {
      Ask: {
        Type: "Task",
        Resource: invokeWithToken,
        Arguments: {
          FunctionName: "take",
          Payload: { token: "{% $states.context.Task.Token %}" },
        },
        TimeoutSeconds: 100_000,
        End: true,
        ...more,
      },
    },
  });
  const arn = await kit.start(machine);
  const token = await eventually(() => tokens[0]);
  return { kit, arn, token, tokens };
}

test("SendTaskSuccess completes the task with its output", async () => {
  const { kit, arn, token } = await startCallback();

  await kit.client.send(new SendTaskSuccessCommand({ taskToken: token, output: '{"done":true}' }));

  expect((await kit.ended(arn)).output).toEqual({ done: true });
});

test("SendTaskFailure fails the task with its error and cause", async () => {
  const { kit, arn, token } = await startCallback();

  await kit.client.send(
    new SendTaskFailureCommand({ taskToken: token, error: "gateway.disk-full", cause: "no room" }),
  );

  expect(await kit.ended(arn)).toMatchObject({
    status: "FAILED",
    error: "gateway.disk-full",
    cause: "no room",
  });
});

test("a token is good for one answer: the second is told that the task timed out", async () => {
  const { kit, arn, token } = await startCallback();
  const send = () => kit.client.send(new SendTaskSuccessCommand({ taskToken: token, output: "1" }));

  await send();
  await kit.ended(arn);

  await expect(send()).rejects.toMatchObject({ name: "TaskTimedOut" });
});

test("of many answers at the same moment exactly one is taken", async () => {
  const { kit, token } = await startCallback();

  const answers = await Promise.allSettled(
    [1, 2, 3, 4, 5].map((n) =>
      kit.client.send(new SendTaskSuccessCommand({ taskToken: token, output: String(n) })),
    ),
  );

  expect(answers.filter((answer) => answer.status === "fulfilled")).toHaveLength(1);
});

test("an invented token is refused as InvalidToken, and an output that is no JSON as InvalidOutput", async () => {
  const { kit, token } = await startCallback();
  const invented = Buffer.from("999.0.abc").toString("base64url");

  for (const taskToken of ["nonsense", invented]) {
    await expect(
      kit.client.send(new SendTaskHeartbeatCommand({ taskToken })),
    ).rejects.toMatchObject({ name: "InvalidToken" });
  }
  await expect(
    kit.client.send(new SendTaskSuccessCommand({ taskToken: token, output: "{" })),
  ).rejects.toMatchObject({ name: "InvalidOutput" });
});

test("a token of another task of the same branch is refused", async () => {
  const { kit, arn, token, tokens } = await startCallback({
    Retry: [{ ErrorEquals: ["again"], IntervalSeconds: 1 }],
  });
  await kit.client.send(new SendTaskFailureCommand({ taskToken: token, error: "again" }));
  const second = await eventually(() => tokens[1]);

  await expect(
    kit.client.send(new SendTaskSuccessCommand({ taskToken: token, output: "1" })),
  ).rejects.toMatchObject({ name: "TaskTimedOut" });

  await kit.client.send(new SendTaskSuccessCommand({ taskToken: second, output: "2" }));
  expect((await kit.ended(arn)).output).toBe(2);
});

test("heartbeats keep a task alive far beyond HeartbeatSeconds, and their absence ends it", async () => {
  const { kit, arn, token } = await startCallback({ HeartbeatSeconds: "{% 40 %}" });
  const startedAt = fastClock.now();

  let lastBeat = startedAt;
  while (lastBeat < startedAt + 100_000) {
    lastBeat = fastClock.now();
    await kit.client.send(new SendTaskHeartbeatCommand({ taskToken: token }));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }

  const ended = await kit.ended(arn);
  expect(ended).toMatchObject({ status: "FAILED", error: "States.Timeout" });
  const last = (await kit.history(arn)).at(-1)?.timestamp?.getTime() ?? 0;
  expect(last).toBeGreaterThanOrEqual(lastBeat + 40_000);
});

test("a missed heartbeat is caught as States.HeartbeatTimeout", async () => {
  const { kit, arn } = await startCallback({
    HeartbeatSeconds: 5,
    Retry: [{ ErrorEquals: ["States.HeartbeatTimeout"], MaxAttempts: 1, IntervalSeconds: 1 }],
  });

  expect((await kit.ended(arn)).error).toBe("States.Timeout");
  const types = (await kit.history(arn)).map((event) => event.type);
  expect(types.filter((type) => type === "TaskTimedOut")).toHaveLength(2);
});

test("a function that fails before anyone used its token fails the task", async () => {
  const kit = await startKit({
    take: () => {
      throw Object.assign(new Error("no gateway"), { name: "gateway.unreachable" });
    },
  });

  const ended = await kit.run({
    StartAt: "Ask",
    States: {
      Ask: {
        Type: "Task",
        Resource: invokeWithToken,
        Arguments: { FunctionName: "take" },
        End: true,
      },
    },
  });

  expect(ended.error).toBe("gateway.unreachable");
});

test("a stopped execution no longer takes answers", async () => {
  const { kit, arn, token } = await startCallback();

  await kit.client.send(new StopExecutionCommand({ executionArn: arn }));

  await expect(
    kit.client.send(new SendTaskSuccessCommand({ taskToken: token, output: "1" })),
  ).rejects.toMatchObject({ name: "TaskTimedOut" });
});
