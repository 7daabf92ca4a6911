import {
  DescribeExecutionCommand,
  ListExecutionsCommand,
  StopExecutionCommand,
} from "@aws-sdk/client-sfn";
import { expect, test } from "vitest";
import { eventually, type Kit, startKit, startNested } from "./test-kit.ts";

function parentOf(child: string, more: object = {}): object {
  return {
    StartAt: "Nest",
    States: {
      Nest: {
        Type: "Task",
        Resource: startNested,
        Arguments: { StateMachineArn: child, Input: "{% $states.input %}" },
        End: true,
        ...more,
      },
    },
  };
}

const sleeper = {
  StartAt: "Sleep",
  States: { Sleep: { Type: "Wait", Seconds: 10_000_000, End: true } },
};

async function findChild(kit: Kit, stateMachineArn: string): Promise<string> {
  return eventually(async () => {
    const found = await kit.client.send(new ListExecutionsCommand({ stateMachineArn }));
    return found.executions?.[0]?.executionArn;
  });
}

test("a nested execution's output comes back parsed", async () => {
  const kit = await startKit();
  const child = await kit.create({
    StartAt: "P",
    States: { P: { Type: "Pass", Output: { got: "{% $states.input.x %}" }, End: true } },
  });

  const ended = await kit.run(parentOf(child), { x: [1, 2] });

  expect(ended.output).toMatchObject({
    Status: "SUCCEEDED",
    StateMachineArn: child,
    Input: { x: [1, 2] },
    Output: { got: [1, 2] },
  });
});

test("a nested execution that fails fails its task with States.TaskFailed and says why", async () => {
  const kit = await startKit();
  const child = await kit.create({
    StartAt: "F",
    States: { F: { Type: "Fail", Error: "repair.no-root", Cause: "no root" } },
  });

  const ended = await kit.run(parentOf(child));

  expect(ended).toMatchObject({ status: "FAILED", error: "States.TaskFailed" });
  expect(JSON.parse(ended.cause ?? "")).toMatchObject({
    Error: "repair.no-root",
    Cause: "no root",
    Status: "FAILED",
  });
});

test("stopping an execution stops the one it waits for", async () => {
  const kit = await startKit();
  const child = await kit.create(sleeper);
  const arn = await kit.start(await kit.create(parentOf(child)));
  const nested = await findChild(kit, child);

  await kit.client.send(
    new StopExecutionCommand({ executionArn: arn, error: "asked", cause: "by me" }),
  );

  expect(await kit.ended(arn)).toMatchObject({ status: "ABORTED", error: "asked", cause: "by me" });
  expect((await kit.ended(nested)).status).toBe("ABORTED");
});

test("a nested execution that takes too long is stopped", async () => {
  const kit = await startKit();
  const child = await kit.create(sleeper);

  const ended = await kit.run(parentOf(child, { TimeoutSeconds: 5 }));

  expect(ended.error).toBe("States.Timeout");
  expect((await kit.ended(await findChild(kit, child))).status).toBe("ABORTED");
});

test("a nested execution survives a restart of the engine, and its parent gets its output", async () => {
  const kit = await startKit();
  const child = await kit.create({
    StartAt: "Sleep",
    States: { Sleep: { Type: "Wait", Seconds: 30, Output: "slept", End: true } },
  });
  const arn = await kit.start(
    await kit.create(parentOf(child, { Output: "{% $states.result.Output %}" })),
  );
  const nested = await findChild(kit, child);

  const again = await kit.restart();

  expect((await again.ended(arn)).output).toBe("slept");
  const described = await again.client.send(new DescribeExecutionCommand({ executionArn: nested }));
  expect(described.status).toBe("SUCCEEDED");
});

test("nesting a machine that does not exist fails the task by AWS's name", async () => {
  const kit = await startKit();

  const ended = await kit.run(parentOf("arn:aws:states:local:000000000000:stateMachine:nowhere"));

  expect(ended.error).toBe("StepFunctions.StateMachineDoesNotExistException");
});
