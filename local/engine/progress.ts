import { bindingsOf, scopeOf, stateOf } from "./context.ts";
import type { MapState, State } from "./definition.ts";
import type { Bindings, Evaluator } from "./expressions.ts";
import { errorOutput, type Failure, matchesFailure, StateFailure, tooLarge } from "./failure.ts";
import * as history from "./history.ts";
import type { Machine } from "./load.ts";
import { isTooLarge, type Json } from "./payload.ts";
import type { Branch, MapLimits } from "./records.ts";
import { findRetrier, retryDelaySeconds } from "./retry.ts";
import type { Tree } from "./tree.ts";
import type { World } from "./world.ts";

/** How a branch moves: into a state, out of it, back for a retry, and up to the state around it. */
export class Progress {
  readonly tree: Tree;
  readonly machine: Machine;
  readonly evaluator: Evaluator;
  readonly world: World;

  constructor(tree: Tree, machine: Machine, evaluator: Evaluator, world: World) {
    this.tree = tree;
    this.machine = machine;
    this.evaluator = evaluator;
    this.world = world;
  }

  get now(): number {
    return this.world.clock.now();
  }

  stateOf(branch: Branch): State {
    return stateOf(this.machine.definition, this.tree, branch);
  }

  bindings(
    branch: Branch,
    facts: Readonly<Record<string, Json>> = {},
    context: Readonly<Record<string, Json>> = {},
  ): Bindings {
    return bindingsOf(this.machine.definition, this.tree, branch, facts, context);
  }

  start(): void {
    const { record } = this.tree;
    this.tree.touchRecord();
    this.#setTimeLimit();
    const root = this.tree.add(null, 0, null, this.tree.input);
    root.status = "running";
    this.tree.appendAside(history.executionStarted(record.input, record.roleArn), 0);
    this.#enter(root, this.machine.definition.StartAt, root.input);
  }

  /** Leaves a state in good order. `facts` are `$states.result` or `$states.errorOutput`. */
  async leave(
    branch: Branch,
    way: {
      readonly Assign?: Readonly<Record<string, Json>> | undefined;
      readonly Output?: Json | undefined;
      readonly Next?: string | undefined;
    },
    unshaped: Json,
    facts: Readonly<Record<string, Json>> = {},
    at = "",
  ): Promise<void> {
    const bindings = this.bindings(branch, facts);
    const evaluate = (field: Json, name: string) =>
      this.evaluator.evaluate(field, at + name, bindings);
    const assigned = (await evaluate(way.Assign ?? {}, "Assign")) as Record<string, Json>;
    const output = way.Output === undefined ? unshaped : await evaluate(way.Output, "Output");
    const text = JSON.stringify(output);
    if (isTooLarge(text)) throw tooLarge(branch.state ?? "");
    const { Type } = this.stateOf(branch);
    this.tree.removeChildren(branch);
    this.tree.append(branch, history.stateExited(Type, branch.state ?? "", text, assigned));
    branch.variables = { ...branch.variables, ...assigned };
    if (way.Next === undefined) await this.#succeed(branch, output);
    else this.#enter(branch, way.Next, output);
  }

