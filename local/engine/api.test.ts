import { request } from "node:http";
import {
  CreateStateMachineCommand,
  DeleteStateMachineCommand,
  DescribeExecutionCommand,
  DescribeStateMachineCommand,
  GetExecutionHistoryCommand,
  ListExecutionsCommand,
  ListStateMachinesCommand,
  RedriveExecutionCommand,
  StartExecutionCommand,
  StopExecutionCommand,
  UpdateStateMachineCommand,
  ValidateStateMachineDefinitionCommand,
} from "@aws-sdk/client-sfn";
import { expect, test } from "vitest";
import { startEngine } from "./engine.ts";
import { eventually, invoke, roleArn, startKit } from "./test-kit.ts";

const pass = { StartAt: "P", States: { P: { Type: "Pass", End: true } } };
const sleeper = {
  StartAt: "Sleep",
  States: { Sleep: { Type: "Wait", Seconds: 10_000_000, End: true } },
};

function text(definition: object): string {
  return JSON.stringify({ QueryLanguage: "JSONata", ...definition });
}

test("creating a machine twice gives the first one; with another definition it is refused", async () => {
  const kit = await startKit();
  const create = (definition: object) =>
    kit.client.send(
      new CreateStateMachineCommand({ name: "m", definition: text(definition), roleArn }),
    );

  const [first, second] = await Promise.all([create(pass), create(pass)]);

  expect(second).toMatchObject({ stateMachineArn: first.stateMachineArn });
  expect(second.creationDate).toEqual(first.creationDate);
  await expect(create(sleeper)).rejects.toMatchObject({ name: "StateMachineAlreadyExists" });
});

test("an updated machine runs its new definition; what was running keeps the old one", async () => {
  let release = () => {};
  const kit = await startKit({
    hold: () =>
      new Promise<void>((resolve) => {
        release = resolve;
      }),
  });
  const version = (name: string) => ({
    StartAt: "Hold",
    States: {
      Hold: { Type: "Task", Resource: invoke, Arguments: { FunctionName: "hold" }, Next: "Say" },
      Say: { Type: "Succeed", Output: name },
    },
  });
  const machine = await kit.create(version("old"));
  const before = await kit.start(machine);
  const kept = await eventually(() => (release.length === 0 ? undefined : release));
  const definition = text(version("new"));

  await kit.client.send(new UpdateStateMachineCommand({ stateMachineArn: machine, definition }));
  const described = await kit.client.send(
    new DescribeStateMachineCommand({ stateMachineArn: machine }),
  );
  const restarted = await kit.restart({ hold: () => null });
  kept();

  expect(described).toMatchObject({ definition, status: "ACTIVE", type: "STANDARD", roleArn });
  expect((await restarted.ended(before)).output).toBe("old");
  expect((await restarted.ended(await restarted.start(machine))).output).toBe("new");
});

test("starting by name is idempotent while it runs with the same input, and refused otherwise", async () => {
  const kit = await startKit();
  const machine = await kit.create(sleeper);

  const [first, second] = await Promise.all([
    kit.start(machine, { a: 1 }, "one"),
    kit.start(machine, { a: 1 }, "one"),
  ]);

  expect(second).toBe(first);
  const refused = { name: "ExecutionAlreadyExists" };
  await expect(kit.start(machine, { a: 2 }, "one")).rejects.toMatchObject(refused);
  await kit.client.send(new StopExecutionCommand({ executionArn: first }));
  await expect(kit.start(machine, { a: 1 }, "one")).rejects.toMatchObject(refused);
});

test("machines and executions are listed page by page, executions newest first and by status", async () => {
  const kit = await startKit();
  for (const name of ["a", "b", "c"]) await kit.create(pass, name);
  const machine = await kit.create(sleeper, "d");
  for (const name of ["1", "2", "3", "4", "5"]) await kit.start(machine, {}, name);
  const executionArn = (await kit.start(machine, {}, "6")) ?? "";
  await kit.client.send(new StopExecutionCommand({ executionArn }));

  const machines = await kit.client.send(new ListStateMachinesCommand({ maxResults: 3 }));
  const rest = await kit.client.send(
    new ListStateMachinesCommand({ maxResults: 3, nextToken: machines.nextToken }),
  );
  const names: (string | undefined)[] = [];
  let nextToken: string | undefined;
  do {
    const page = await kit.client.send(
      new ListExecutionsCommand({
        stateMachineArn: machine,
        statusFilter: "RUNNING",
        maxResults: 2,
        nextToken,
      }),
    );
    names.push(...(page.executions ?? []).map((each) => each.name));
    nextToken = page.nextToken;
  } while (nextToken !== undefined);

  expect(machines.stateMachines?.map((each) => each.name)).toEqual(["a", "b", "c"]);
  expect(rest.stateMachines?.map((each) => each.name)).toEqual(["d"]);
  expect(rest.nextToken).toBeUndefined();
  expect(names).toEqual(["5", "4", "3", "2", "1"]);
});

