import type { Json } from "./payload.ts";

/**
 * How a state fails, and which `ErrorEquals` catches it.
 *
 * Names beginning with `States.` are Amazon's; every other name comes from a handler or a Fail state.
 */
export interface Failure {
  readonly error?: string;
  readonly cause?: string;
  /** Set when the sign that did not come was a heartbeat: AWS reports `States.Timeout` then too, but
   *  lets `States.HeartbeatTimeout` match. Source: Step Functions guide, "Error names". */
  readonly missedHeartbeat?: boolean;
  /** Set when a JSONata field could not be evaluated; becomes an EvaluationFailed event. */
  readonly evaluation?: { readonly field: string };
}

/** Thrown by a state's work to fail the state; the interpreter then looks at Retry and Catch. */
export class StateFailure extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.cause ?? failure.error ?? "a state failed");
    this.name = "StateFailure";
    this.failure = failure;
  }
}

// Both end the execution unless the second is named. Source: Step Functions guide, "Error names":
// States.ALL "can't catch the States.DataLimitExceeded terminal error and Runtime error types".
const beyondWildcards = new Set(["States.Runtime", "States.DataLimitExceeded"]);

export function matchesFailure(errorEquals: readonly string[], failure: Failure): boolean {
  const error = failure.error ?? "";
  if (error === "States.Runtime") return false;
  return errorEquals.some((name) => {
    if (name === error) return true;
    if (name === "States.HeartbeatTimeout") return failure.missedHeartbeat === true;
    if (beyondWildcards.has(error)) return false;
    if (name === "States.ALL") return true;
    return name === "States.TaskFailed" && error !== "States.Timeout";
  });
}

/** The value of `$states.errorOutput`. AWS gives both fields, null where there is nothing to say. */
export function errorOutput(failure: Failure): Json {
  return { Error: failure.error ?? null, Cause: failure.cause ?? null };
}

/** What AWS Lambda makes of a thrown value: the error's name, and a cause that is itself JSON. */
export function failureOfThrown(thrown: unknown): Failure {
  if (!(thrown instanceof Error)) {
    const report = { errorType: typeof thrown, errorMessage: String(thrown), trace: [] };
    return { error: report.errorType, cause: JSON.stringify(report) };
  }
  const trace = (thrown.stack ?? "").split("\n");
  const report = { errorType: thrown.name, errorMessage: thrown.message, trace };
  return { error: thrown.name, cause: JSON.stringify(report) };
}

/** Source: AWS's words, from recorded histories. */
export function tooLarge(name: string): StateFailure {
  return new StateFailure({
    error: "States.DataLimitExceeded",
    cause: `The state/task '${name}' returned a result with a size exceeding the maximum number of bytes service limit.`,
  });
}
