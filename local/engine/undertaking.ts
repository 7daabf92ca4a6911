import type { WaitState } from "./definition.ts";
import { type Failure, failureOfThrown, StateFailure } from "./failure.ts";
import type { Json } from "./payload.ts";
import type { Progress } from "./progress.ts";
import type { Activity, Branch, ExecutionRecord, TaskActivity } from "./records.ts";
import { completeTask, failTask, submitTask } from "./states.ts";
import { type Call, invokeResult } from "./tasks.ts";
import type { World } from "./world.ts";

/** What an undertaking needs of the execution it belongs to. */
export interface Host {
  readonly record: ExecutionRecord;
  readonly world: World;
  /** Works on an answer, unless the branch no longer waits for it. */
  answer(
    branch: Branch,
    activity: Activity,
    work: (progress: Progress) => void | Promise<void>,
  ): Promise<boolean>;
}

/**
 * What happens outside because of an activity: a timer, a function running, a nested execution. It
 * is made from the journalled activity alone, so it is the same after a restart.
 */
export class Undertaking {
  readonly activity: Activity;
  readonly #host: Host;
  readonly #branch: Branch;
  readonly #aborter = new AbortController();
  #callOff = () => {};
  #nested: string | undefined;
  #isSettled = false;
  #isCancelled = false;

  constructor(host: Host, branch: Branch) {
    this.#host = host;
    this.#branch = branch;
    this.activity = branch.activity;
    const { activity } = this;
    if (activity.kind === "wait" || activity.kind === "backoff") this.#wait(activity);
    if (activity.kind === "task") this.#undertake(activity);
  }

  /** The branch no longer wants it: a running function is told, a nested execution stopped. */
  cancel(): void {
    this.#isCancelled = true;
    this.abandon();
    if (this.#nested === undefined) return;
    const cause = "The execution that waited for this one went on without it";
    void this.#host.world.nested.stop(this.#nested, { cause });
  }

  /** Lets go without stopping a nested execution: the engine closes and will be back. */
  abandon(): void {
    this.#callOff();
    if (!this.#isSettled) this.#aborter.abort();
  }

  #wait(activity: Activity & { kind: "wait" | "backoff" }): void {
    this.#callOff = this.#host.world.clock.callAt(activity.until, () => {
      void this.#answer((progress) => {
        if (activity.kind === "backoff") {
          return progress.tree.setActivity(this.#branch, { kind: "ready" });
        }
        const state = progress.stateOf(this.#branch) as WaitState;
        return progress.leave(this.#branch, state, this.#branch.input);
      });
    });
  }

  #undertake(activity: TaskActivity): void {
    this.#watchDeadlines(activity);
    const { call } = activity;
    if (call.to === "execution") void this.#nest(activity, call);
    else if (!activity.submitted) void this.#invoke(activity, call);
  }

  #watchDeadlines(activity: TaskActivity): void {
    const { timeoutAt, heartbeatAt } = activity;
    const next = Math.min(
      timeoutAt ?? Number.POSITIVE_INFINITY,
      heartbeatAt ?? Number.POSITIVE_INFINITY,
    );
    if (next === Number.POSITIVE_INFINITY) return;
    this.#callOff = this.#host.world.clock.callAt(next, () => {
      void this.#answer((progress) => {
        // A heartbeat moves its deadline without touching this timer.
        const isOver = timeoutAt === next || (activity.heartbeatAt ?? 0) <= next;
        if (!isOver) return this.#watchDeadlines(activity);
        const failure = { error: "States.Timeout", missedHeartbeat: timeoutAt !== next };
        return failTask(progress, this.#branch, failure);
      });
    });
  }

  async #invoke(activity: TaskActivity, call: Call & { to: "function" }): Promise<void> {
    const outcome = await this.#call(call);
    this.#isSettled = true;
    await this.#answer((progress) => {
      if ("failure" in outcome) return failTask(progress, this.#branch, outcome.failure);
      if (activity.token !== null) {
        return submitTask(progress, this.#branch, activity, invokeResult(outcome.answer));
      }
      const result = call.isDirect ? outcome.answer : invokeResult(outcome.answer);
      return completeTask(progress, this.#branch, result);
    });
  }

  async #call(call: Call & { to: "function" }): Promise<{ answer: Json } | { failure: Failure }> {
    try {
      // A copy: what a function does to its payload must not reach the state's input or the journal.
      const payload = structuredClone(call.payload);
      const returned = await this.#host.world.invoke(call.name, payload, this.#aborter.signal);
      // As Lambda does it: what is not JSON does not come back.
      return { answer: JSON.parse(JSON.stringify(returned ?? null)) };
    } catch (thrown) {
      return { failure: failureOfThrown(thrown) };
    }
  }

  async #nest(activity: TaskActivity, call: Call & { to: "execution" }): Promise<void> {
    const { record, world } = this.#host;
    const parent = `${record.id}.${this.#branch.id}.${activity.scheduledEvent}`;
    try {
      const nested = await world.nested.start(call, parent);
      this.#nested = nested.arn;
      if (!activity.submitted) {
        await this.#answer((progress) =>
          submitTask(progress, this.#branch, activity, nested.started),
        );
      }
      if (this.#isCancelled) return this.cancel();
      const ended = await nested.ended;
      this.#nested = undefined;
      await this.#answer((progress) => joinNested(progress, this.#branch, ended));
    } catch (thrown) {
      const failure: Failure =
        thrown instanceof StateFailure ? thrown.failure : failureOfThrown(thrown);
      await this.#answer((progress) => failTask(progress, this.#branch, failure));
    }
  }

  async #answer(work: (progress: Progress) => void | Promise<void>): Promise<void> {
    await this.#host.answer(this.#branch, this.activity, work);
  }
}

/** The result of `startExecution.sync:2`: the execution as described, with its JSON parsed. */
function joinNested(progress: Progress, branch: Branch, ended: ExecutionRecord): Promise<void> {
  const described = {
    ExecutionArn: ended.arn,
    Input: JSON.parse(ended.input),
    InputDetails: { Included: true },
    Name: ended.name,
    StartDate: ended.startedAt,
    StateMachineArn: ended.machineArn,
    Status: ended.status,
    ...(ended.stoppedAt === null ? {} : { StopDate: ended.stoppedAt }),
  };
  if (ended.status === "SUCCEEDED") {
    const output = {
      Output: JSON.parse(ended.output ?? "null"),
      OutputDetails: { Included: true },
    };
    return completeTask(progress, branch, { ...described, ...output });
  }
  const why = {
    ...(ended.cause === null ? {} : { Cause: ended.cause }),
    ...(ended.error === null ? {} : { Error: ended.error }),
  };
  return failTask(progress, branch, {
    error: "States.TaskFailed",
    cause: JSON.stringify({ ...why, ...described }),
  });
}