test("a history can be read in pages, backwards, and without data", async () => {
  const kit = await startKit();
  const { arn: executionArn } = await kit.run(pass, { secret: 1 });

  const first = await kit.client.send(
    new GetExecutionHistoryCommand({ executionArn, reverseOrder: true, maxResults: 3 }),
  );
  const second = await kit.client.send(
    new GetExecutionHistoryCommand({
      executionArn,
      reverseOrder: true,
      maxResults: 3,
      nextToken: first.nextToken,
      includeExecutionData: false,
    }),
  );

  expect(first.events?.map((event) => event.id)).toEqual([4, 3, 2]);
  expect(second.events?.map((event) => event.id)).toEqual([1]);
  expect(second.nextToken).toBeUndefined();
  expect(second.events?.[0]?.executionStartedEventDetails).toEqual({ roleArn });
});

test("what does not exist is refused by AWS's names", async () => {
  const kit = await startKit();
  const states = "arn:aws:states:local:000000000000";
  const executionArn = `${states}:execution:m:e`;
  const stateMachineArn = `${states}:stateMachine:m`;
  const refused = (sent: Promise<unknown>, name: string) =>
    expect(sent).rejects.toMatchObject({ name });

  await refused(
    kit.client.send(new DescribeExecutionCommand({ executionArn })),
    "ExecutionDoesNotExist",
  );
  await refused(
    kit.client.send(new StopExecutionCommand({ executionArn })),
    "ExecutionDoesNotExist",
  );
  await refused(
    kit.client.send(new StartExecutionCommand({ stateMachineArn })),
    "StateMachineDoesNotExist",
  );
  await refused(
    kit.client.send(new DescribeExecutionCommand({ executionArn: "nonsense" })),
    "InvalidArn",
  );
  await kit.client.send(new DeleteStateMachineCommand({ stateMachineArn }));
});

test("deleting a machine stops what it runs", async () => {
  const kit = await startKit();
  const stateMachineArn = await kit.create(sleeper);
  const arn = await kit.start(stateMachineArn);

  await kit.client.send(new DeleteStateMachineCommand({ stateMachineArn }));

  expect((await kit.ended(arn)).status).toBe("ABORTED");
  await expect(kit.start(stateMachineArn)).rejects.toMatchObject({
    name: "StateMachineDoesNotExist",
  });
});

test("a redriven execution goes on from the state that failed, with what was done before", async () => {
  const calls: string[] = [];
  let isBroken = true;
  const kit = await startKit({
    step: (name: string) => {
      calls.push(name);
      if (name === "B" && isBroken) throw Object.assign(new Error("no"), { name: "Broken" });
      return name;
    },
  });
  const step = (name: string) => ({
    StartAt: name,
    States: {
      [name]: {
        Type: "Task",
        Resource: invoke,
        Arguments: { FunctionName: "step", Payload: name },
        Output: "{% $states.result.Payload %}",
        End: true,
      },
    },
  });
  const arn = await kit.start(
    await kit.create({
      StartAt: "First",
      States: {
        First: { Type: "Pass", Assign: { kept: "kept" }, Next: "Both" },
        Both: {
          Type: "Parallel",
          Branches: [step("A"), step("B")],
          Output: { both: "{% $states.result %}", kept: "{% $kept %}" },
          End: true,
        },
      },
    }),
  );
  expect((await kit.ended(arn)).error).toBe("Broken");
  isBroken = false;
  const again = await kit.restart();

  await again.client.send(new RedriveExecutionCommand({ executionArn: arn }));

  expect((await again.ended(arn)).output).toEqual({ both: ["A", "B"], kept: "kept" });
  expect(calls).toEqual(["A", "B", "B"]);
  const described = await again.client.send(new DescribeExecutionCommand({ executionArn: arn }));
  expect(described).toMatchObject({ redriveCount: 1, redriveStatus: "NOT_REDRIVABLE" });
  const types = (await again.history(arn)).map((event) => event.type);
  expect(types.filter((type) => type === "ExecutionRedriven")).toHaveLength(1);
  await expect(
    again.client.send(new RedriveExecutionCommand({ executionArn: arn })),
  ).rejects.toMatchObject({ name: "ExecutionNotRedrivable" });
});

