import { DatabaseSync } from "node:sqlite";
import { SendTaskSuccessCommand } from "@aws-sdk/client-sfn";
import { expect, test } from "vitest";
import { startEngine } from "./engine.ts";
import { eventually, fastClock, invoke, invokeWithToken, startKit } from "./test-kit.ts";

// A kill at every write is in kill.test.ts; here is what needs time to pass while no engine runs.

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

test("a Wait ends at its old deadline, however long the engine was away", async () => {
  const kit = await startKit();
  const startedAt = fastClock.now();
  const arn = await kit.start(
    await kit.create({
      StartAt: "Sleep",
      States: { Sleep: { Type: "Wait", Seconds: 60, End: true } },
    }),
  );
  // Half of its time, so that a timer may be late on a busy machine and still be told from a new wait.
  await new Promise<void>((resolve) => fastClock.callAt(startedAt + 30_000, resolve));
  const again = await kit.restart();
  const restartedAt = fastClock.now();

  await again.ended(arn);

  const exited = (await again.history(arn)).find((event) => event.type === "WaitStateExited");
  const exitedAt = exited?.timestamp?.getTime() ?? 0;
  expect(exitedAt).toBeGreaterThanOrEqual(startedAt + 60_000);
  expect(exitedAt).toBeLessThan(restartedAt + 60_000);
});

test("a function that was running is called again with the same payload, its signal told first", async () => {
  const payloads: unknown[] = [];
  let told = 0;
  const kit = await startKit({
    hang: (payload: unknown, signal: AbortSignal) => {
      payloads.push(payload);
      signal.addEventListener("abort", () => told++);
      return new Promise(() => {});
    },
  });
  const arn = await kit.start(
    await kit.create({
      StartAt: "T",
      States: {
        T: {
          Type: "Task",
          Resource: invoke,
          Arguments: { FunctionName: "hang", Payload: { id: "{% $uuid() %}" } },
          Output: "{% $states.result.Payload %}",
          End: true,
        },
      },
    }),
  );
  await eventually(() => payloads[0]);

  const again = await kit.restart({ hang: (payload: unknown) => payload });

  expect((await again.ended(arn)).output).toEqual(payloads[0]);
  expect(told).toBe(1);
  const types = (await again.history(arn)).map((event) => event.type);
  expect(types.filter((type) => type === "TaskScheduled")).toHaveLength(1);
});

test("a task's time limit goes on running while the engine is away", async () => {
  const kit = await startKit({ hang: () => new Promise(() => {}) });
  const arn = await kit.start(
    await kit.create({
      StartAt: "T",
      States: {
        T: {
          Type: "Task",
          Resource: invoke,
          Arguments: { FunctionName: "hang" },
          TimeoutSeconds: 50,
          End: true,
        },
      },
    }),
  );
  await kit.engine.close();
  await pause(1_200);
  const again = await kit.restart();
  const restartedAt = fastClock.now();

  expect((await again.ended(arn)).error).toBe("States.Timeout");
  const last = (await again.history(arn)).at(-1)?.timestamp?.getTime() ?? 0;
  expect(last - restartedAt).toBeLessThan(50_000);
});

test("the engine's own absence is not taken for a missed heartbeat, and the old token still counts", async () => {
  const tokens: string[] = [];
  const kit = await startKit({
    take: (token: string) => {
      tokens.push(token);
    },
  });
  const arn = await kit.start(
    await kit.create({
      StartAt: "Ask",
      States: {
        Ask: {
          Type: "Task",
          Resource: invokeWithToken,
          Arguments: { FunctionName: "take", Payload: "{% $states.context.Task.Token %}" },
          HeartbeatSeconds: 50,
          End: true,
        },
      },
    }),
  );
  const taskToken = await eventually(() => tokens[0]);
  await eventually(async () =>
    (await kit.history(arn)).find((event) => event.type === "TaskSubmitted"),
  );
  await kit.engine.close();
  await pause(1_200);
  const again = await kit.restart();

  await again.client.send(new SendTaskSuccessCommand({ taskToken, output: "1" }));

  expect((await again.ended(arn)).output).toBe(1);
  expect(tokens).toHaveLength(1);
});

test("a definition this version no longer accepts fails its execution and no other", async () => {
  const kit = await startKit();
  const sleeper = (Seconds: number) => ({
    StartAt: "Sleep",
    States: { Sleep: { Type: "Wait", Seconds, End: true } },
  });
  const old = await kit.start(await kit.create(sleeper(1_000_000)));
  const other = await kit.start(await kit.create(sleeper(100)));
  await kit.engine.close();
  const journal = new DatabaseSync(kit.journalFile);
  journal.exec("UPDATE definition SET text = replace(text, '1000000', '-1')");
  journal.close();

  const again = await kit.restart();

  expect(await again.ended(old)).toMatchObject({ status: "FAILED", error: "States.Runtime" });
  expect((await again.ended(other)).status).toBe("SUCCEEDED");
});

test("a journal of a newer version is refused and left as it is", async () => {
  const kit = await startKit();
  await kit.engine.close();
  const journal = new DatabaseSync(kit.journalFile);
  journal.exec("PRAGMA user_version = 99");
  journal.close();

  const started = startEngine({ journalFile: kit.journalFile, invoke: async () => null });

  await expect(started).rejects.toThrow("newer version");
});
