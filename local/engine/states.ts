import type {
  ChoiceState,
  FailState,
  MapState,
  ParallelState,
  TaskState,
  WaitState,
} from "./definition.ts";
import { type Failure, StateFailure, tooLarge } from "./failure.ts";
import * as history from "./history.ts";
import { isTooLarge, type Json } from "./payload.ts";
import type { Progress } from "./progress.ts";
import type { Branch, TaskActivity } from "./records.ts";
import { callOf, findResource, type Resource } from "./tasks.ts";

/** What each type of state does once it is entered, and how a task ends. */

export async function startState(progress: Progress, branch: Branch): Promise<void> {
  const state = progress.stateOf(branch);
  switch (state.Type) {
    case "Pass":
    case "Succeed":
      return progress.leave(branch, state, branch.input);
    case "Choice":
      return choose(progress, branch, state);
    case "Wait":
      return startWait(progress, branch, state);
    case "Fail":
      return failOnPurpose(progress, branch, state);
    case "Task":
      return startTask(progress, branch, state);
    case "Parallel":
      return startParallel(progress, branch, state);
    case "Map":
      return startMap(progress, branch, state);
  }
}

const text = {
  name: "string",
  fits: (value: Json): value is string => typeof value === "string",
};
const array = { name: "array", fits: (value: Json): value is Json[] => Array.isArray(value) };
const boolean = {
  name: "boolean",
  fits: (value: Json): value is boolean => typeof value === "boolean",
};

function integer(least: number, most = 99_999_999) {
  const fits = (value: Json): value is number =>
    Number.isInteger(value) && Number(value) >= least && Number(value) <= most;
  return { name: `integer from ${least} to ${most}`, fits };
}

const percentage = {
  name: "number from 0 to 100",
  fits: (value: Json): value is number => typeof value === "number" && value >= 0 && value <= 100,
};

async function choose(progress: Progress, branch: Branch, state: ChoiceState): Promise<void> {
  const bindings = progress.bindings(branch);
  for (const [index, rule] of state.Choices.entries()) {
    const at = `Choices[${index}]/`;
    const condition = `${at}Condition`;
    if (await progress.evaluator.evaluateAs(rule.Condition, condition, bindings, boolean)) {
      return progress.leave(branch, rule, branch.input, {}, at);
    }
  }
  if (state.Default === undefined) {
    const cause = `An error occurred while executing the state '${branch.state}' (entered at the event id #${branch.enteredEvent}). Failed to transition out of the state. The state's Default is not specified, and no choice matched.`;
    throw new StateFailure({ error: "States.NoChoiceMatched", cause });
  }
  return progress.leave(branch, { ...state, Next: state.Default }, branch.input);
}

// Source: Amazon States Language, "Timestamps": RFC 3339 with a capital T, and Z or an offset.
const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

async function startWait(progress: Progress, branch: Branch, state: WaitState): Promise<void> {
  const { evaluator } = progress;
  const bindings = progress.bindings(branch);
  if (state.Seconds !== undefined) {
    const seconds = await evaluator.evaluateAs(state.Seconds, "Seconds", bindings, integer(0));
    const until = progress.now + seconds * 1_000;
    return progress.tree.setActivity(branch, { kind: "wait", until });
  }
  const given = await evaluator.evaluateAs(state.Timestamp ?? "", "Timestamp", bindings, text);
  const until = rfc3339.test(given) ? Date.parse(given) : Number.NaN;
  if (Number.isNaN(until)) {
    throw new StateFailure({
      error: "States.QueryEvaluationError",
      cause: `The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: ${given}`,
      evaluation: { field: "Timestamp" },
    });
  }
  progress.tree.setActivity(branch, { kind: "wait", until });
}

async function failOnPurpose(progress: Progress, branch: Branch, state: FailState): Promise<void> {
  const bindings = progress.bindings(branch);
  const evaluate = (template: string, field: string) =>
    progress.evaluator.evaluateAs(template, field, bindings, text);
  const error = state.Error === undefined ? {} : { error: await evaluate(state.Error, "Error") };
  const cause = state.Cause === undefined ? {} : { cause: await evaluate(state.Cause, "Cause") };
  throw new StateFailure({ ...error, ...cause });
}

async function startParallel(
  progress: Progress,
  branch: Branch,
  state: ParallelState,
): Promise<void> {
  const input =
    state.Arguments === undefined
      ? branch.input
      : await progress.evaluator.evaluate(state.Arguments, "Arguments", progress.bindings(branch));
  progress.tree.append(branch, history.plainEvent("ParallelStateStarted"));
  await progress.split(
    branch,
    state.Branches.map(() => ({ item: null, input })),
  );
}

