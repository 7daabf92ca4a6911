import { region } from "./arn.ts";
import type { State } from "./definition.ts";
import type { Failure } from "./failure.ts";
import type { Json } from "./payload.ts";
import type { EventRecord } from "./records.ts";
import type { Resource } from "./tasks.ts";

/**
 * The events of a history, in AWS's names and shapes.
 *
 * Source: the API reference's HistoryEvent; which event follows which was compared with histories
 * recorded from AWS that public test suites carry.
 */
export interface NewEvent {
  readonly type: string;
  readonly details: EventRecord["details"];
}

const whole = { truncated: false };

function said(failure: Failure): Record<string, Json> {
  return {
    ...(failure.error === undefined ? {} : { error: failure.error }),
    ...(failure.cause === undefined ? {} : { cause: failure.cause }),
  };
}

export function plainEvent(type: string): NewEvent {
  return { type, details: {} };
}

export function executionStarted(input: string, roleArn: string): NewEvent {
  return {
    type: "ExecutionStarted",
    details: { executionStartedEventDetails: { input, inputDetails: whole, roleArn } },
  };
}

export function executionSucceeded(output: string): NewEvent {
  return {
    type: "ExecutionSucceeded",
    details: { executionSucceededEventDetails: { output, outputDetails: whole } },
  };
}

const endings = {
  FAILED: ["ExecutionFailed", "executionFailedEventDetails"],
  TIMED_OUT: ["ExecutionTimedOut", "executionTimedOutEventDetails"],
  ABORTED: ["ExecutionAborted", "executionAbortedEventDetails"],
} as const;

export function executionEnded(status: keyof typeof endings, failure: Failure): NewEvent {
  const [type, member] = endings[status];
  return { type, details: { [member]: said(failure) } };
}

export function executionRedriven(redriveCount: number): NewEvent {
  return {
    type: "ExecutionRedriven",
    details: { executionRedrivenEventDetails: { redriveCount } },
  };
}

export function stateEntered(type: State["Type"], name: string, input: string): NewEvent {
  return {
    type: `${type}StateEntered`,
    details: { stateEnteredEventDetails: { name, input, inputDetails: whole } },
  };
}

export function stateExited(
  type: State["Type"],
  name: string,
  output: string,
  assigned: Readonly<Record<string, Json>>,
): NewEvent {
  const texts = Object.entries(assigned).map(([key, value]) => [key, JSON.stringify(value)]);
  const variables =
    texts.length === 0
      ? {}
      : { assignedVariables: Object.fromEntries(texts), assignedVariablesDetails: whole };
  return {
    type: `${type}StateExited`,
    details: { stateExitedEventDetails: { name, output, outputDetails: whole, ...variables } },
  };
}

export function evaluationFailed(state: string, failure: Failure): NewEvent {
  const location = failure.evaluation?.field ?? "";
  return {
    type: "EvaluationFailed",
    details: { evaluationFailedEventDetails: { ...said(failure), location, state } },
  };
}

export function mapStarted(length: number): NewEvent {
  return { type: "MapStateStarted", details: { mapStateStartedEventDetails: { length } } };
}

export function mapIteration(
  what: "Started" | "Succeeded" | "Failed" | "Aborted",
  name: string,
  index: number,
): NewEvent {
  return {
    type: `MapIteration${what}`,
    details: { [`mapIteration${what}EventDetails`]: { name, index } },
  };
}

function limits(timeoutSeconds: number | null, heartbeatSeconds: number | null) {
  return {
    ...(timeoutSeconds === null ? {} : { timeoutInSeconds: timeoutSeconds }),
    ...(heartbeatSeconds === null ? {} : { heartbeatInSeconds: heartbeatSeconds }),
  };
}

/** A function named directly has events of its own kind, an integration has the general ones. */
export function taskScheduled(
  { kind, resource, resourceType }: Resource,
  parameters: string,
  timeoutSeconds: number | null,
  heartbeatSeconds: number | null,
): NewEvent {
  if (kind === "function") {
    const details = { resource, input: parameters, inputDetails: whole };
    return {
      type: "LambdaFunctionScheduled",
      details: {
        lambdaFunctionScheduledEventDetails: { ...details, ...limits(timeoutSeconds, null) },
      },
    };
  }
  const details = { resourceType, resource, region, parameters };
  return {
    type: "TaskScheduled",
    details: {
      taskScheduledEventDetails: { ...details, ...limits(timeoutSeconds, heartbeatSeconds) },
    },
  };
}

export function taskStarted({ kind, resource, resourceType }: Resource): NewEvent {
  if (kind === "function") return plainEvent("LambdaFunctionStarted");
  return { type: "TaskStarted", details: { taskStartedEventDetails: { resourceType, resource } } };
}

export function taskSubmitted({ resource, resourceType }: Resource, output: string): NewEvent {
  const details = { resourceType, resource, output, outputDetails: whole };
  return { type: "TaskSubmitted", details: { taskSubmittedEventDetails: details } };
}

export function taskSucceeded(
  { kind, resource, resourceType }: Resource,
  output: string,
): NewEvent {
  if (kind === "function") {
    const details = { output, outputDetails: whole };
    return {
      type: "LambdaFunctionSucceeded",
      details: { lambdaFunctionSucceededEventDetails: details },
    };
  }
  const details = { resourceType, resource, output, outputDetails: whole };
  return { type: "TaskSucceeded", details: { taskSucceededEventDetails: details } };
}

export function taskFailed({ kind, resource, resourceType }: Resource, failure: Failure): NewEvent {
  const what = failure.error === "States.Timeout" ? "TimedOut" : "Failed";
  if (kind === "function") {
    return {
      type: `LambdaFunction${what}`,
      details: { [`lambdaFunction${what}EventDetails`]: said(failure) },
    };
  }
  const details = { resourceType, resource, ...said(failure) };
  return { type: `Task${what}`, details: { [`task${what}EventDetails`]: details } };
}
