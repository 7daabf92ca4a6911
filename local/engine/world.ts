import type { Clock } from "./clock.ts";
import type { Failure } from "./failure.ts";
import type { Json } from "./payload.ts";
import type { ExecutionRecord } from "./records.ts";
import type { Call } from "./tasks.ts";

/** Runs a function by name. Its answer must be JSON; what it throws fails the task. */
export type Invoke = (
  functionName: string,
  payload: unknown,
  signal: AbortSignal,
) => Promise<unknown>;

/** Everything outside an execution that it needs: time, chance, functions and other executions. */
export interface World {
  readonly clock: Clock;
  /** From 0 up to, but not including, 1. */
  readonly random: () => number;
  readonly uuid: () => string;
  readonly invoke: Invoke;
  readonly nested: NestedExecutions;
}

export interface NestedExecutions {
  /**
   * Starts the execution a task asks for; a repeated call with the same `parent` finds the first
   * one. Throws StateFailure when it cannot be started.
   */
  start(call: Call & { to: "execution" }, parent: string): Promise<NestedExecution>;
  stop(arn: string, failure: Failure): Promise<void>;
}

export interface NestedExecution {
  readonly arn: string;
  readonly started: Json;
  readonly ended: Promise<ExecutionRecord>;
}