async function startMap(progress: Progress, branch: Branch, state: MapState): Promise<void> {
  const { evaluator } = progress;
  const bindings = progress.bindings(branch);
  const items = await evaluator.evaluateAs(state.Items ?? branch.input, "Items", bindings, array);
  const limit = async (
    given: number | string | undefined,
    field: string,
    kind: ReturnType<typeof integer>,
  ) => (given === undefined ? null : evaluator.evaluateAs(given, field, bindings, kind));
  const limits = {
    maxConcurrency: (await limit(state.MaxConcurrency, "MaxConcurrency", integer(0))) ?? 0,
    toleratedCount: await limit(state.ToleratedFailureCount, "ToleratedFailureCount", integer(0)),
    toleratedPercentage: await limit(
      state.ToleratedFailurePercentage,
      "ToleratedFailurePercentage",
      percentage,
    ),
  };
  const parts: { item: Json; input: Json }[] = [];
  for (const [Index, Value] of items.entries()) {
    const item = { Map: { Item: { Index, Value } } };
    const input =
      state.ItemSelector === undefined
        ? Value
        : await evaluator.evaluate(
            state.ItemSelector,
            "ItemSelector",
            progress.bindings(branch, {}, item),
          );
    parts.push({ item: Value, input });
  }
  progress.tree.append(branch, history.mapStarted(items.length));
  await progress.split(branch, parts, limits);
}

async function startTask(progress: Progress, branch: Branch, state: TaskState): Promise<void> {
  const { tree, evaluator, world } = progress;
  const resource = resourceOf(state);
  const token = resource.waitsForToken ? newToken(progress, branch) : null;
  const bindings = progress.bindings(branch, {}, token === null ? {} : { Task: { Token: token } });
  const given =
    state.Arguments === undefined
      ? branch.input
      : await evaluator.evaluate(state.Arguments, "Arguments", bindings);
  const limit = async (template: Json | undefined, field: string) =>
    template === undefined ? null : evaluator.evaluateAs(template, field, bindings, integer(1));
  const timeout = await limit(state.TimeoutSeconds, "TimeoutSeconds");
  const heartbeat = await limit(state.HeartbeatSeconds, "HeartbeatSeconds");
  const parameters = JSON.stringify(given);
  if (isTooLarge(parameters)) throw tooLarge(branch.state ?? "");
  const call = callOf(resource, state.Resource, given, world.uuid);
  tree.append(branch, history.taskScheduled(resource, parameters, timeout, heartbeat));
  const scheduledEvent = branch.lastEvent;
  tree.append(branch, history.taskStarted(resource));
  const { now } = progress;
  tree.setActivity(branch, {
    kind: "task",
    call,
    token,
    scheduledEvent,
    timeoutAt: timeout === null ? null : now + timeout * 1_000,
    heartbeatMs: heartbeat === null ? null : heartbeat * 1_000,
    heartbeatAt: heartbeat === null ? null : now + heartbeat * 1_000,
    submitted: false,
  });
}

function resourceOf(state: TaskState): Resource {
  const resource = findResource(state.Resource);
  if (resource === undefined) throw new Error(`the resource ${state.Resource} is not supported`);
  return resource;
}

/** Opaque to others. It leads back to its branch, so that no list of tokens has to be kept. */
function newToken({ tree, world }: Progress, branch: Branch): string {
  return Buffer.from(`${tree.record.id}.${branch.id}.${world.uuid()}`).toString("base64url");
}

/** Which execution and branch a token belongs to, or undefined when it is not one of ours. */
export function readToken(token: string): { execution: number; branch: number } | undefined {
  const found = /^(\d{1,15})\.(\d{1,15})\.[\w-]+$/.exec(Buffer.from(token, "base64url").toString());
  return found === null ? undefined : { execution: Number(found[1]), branch: Number(found[2]) };
}

/** The call was taken on: from here on only a token or the nested execution's end completes it. */
export function submitTask(
  progress: Progress,
  branch: Branch,
  activity: TaskActivity,
  answer: Json,
): void {
  const resource = resourceOf(progress.stateOf(branch) as TaskState);
  const output = JSON.stringify(answer);
  if (isTooLarge(output)) throw tooLarge(resource.resourceType);
  activity.submitted = true;
  progress.tree.append(branch, history.taskSubmitted(resource, output));
}

export async function completeTask(
  progress: Progress,
  branch: Branch,
  result: Json,
): Promise<void> {
  const state = progress.stateOf(branch) as TaskState;
  const resource = resourceOf(state);
  const output = JSON.stringify(result);
  if (isTooLarge(output)) {
    return failTask(progress, branch, tooLarge(resource.resourceType).failure);
  }
  progress.tree.append(branch, history.taskSucceeded(resource, output));
  await progress.leave(branch, state, result, { result });
}

export async function failTask(
  progress: Progress,
  branch: Branch,
  failure: Failure,
): Promise<void> {
  const resource = resourceOf(progress.stateOf(branch) as TaskState);
  progress.tree.append(branch, history.taskFailed(resource, failure));
  await progress.fail(branch, failure);
}
