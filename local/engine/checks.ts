import type { Scope, State } from "./definition.ts";
import type { Diagnostic } from "./diagnostics.ts";
import { isExpression } from "./expressions.ts";
import { findResource, findWrongArgument, resourceNames } from "./tasks.ts";

/** What a schema cannot say: that every arrow leads to a state and every state can be reached. */
export function checkScope(root: Scope): Diagnostic[] {
  const seen = new Set<string>();
  return walk(root, "", seen, new Set());
}

type Report = (message: string, location: string, code?: string) => Diagnostic;
const problem: Report = (message, location, code = "SCHEMA_VALIDATION_FAILED") => ({
  code,
  message,
  location: location === "" ? "/" : location,
});

function walk(
  scope: Scope,
  at: string,
  seen: Set<string>,
  outer: ReadonlySet<string>,
): Diagnostic[] {
  const found: Diagnostic[] = [];
  const names = Object.keys(scope.States);
  for (const name of names) {
    if (seen.has(name)) {
      found.push(problem(`The state name '${name}' is used twice`, `${at}/States/${name}`));
    }
    seen.add(name);
  }
  found.push(...checkArrows(scope, at));
  const assigned = new Set(Object.values(scope.States).flatMap(assignedNames));
  for (const name of assigned) {
    // Source: Step Functions guide, "Passing data between states with variables", variable scope.
    if (outer.has(name)) {
      found.push(problem(`The variable '${name}' belongs to an outer scope`, at));
    }
  }
  const inReach = new Set([...outer, ...assigned]);
  for (const [name, state] of Object.entries(scope.States)) {
    const location = `${at}/States/${name}`;
    found.push(...checkState(state, location));
    for (const [inner, where] of innerScopes(state)) {
      found.push(...walk(inner, location + where, seen, inReach));
    }
  }
  return found;
}

function innerScopes(state: State): [Scope, string][] {
  if (state.Type === "Map") return [[state.ItemProcessor, "/ItemProcessor"]];
  if (state.Type !== "Parallel") return [];
  return state.Branches.map((branch, index) => [branch, `/Branches[${index}]`]);
}

function assignedNames(state: State): string[] {
  const places: { Assign?: object | undefined }[] = [];
  if ("Assign" in state) places.push(state);
  if ("Catch" in state) places.push(...(state.Catch ?? []));
  if (state.Type === "Choice") places.push(...state.Choices);
  return places.flatMap((place) => Object.keys(place.Assign ?? {}));
}

function arrows(state: State): [target: string, where: string][] {
  const found: [string, string][] = [];
  if ("Next" in state && state.Next !== undefined) found.push([state.Next, "/Next"]);
  if ("Catch" in state) {
    for (const [index, each] of (state.Catch ?? []).entries()) {
      found.push([each.Next, `/Catch[${index}]/Next`]);
    }
  }
  if (state.Type === "Choice") {
    for (const [index, each] of state.Choices.entries()) {
      found.push([each.Next, `/Choices[${index}]/Next`]);
    }
    if (state.Default !== undefined) found.push([state.Default, "/Default"]);
  }
  return found;
}

function checkArrows(scope: Scope, at: string): Diagnostic[] {
  const found: Diagnostic[] = [];
  const missing = (target: string, location: string) =>
    problem(`There is no state '${target}' here`, location, "MISSING_TRANSITION_TARGET");
  if (!Object.hasOwn(scope.States, scope.StartAt)) {
    found.push(missing(scope.StartAt, `${at}/StartAt`));
  }
  const reached = new Set<string>();
  const open = [scope.StartAt];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const state = Object.hasOwn(scope.States, name) ? scope.States[name] : undefined;
    if (state === undefined || reached.has(name)) continue;
    reached.add(name);
    open.push(...arrows(state).map(([target]) => target));
  }
  for (const [name, state] of Object.entries(scope.States)) {
    const location = `${at}/States/${name}`;
    for (const [target, where] of arrows(state)) {
      if (!Object.hasOwn(scope.States, target)) found.push(missing(target, location + where));
    }
    if (!reached.has(name)) {
      found.push(problem(`The state '${name}' cannot be reached`, location, "UNREACHABLE_STATE"));
    }
  }
  return found;
}

function checkState(state: State, at: string): Diagnostic[] {
  const found: Diagnostic[] = [];
  if ("Next" in state || "End" in state || needsTransition(state)) {
    const { Next, End } = state as { Next?: string | undefined; End?: true | undefined };
    if ((Next === undefined) === (End === undefined)) {
      found.push(problem("One of Next and End is needed, not both", at));
    }
  }
  if (state.Type === "Wait" && (state.Seconds === undefined) === (state.Timestamp === undefined)) {
    found.push(problem("One of Seconds and Timestamp is needed, not both", at));
  }
  if (state.Type === "Task") found.push(...checkTask(state, at));
  if ("Retry" in state) found.push(...checkWildcards(state.Retry ?? [], `${at}/Retry`));
  if ("Catch" in state) found.push(...checkWildcards(state.Catch ?? [], `${at}/Catch`));
  return found;
}

function needsTransition(state: State): boolean {
  return state.Type !== "Choice" && state.Type !== "Succeed" && state.Type !== "Fail";
}

function checkTask(state: State & { Type: "Task" }, at: string): Diagnostic[] {
  const resource = findResource(state.Resource);
  if (resource === undefined) {
    const message = `The resource '${state.Resource}' is not supported; supported are ${resourceNames()}`;
    return [problem(message, `${at}/Resource`)];
  }
  const found: Diagnostic[] = [];
  const given = state.Arguments ?? null;
  if (typeof given !== "string" || !isExpression(given)) {
    const wrong = findWrongArgument(resource, given);
    if (wrong !== undefined) found.push(problem(wrong, `${at}/Arguments`));
  }
  const { TimeoutSeconds: limit, HeartbeatSeconds: beat } = state;
  if (typeof limit === "number" && typeof beat === "number" && beat >= limit) {
    found.push(problem("HeartbeatSeconds must be smaller than TimeoutSeconds", at));
  }
  return found;
}

/** Source: Amazon States Language, "Retriers": States.ALL stands alone and in the last one. */
function checkWildcards(
  handlers: readonly { readonly ErrorEquals: readonly string[] }[],
  at: string,
): Diagnostic[] {
  return handlers.flatMap((handler, index) => {
    if (!handler.ErrorEquals.includes("States.ALL")) return [];
    const isLastAndAlone = index === handlers.length - 1 && handler.ErrorEquals.length === 1;
    if (isLastAndAlone) return [];
    return [problem("States.ALL must stand alone, in the last of the list", `${at}[${index}]`)];
  });
}