  /** Retries, catches or gives up. */
  async fail(branch: Branch, given: Failure): Promise<void> {
    const failure = this.#explain(branch, given);
    const state = this.stateOf(branch);
    if (this.#retry(branch, state, failure)) return;
    if (state.Type === "Map" || state.Type === "Parallel") {
      this.tree.append(branch, history.plainEvent(`${state.Type}StateFailed`));
    }
    const catchers = "Catch" in state ? (state.Catch ?? []) : [];
    const index = catchers.findIndex((each) => matchesFailure(each.ErrorEquals, failure));
    const catcher = catchers[index];
    if (catcher === undefined) return this.#giveUp(branch, failure);
    const caught = errorOutput(failure);
    try {
      await this.leave(branch, catcher, caught, { errorOutput: caught }, `Catch[${index}]/`);
    } catch (thrown) {
      if (!(thrown instanceof StateFailure)) throw thrown;
      await this.#giveUp(branch, this.#explain(branch, thrown.failure));
    }
  }

  /** Splits a Parallel or a Map. A Map's branches wait for their turn. */
  async split(
    branch: Branch,
    parts: readonly { readonly item: Json; readonly input: Json }[],
    limits: MapLimits = noLimits,
  ): Promise<void> {
    this.tree.setActivity(branch, { kind: "children", ...limits });
    for (const [index, { item, input }] of parts.entries()) {
      this.tree.add(branch, index, item, input);
    }
    await this.#advanceChildren(branch);
  }

  /** Goes on from where the execution failed, was stopped or ran out of time. */
  async redrive(): Promise<void> {
    const { record } = this.tree;
    Object.assign(record, { status: "RUNNING", stoppedAt: null, error: null, cause: null });
    record.redriveCount += 1;
    record.redrivenAt = this.now;
    this.#setTimeLimit();
    this.tree.touchRecord();
    const root = this.tree.find(0);
    if (root === undefined) throw new Error("nothing is left of the execution");
    this.tree.append(root, history.executionRedriven(record.redriveCount));
    await this.#revive(root);
  }

  /** Ends the execution badly, from outside. Its branches are kept as they are, for a redrive. */
  end(status: "FAILED" | "TIMED_OUT" | "ABORTED", failure: Failure, previousEventId = 0): void {
    this.#close(status);
    this.tree.record.error = failure.error ?? null;
    this.tree.record.cause = failure.cause ?? null;
    this.tree.appendAside(history.executionEnded(status, failure), previousEventId);
  }

  #enter(branch: Branch, name: string, input: Json): void {
    branch.state = name;
    branch.input = input;
    branch.retries = [];
    branch.enteredAt = this.now;
    const { Type } = this.stateOf(branch);
    branch.enteredEvent = this.tree.append(
      branch,
      history.stateEntered(Type, name, JSON.stringify(input)),
    );
    this.tree.setActivity(branch, { kind: "ready" });
  }

