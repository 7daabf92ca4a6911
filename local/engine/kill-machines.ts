import { appendFileSync } from "node:fs";
import { machineArn } from "./arn.ts";
import { runningClock } from "./clock.ts";
import type { EngineOptions } from "./engine.ts";

/** What the kill test runs: a machine with everything that must survive, and its functions. */

const invoke = "arn:aws:states:::lambda:invoke";

function call(FunctionName: string, Payload: unknown, more: object): object {
  return { Type: "Task", Resource: invoke, Arguments: { FunctionName, Payload }, ...more };
}

export const nested = {
  QueryLanguage: "JSONata",
  StartAt: "Nap",
  States: {
    Nap: { Type: "Wait", Seconds: 3, Next: "Add" },
    Add: call("double", "{% $states.input.n %}", {
      Output: "{% $states.result.Payload + 1 %}",
      End: true,
    }),
  },
};

export const main = {
  QueryLanguage: "JSONata",
  StartAt: "Each",
  States: {
    Each: {
      Type: "Map",
      Items: "{% $states.input.numbers %}",
      MaxConcurrency: 2,
      ItemProcessor: {
        StartAt: "Double",
        States: {
          Double: call("double", "{% $states.input %}", {
            Output: "{% $states.result.Payload %}",
            End: true,
          }),
        },
      },
      Assign: { doubled: "{% $states.result %}" },
      Next: "Together",
    },
    Together: {
      Type: "Parallel",
      Branches: [
        {
          StartAt: "Sleep",
          States: {
            Sleep: { Type: "Wait", Seconds: 5, Next: "Flaky" },
            Flaky: call("flaky", "{% $states.context.State.RetryCount %}", {
              Retry: [{ ErrorEquals: ["NotReady"], IntervalSeconds: 2, MaxAttempts: 5 }],
              Output: "{% $states.result.Payload %}",
              End: true,
            }),
          },
        },
        {
          StartAt: "Ask",
          States: {
            Ask: {
              Type: "Task",
              Resource: `${invoke}.waitForTaskToken`,
              Arguments: {
                FunctionName: "take",
                Payload: "{% $states.context.Task.Token %}",
              },
              TimeoutSeconds: 1_000_000,
              HeartbeatSeconds: 500_000,
              End: true,
            },
          },
        },
        {
          StartAt: "Nest",
          States: {
            Nest: {
              Type: "Task",
              Resource: "arn:aws:states:::states:startExecution.sync:2",
              Arguments: {
                StateMachineArn: machineArn("nested"),
                Input: { n: "{% $count($doubled) %}" },
              },
              Output: "{% $states.result.Output %}",
              End: true,
            },
          },
        },
        {
          StartAt: "Wrong",
          States: {
            Wrong: call("fail", null, {
              Catch: [{ ErrorEquals: ["wrong"], Output: "caught", Next: "Caught" }],
              End: true,
            }),
            Caught: { Type: "Succeed" },
          },
        },
      ],
      Output: { together: "{% $states.result %}", doubled: "{% $doubled %}" },
      End: true,
    },
  },
};

export interface Victim {
  readonly journalFile: string;
  /** Tokens are noted here, because a killed process tells nothing any more. */
  readonly tokenFile: string;
  readonly epochMs: number;
}

/** The functions depend on nothing but their payload, so that they may be called twice. */
export function killOptions({ journalFile, tokenFile, epochMs }: Victim): EngineOptions {
  const functions: Record<string, (payload: never) => unknown> = {
    double: (n: number) => n * 2,
    flaky: (retries: number) => {
      if (retries < 2) throw Object.assign(new Error("wait"), { name: "NotReady" });
      return retries;
    },
    take: (token: string) => appendFileSync(tokenFile, `${token}\n`),
    fail: () => {
      throw Object.assign(new Error("on purpose"), { name: "wrong" });
    },
  };
  return {
    journalFile,
    clock: runningClock(50, epochMs),
    invoke: async (name, payload) => functions[name]?.(payload as never),
  };
}
