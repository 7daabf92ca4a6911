import type { Failure } from "./failure.ts";
import type { Json } from "./payload.ts";
import type { Call } from "./tasks.ts";

/** What the journal keeps. Everything an execution needs to go on after a crash is in here. */

export interface MachineRecord {
  readonly arn: string;
  readonly name: string;
  readonly roleArn: string;
  readonly definition: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly revisionId: string | null;
}

export type ExecutionStatus = "RUNNING" | "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "ABORTED";

/** Times are milliseconds since 1970. `definition` is the one the execution was started with. */
export interface ExecutionRecord {
  readonly id: number;
  readonly arn: string;
  readonly machineArn: string;
  readonly name: string;
  readonly roleArn: string;
  readonly definition: string;
  readonly input: string;
  readonly startedAt: number;
  /** The task of another execution that waits for this one, as `<execution>.<branch>.<event>`. */
  readonly parent: string | null;
  status: ExecutionStatus;
  timeoutAt: number | null;
  stoppedAt: number | null;
  output: string | null;
  error: string | null;
  cause: string | null;
  redriveCount: number;
  redrivenAt: number | null;
}

export interface EventRecord {
  readonly id: number;
  readonly previousEventId: number;
  readonly at: number;
  readonly type: string;
  /** The one `…EventDetails` member of AWS's shape, or nothing. */
  readonly details: { readonly [member: string]: Json };
}

/**
 * What a branch does at the moment. After a restart it is done again from here, so every deadline is
 * a point in time and every choice that must not be made twice (token, child name) is in it.
 */
export type Activity =
  | { readonly kind: "ready" }
  | { readonly kind: "wait"; readonly until: number }
  | { readonly kind: "backoff"; readonly until: number }
  | ({ readonly kind: "children" } & MapLimits)
  | TaskActivity;

export interface MapLimits {
  /** How many items may run at once; 0 for no limit. */
  readonly maxConcurrency: number;
  /** How many may fail; null when one failure fails the Map. */
  readonly toleratedCount: number | null;
  readonly toleratedPercentage: number | null;
}

export interface TaskActivity {
  readonly kind: "task";
  readonly call: Call;
  readonly token: string | null;
  /** Which TaskScheduled event this belongs to. */
  readonly scheduledEvent: number;
  readonly timeoutAt: number | null;
  readonly heartbeatMs: number | null;
  /** Moved on by each heartbeat. */
  heartbeatAt: number | null;
  /** The call was taken on and is not repeated after a restart; a token or a child ends the task. */
  submitted: boolean;
}

/**
 * One thread of states: the execution's own (id 0), a branch of a Parallel, an item of a Map. Each
 * stands in exactly one state.
 */
export interface Branch {
  readonly id: number;
  readonly parent: number | null;
  /** Which branch of the Parallel, which item of the Map. */
  readonly index: number;
  readonly item: Json;
  status: "pending" | "running" | "succeeded" | "failed" | "aborted";
  /** The state it stands in; null before the first. */
  state: string | null;
  input: Json;
  variables: Readonly<Record<string, Json>>;
  enteredAt: number;
  enteredEvent: number;
  /** The event that the next one of this branch follows. */
  lastEvent: number;
  /** How often each retrier of the state was used. */
  retries: number[];
  activity: Activity;
  output: Json;
  failure: Failure | null;
}

/** What one logical step changes; kept whole or not at all. */
export interface Change {
  readonly execution: ExecutionRecord;
  readonly executionChanged: boolean;
  readonly events: readonly EventRecord[];
  readonly branches: readonly Branch[];
  readonly removed: readonly number[];
}
