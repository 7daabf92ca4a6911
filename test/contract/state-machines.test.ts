import { readdirSync, readFileSync } from "node:fs";
import aslValidator from "asl-validator";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { errorTable, isErrorCode } from "#domain/errors.ts";

const machinesFolder = new URL("../../statemachines/", import.meta.url);
const stepsFolder = new URL("../../functions/steps/", import.meta.url);

interface Task {
  Type: string;
  Resource?: string;
  Arguments?: {
    FunctionName?: string;
    StateMachineArn?: string;
    Payload?: Record<string, unknown>;
  };
  TimeoutSeconds?: number;
  HeartbeatSeconds?: number;
  Retry?: {
    ErrorEquals: string[];
    MaxAttempts?: number;
    MaxDelaySeconds?: number;
    JitterStrategy?: string;
  }[];
  Catch?: { ErrorEquals: string[]; Next: string }[];
}
interface Scope {
  States: Record<string, Task & { ItemProcessor?: Scope }>;
}
interface Machine extends Scope {
  Comment: string;
  QueryLanguage: string;
}

const files = readdirSync(machinesFolder).filter((name) => name.endsWith(".asl.json"));
const machines = files.map((file) => ({
  name: file.replace(".asl.json", ""),
  text: readFileSync(new URL(file, machinesFolder), "utf8"),
}));
const stepNames = readdirSync(stepsFolder, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

const kebab = (name: string) => name.replace(/(?<=[a-z])(?=[A-Z])/g, "-").toLowerCase();
const placeholder = (text: string | undefined) => /^\$\{(\w+)\}$/.exec(text ?? "")?.[1];

/** With those inside of a Map. */
function statesOf({ States }: Scope): [string, Task][] {
  return Object.entries(States).flatMap(([name, state]) => [
    [name, state],
    ...(state.ItemProcessor === undefined ? [] : statesOf(state.ItemProcessor)),
  ]);
}

function tasksOf(text: string) {
  return statesOf(JSON.parse(text) as Machine)
    .filter(([, state]) => state.Type === "Task")
    .map(([name, state]) => ({ name, state }));
}

/** AWS's own names that a machine may meet. Source: Step Functions developer guide, error handling. */
const awsErrors =
  /^(States\.(ALL|Timeout|HeartbeatTimeout|TaskFailed)|Lambda\.\w+|StepFunctions\.\w+)$/;

test("there are the machines a migration needs", () => {
  expect(machines.map(({ name }) => name).sort()).toEqual([
    "check-target",
    "clean-up",
    "launch-server",
    "migrate-server",
    "migrate-wave",
    "provision-gateway",
    "sync-server",
    "verify-server",
  ]);
});

test("every step is used by a machine", () => {
  const used = new Set(
    machines.flatMap(({ text }) =>
      tasksOf(text).map(({ state }) => kebab(placeholder(state.Arguments?.FunctionName) ?? "")),
    ),
  );

  expect(stepNames.filter((name) => !used.has(name))).toEqual([]);
});

describe.each(machines)("$name", ({ text }) => {
  const tasks = tasksOf(text);

  test("is valid Amazon States Language in JSONata, with a comment that shows its input", () => {
    const definition = JSON.parse(
      text.replace(/\$\{(\w+)\}/g, "arn:aws:lambda:us-east-1:000000000000:function:$1"),
    );

    const { isValid, errors } = aslValidator(definition);

    expect(errors).toEqual([]);
    expect(isValid).toBe(true);
    expect(definition.QueryLanguage).toBe("JSONata");
    expect(definition.Comment).toMatch(/Input: \{"/);
  });

  test("no two states have one name", () => {
    const names = statesOf(JSON.parse(text) as Machine).map(([name]) => name);

    expect(names).toEqual([...new Set(names)]);
  });

  test("every task names a step or a machine that exists", () => {
    for (const { name, state } of tasks) {
      const step = placeholder(state.Arguments?.FunctionName);
      const machine = placeholder(state.Arguments?.StateMachineArn);

      if (step !== undefined) expect(stepNames, name).toContain(kebab(step));
      else {
        expect(
          machines.map((m) => m.name),
          name,
        ).toContain(kebab(machine?.replace(/StateMachine$/, "") ?? ""));
      }
    }
  });

  test("every task has a timeout, a retry with jitter and a bounded delay, and a catch", () => {
    for (const { name, state } of tasks) {
      expect(state.TimeoutSeconds, name).toBeGreaterThan(0);
      expect(state.Retry?.length, name).toBeGreaterThan(0);
      for (const retry of state.Retry ?? []) {
        expect(retry.JitterStrategy, name).toBe("FULL");
        expect(retry.MaxDelaySeconds, name).toBeLessThanOrEqual(60);
        expect(retry.MaxAttempts, name).toBeGreaterThan(0);
      }
      expect(state.Catch?.at(-1)?.ErrorEquals, name).toEqual(["States.ALL"]);
    }
  });

  test("every task that waits for a gateway's work is beaten for", () => {
    const waiting = tasks.filter(({ state }) => state.Resource?.endsWith(".waitForTaskToken"));

    for (const { name, state } of waiting) {
      // Enrolment is one call, there is nothing to beat in between.
      if (name !== "AwaitEnrolment") expect(state.HeartbeatSeconds, name).toBeGreaterThan(0);
      expect(state.Arguments?.Payload?.taskToken, name).toBe("{% $states.context.Task.Token %}");
    }
  });

  test("every error name is one that steps or AWS throw, and none retries what is terminal", () => {
    for (const { name, state } of tasks) {
      for (const error of (state.Retry ?? []).flatMap((retry) => retry.ErrorEquals)) {
        expect(
          error === "Retryable" || error === "NotReady" || awsErrors.test(error),
          `${name}: ${error}`,
        ).toBe(true);
      }
      for (const error of (state.Catch ?? []).flatMap((handler) => handler.ErrorEquals)) {
        const known = awsErrors.test(error) || (isErrorCode(error) && !errorTable[error].retryable);
        expect(known, `${name}: ${error}`).toBe(true);
      }
    }
  });

  test("every task gives its step exactly what the step takes", async () => {
    for (const { name, state } of tasks) {
      const step = placeholder(state.Arguments?.FunctionName);
      if (step === undefined) continue;
      const { handler } = (await import(new URL(`${kebab(step)}/index.ts`, stepsFolder).href)) as {
        handler: { spec: { name: string; input: z.ZodObject } };
      };
      const given = Object.keys(state.Arguments?.Payload ?? {});
      const schema = z.toJSONSchema(handler.spec.input, { io: "input" });

      expect(handler.spec.name, name).toBe(kebab(step));
      expect(given, name).toEqual(expect.arrayContaining(schema.required ?? []));
      expect(Object.keys(schema.properties ?? {}), name).toEqual(expect.arrayContaining(given));
    }
  });
});