  #retry(branch: Branch, state: State, failure: Failure): boolean {
    const retriers = "Retry" in state ? (state.Retry ?? []) : [];
    const found = findRetrier(retriers, branch.retries, failure);
    if (found === undefined) return false;
    const delayMs = retryDelaySeconds(found.retrier, found.attempt, this.world.random) * 1_000;
    branch.retries = retriers.map((_, index) => branch.retries[index] ?? 0);
    branch.retries[found.index] = found.attempt + 1;
    this.tree.removeChildren(branch);
    this.tree.setActivity(branch, { kind: "backoff", until: this.now + delayMs });
    return true;
  }

  /** Puts an evaluation error into AWS's words and into the history. */
  #explain(branch: Branch, failure: Failure): Failure {
    if (failure.evaluation === undefined) return failure;
    const cause = `An error occurred while executing the state '${branch.state}' (entered at the event id #${branch.enteredEvent}). ${failure.cause}`;
    this.tree.append(branch, history.evaluationFailed(branch.state ?? "", { ...failure, cause }));
    return { error: failure.error ?? "States.QueryEvaluationError", cause };
  }

  async #succeed(branch: Branch, output: Json): Promise<void> {
    const parent = this.tree.parentOf(branch);
    branch.output = output;
    this.tree.rest(branch, "succeeded");
    if (parent !== undefined) return this.#childEnded(parent, branch, "Succeeded");
    const text = JSON.stringify(output);
    this.#close("SUCCEEDED");
    this.tree.record.output = text;
    this.tree.append(branch, history.executionSucceeded(text));
    this.tree.clear();
  }

  async #giveUp(branch: Branch, failure: Failure): Promise<void> {
    const parent = this.tree.parentOf(branch);
    branch.failure = failure;
    this.tree.rest(branch, "failed");
    if (parent === undefined) return this.end("FAILED", failure, branch.lastEvent);
    if (this.#isTolerated(parent)) return this.#childEnded(parent, branch, "Failed");
    this.#iterationEvent(parent, branch, "Failed");
    this.#abortChildren(parent, branch.lastEvent);
    parent.lastEvent = branch.lastEvent;
    this.tree.touch(parent);
    await this.fail(parent, hasTolerance(limitsOf(parent)) ? overTolerance : failure);
  }

  #close(status: "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "ABORTED"): void {
    this.tree.record.status = status;
    this.tree.record.stoppedAt = this.now;
    this.tree.record.timeoutAt = null;
    this.tree.touchRecord();
  }

  #setTimeLimit(): void {
    const limit = this.machine.definition.TimeoutSeconds;
    this.tree.record.timeoutAt = limit === undefined ? null : this.now + limit * 1_000;
  }

  async #childEnded(parent: Branch, child: Branch, how: "Succeeded" | "Failed"): Promise<void> {
    const event = this.#iterationEvent(parent, child, how);
    const isLast = this.tree.childrenOf(parent).every(hasEnded);
    // The next iteration follows this one's last state; the end of the Map, the last iteration's end.
    parent.lastEvent = isLast ? (event ?? child.lastEvent) : child.lastEvent;
    this.tree.touch(parent);
    await this.#advanceChildren(parent);
  }

  /** Starts what may start, and completes the state when all is done. */
  async #advanceChildren(parent: Branch): Promise<void> {
    const children = this.tree.childrenOf(parent);
    if (children.every(hasEnded)) return this.#join(parent, children);
    const { maxConcurrency } = limitsOf(parent);
    const running = children.filter((child) => child.status === "running").length;
    const free = maxConcurrency === 0 ? children.length : maxConcurrency - running;
    const waiting = children.filter((child) => child.status === "pending");
    for (const child of waiting.slice(0, Math.max(0, free))) await this.#startChild(parent, child);
  }

  async #startChild(parent: Branch, child: Branch): Promise<void> {
    if (child.state !== null) return this.#revive(child);
    child.status = "running";
    child.lastEvent = this.#iterationEvent(parent, child, "Started") ?? parent.lastEvent;
    this.#enter(child, scopeOf(this.machine.definition, this.tree, child).StartAt, child.input);
  }

  async #join(parent: Branch, children: readonly Branch[]): Promise<void> {
    const state = this.stateOf(parent);
    this.tree.appendAside(`${state.Type}StateSucceeded`, parent.lastEvent);
    const result = children.map((child) =>
      child.failure === null ? child.output : errorOutput(child.failure),
    );
    try {
      await this.leave(parent, state as MapState, result, { result });
    } catch (thrown) {
      if (!(thrown instanceof StateFailure)) throw thrown;
      await this.fail(parent, thrown.failure);
    }
  }

  #isTolerated(parent: Branch): boolean {
    const { toleratedCount, toleratedPercentage } = limitsOf(parent);
    const children = this.tree.childrenOf(parent);
    const failed = children.filter((child) => child.status === "failed").length;
    const exceedsCount = toleratedCount !== null && failed > toleratedCount;
    const exceedsShare =
      toleratedPercentage !== null && failed * 100 > toleratedPercentage * children.length;
    return hasTolerance(limitsOf(parent)) && !exceedsCount && !exceedsShare;
  }

  #abortChildren(parent: Branch, cause: number): void {
    for (const child of this.tree.childrenOf(parent)) {
      if (child.status !== "running") continue;
      this.#abortChildren(child, cause);
      this.tree.appendAside(`${this.stateOf(child).Type}StateAborted`, cause);
      this.#iterationEvent(parent, child, "Aborted", cause);
      this.tree.rest(child, "aborted");
    }
  }

  #iterationEvent(
    parent: Branch,
    child: Branch,
    what: "Started" | "Succeeded" | "Failed" | "Aborted",
    previous = what === "Started" ? parent.lastEvent : child.lastEvent,
  ): number | undefined {
    if (this.stateOf(parent).Type !== "Map") return undefined;
    const event = history.mapIteration(what, parent.state ?? "", child.index);
    return this.tree.appendAside(event, previous);
  }

  /** Does the state a branch stands in once more; inside it, only what had not succeeded. */
  async #revive(branch: Branch): Promise<void> {
    branch.status = "running";
    branch.failure = null;
    branch.retries = [];
    this.tree.touch(branch);
    const children = this.tree.childrenOf(branch);
    for (const child of children) {
      if (child.status !== "succeeded") this.tree.rest(child, "pending");
    }
    if (children.length > 0) return this.#advanceChildren(branch);
    // A Fail state is entered anew, as on AWS.
    if (this.stateOf(branch).Type === "Fail") this.#enter(branch, branch.state ?? "", branch.input);
    else this.tree.setActivity(branch, { kind: "ready" });
  }
}

const noLimits: MapLimits = { maxConcurrency: 0, toleratedCount: null, toleratedPercentage: null };

function limitsOf(branch: Branch): MapLimits {
  return branch.activity.kind === "children" ? branch.activity : noLimits;
}

function hasEnded(branch: Branch): boolean {
  return branch.status === "succeeded" || branch.status === "failed";
}

function hasTolerance(limits: MapLimits): boolean {
  return limits.toleratedCount !== null || limits.toleratedPercentage !== null;
}

const overTolerance: Failure = {
  error: "States.ExceedToleratedFailureThreshold",
  cause: "The specified tolerated failure threshold was exceeded",
};
