import type { Scope, State } from "./definition.ts";
import type { Bindings } from "./expressions.ts";
import type { Json } from "./payload.ts";
import type { Branch } from "./records.ts";
import type { Tree } from "./tree.ts";

/** Where a branch stands, and what JSONata sees there. */

export function scopeOf(root: Scope, tree: Tree, branch: Branch): Scope {
  const parent = tree.parentOf(branch);
  if (parent === undefined) return root;
  const state = stateOf(root, tree, parent);
  const scope =
    state.Type === "Map"
      ? state.ItemProcessor
      : state.Type === "Parallel"
        ? state.Branches[branch.index]
        : undefined;
  if (scope === undefined)
    throw new Error(`the state ${parent.state} has no branch ${branch.index}`);
  return scope;
}

export function stateOf(root: Scope, tree: Tree, branch: Branch): State {
  const state = scopeOf(root, tree, branch).States[branch.state ?? ""];
  if (state === undefined) throw new Error(`there is no state ${branch.state}`);
  return state;
}

/** `facts` are `$states.result` or `$states.errorOutput`; `more` are further context entries. */
export function bindingsOf(
  root: Scope,
  tree: Tree,
  branch: Branch,
  facts: Readonly<Record<string, Json>>,
  more: Readonly<Record<string, Json>>,
): Bindings {
  const item = itemOf(root, tree, branch);
  const context = {
    ...contextOf(tree, branch),
    ...(item === undefined ? {} : { Map: { Item: item } }),
    ...more,
  };
  return {
    states: { input: branch.input, context, ...facts },
    variables: variablesOf(root, tree, branch),
  };
}

/** Source: Step Functions guide, "Accessing execution data from the Context object". */
function contextOf({ record, input }: Tree, branch: Branch): { [key: string]: Json } {
  const iso = (ms: number) => new Date(ms).toISOString();
  return {
    Execution: {
      Id: record.arn,
      Input: input,
      Name: record.name,
      RoleArn: record.roleArn,
      StartTime: iso(record.startedAt),
      RedriveCount: record.redriveCount,
      ...(record.redrivenAt === null ? {} : { RedriveTime: iso(record.redrivenAt) }),
    },
    StateMachine: {
      Id: record.machineArn,
      Name: record.machineArn.split(":")[6] ?? record.machineArn,
    },
    State: {
      Name: branch.state,
      EnteredTime: iso(branch.enteredAt),
      RetryCount: branch.retries.reduce((sum, count) => sum + (count ?? 0), 0),
    },
  };
}

/** The innermost Map's item. */
function itemOf(root: Scope, tree: Tree, branch: Branch): Json | undefined {
  const parent = tree.parentOf(branch);
  if (parent === undefined) return undefined;
  if (stateOf(root, tree, parent).Type === "Map")
    return { Index: branch.index, Value: branch.item };
  return itemOf(root, tree, parent);
}

/** A branch sees the variables around it, but an item of a distributed Map only its own. */
function variablesOf(root: Scope, tree: Tree, branch: Branch): Readonly<Record<string, Json>> {
  const parent = tree.parentOf(branch);
  if (parent === undefined) return branch.variables;
  const state = stateOf(root, tree, parent);
  const isDistributed =
    state.Type === "Map" && state.ItemProcessor.ProcessorConfig?.Mode === "DISTRIBUTED";
  return { ...(isDistributed ? {} : variablesOf(root, tree, parent)), ...branch.variables };
}