test("a stopped Map is redriven where it was: finished items are not done again", async () => {
  const done: number[] = [];
  let isHeld = true;
  const kit = await startKit({
    work: async (n: number) => {
      if (n === 2 && isHeld) await new Promise(() => {});
      done.push(n);
      return n;
    },
  });
  const arn = await kit.start(
    await kit.create({
      StartAt: "Each",
      States: {
        Each: {
          Type: "Map",
          MaxConcurrency: 1,
          ItemProcessor: {
            StartAt: "Work",
            States: {
              Work: {
                Type: "Task",
                Resource: invoke,
                Arguments: { FunctionName: "work", Payload: "{% $states.input %}" },
                Output: "{% $states.result.Payload %}",
                End: true,
              },
            },
          },
          End: true,
        },
      },
    }),
    [1, 2, 3],
  );
  await eventually(() => done[0]);
  await kit.client.send(new StopExecutionCommand({ executionArn: arn }));
  isHeld = false;

  await kit.client.send(new RedriveExecutionCommand({ executionArn: arn }));

  expect((await kit.ended(arn)).output).toEqual([1, 2, 3]);
  expect(done).toEqual([1, 2, 3]);
});

test("inputs up to 256 KiB are taken, larger ones and broken JSON are refused", async () => {
  const kit = await startKit();
  const stateMachineArn = await kit.create(pass);
  const start = (input: string) =>
    kit.client.send(new StartExecutionCommand({ stateMachineArn, input }));
  const string = (bytes: number) => JSON.stringify("x".repeat(bytes - 2));

  await start(string(262_144));
  await expect(start(string(262_145))).rejects.toMatchObject({ name: "ValidationException" });
  await expect(start(JSON.stringify("é".repeat(131_072)))).rejects.toMatchObject({
    name: "ValidationException",
  });
  await expect(start("{'a':1}")).rejects.toMatchObject({ name: "InvalidExecutionInput" });
  await expect(start("[".repeat(100_000) + "]".repeat(100_000))).rejects.toMatchObject({
    name: "InvalidExecutionInput",
  });
});

test("a definition can be checked without making a machine", async () => {
  const kit = await startKit();
  const validate = (definition: string) =>
    kit.client.send(new ValidateStateMachineDefinitionCommand({ definition }));

  expect(await validate(text(pass))).toMatchObject({ result: "OK", diagnostics: [] });
  expect(await validate('{"StartAt":"A"}')).toMatchObject({
    result: "FAIL",
    diagnostics: expect.arrayContaining([
      expect.objectContaining({ severity: "ERROR", location: "/States" }),
    ]),
  });
});

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
}

function post(
  port: number,
  headers: Record<string, string>,
  body: string | Buffer,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ port, host: "127.0.0.1", method: "POST", headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () =>
        resolve({ status: response.statusCode, body: Buffer.concat(chunks).toString() }),
      );
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

test("hostile requests are answered with an error of AWS's shape, and the engine goes on", async () => {
  const kit = await startKit();
  const { port } = kit.engine;
  const target = (name: string) => ({ "x-amz-target": `AWSStepFunctions.${name}` });
  const deep = "[".repeat(1_000_000);
  const cases: [Record<string, string>, string | Buffer, string][] = [
    [target("ListStateMachines"), "", "SerializationException"],
    [target("ListStateMachines"), Buffer.from([0xff, 0xfe, 0x00]), "SerializationException"],
    [target("ListStateMachines"), deep, "SerializationException"],
    [target("ListStateMachines"), "[]", "ValidationException"],
    [target("ListStateMachines"), '{"unknown":1}', "ValidationException"],
    [target("ListStateMachines"), '{"maxResults":"9"}', "ValidationException"],
    [target("ListStateMachines"), '{"__proto__":{"a":1}}', "ValidationException"],
    [target("ListExecutions"), '{"stateMachineArn":"\\u0000"}', "InvalidArn"],
    [target("constructor"), "{}", "UnknownOperationException"],
    [target("__proto__"), "{}", "UnknownOperationException"],
    [{}, "{}", "UnknownOperationException"],
    [{ ...target("ListStateMachines"), host: "evil.example" }, "{}", "AccessDeniedException"],
    [
      target("CreateStateMachine"),
      `{"name":"a","roleArn":"r","definition":"${deep}"}`,
      "InvalidDefinition",
    ],
    [target("StartSyncExecution"), "{}", "StateMachineTypeNotSupported"],
  ];

  for (const [headers, body, expected] of cases) {
    const answer = await post(port, headers, body);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(JSON.parse(answer.body)).toEqual({ __type: expected, message: expect.any(String) });
  }
  const tooLarge = await post(port, target("ListStateMachines"), Buffer.alloc(9_000_000, 32)).catch(
    (error: Error) => error.message,
  );
  expect(tooLarge).toSatisfy(
    (answer: Answer | string) => typeof answer === "string" || answer.status === 413,
  );
  expect((await kit.run(pass)).status).toBe("SUCCEEDED");
});

test("a second engine on the same journal is refused", async () => {
  const kit = await startKit();

  const second = startEngine({ journalFile: kit.journalFile, invoke: async () => null });

  await expect(second).rejects.toThrow(/locked/);
});
