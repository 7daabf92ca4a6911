/** From what a Lambda's code does to the statements of its role. */
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import type { Permissions } from "./permissions/permissions.ts";

export interface Surroundings {
  readonly tableArn: string;
  /** ARN of secrets under the deployment's prefix, ending in `*`. */
  readonly secretsArn: string;
  readonly callbackKeyArn: string;
  /** ARN of all our state machines, ending in their common prefix and `*`. */
  readonly machinesArn: string;
  readonly executionsArn: string;
  /** Roles at targets that we may assume. */
  readonly targetRolesArn: string;
  readonly busArn: string;
  readonly listsBucketArn: string;
}

/** Collection of the store → kind in the table's keys (store/store.ts). */
const kinds: Record<string, string> = {
  targets: "target",
  gateways: "gateway",
  servers: "server",
  sessions: "session",
  recoveryPoints: "recovery-point",
  runs: "run",
  resources: "resource",
  cloudIds: "cloud-id",
  callbacks: "callback",
  codes: "code",
  users: "user",
  schedules: "schedule",
  webhooks: "webhook",
  outbox: "outgoing",
  events: "events",
  placeRequests: "place-request",
};

/** Method of a collection → what the store asks of DynamoDB for it. */
export const tableActions: Record<string, readonly string[]> = {
  find: ["GetItem"],
  get: ["GetItem"],
  create: ["PutItem"],
  ensure: ["GetItem", "PutItem"],
  update: ["GetItem", "PutItem"],
  delete: ["DeleteItem"],
  append: ["PutItem"],
};

const listing = new Set(["list", "all"]);

const machineActions: Record<string, { action: string; on: "machinesArn" | "executionsArn" }> = {
  start: { action: "states:StartExecution", on: "machinesArn" },
  status: { action: "states:DescribeExecution", on: "executionsArn" },
  stop: { action: "states:StopExecution", on: "executionsArn" },
  history: { action: "states:GetExecutionHistory", on: "executionsArn" },
  succeed: { action: "states:SendTaskSuccess", on: "machinesArn" },
  fail: { action: "states:SendTaskFailure", on: "machinesArn" },
  heartbeat: { action: "states:SendTaskHeartbeat", on: "machinesArn" },
};

const secretActions: Record<string, readonly string[]> = {
  get: ["secretsmanager:GetSecretValue"],
  put: [
    "secretsmanager:CreateSecret",
    "secretsmanager:PutSecretValue",
    "secretsmanager:RestoreSecret",
  ],
  delete: ["secretsmanager:DeleteSecret"],
};

/** @throws for a collection or method that nobody has said the permissions of */
export function statementsFor(needs: Permissions, around: Surroundings): PolicyStatement[] {
  return [
    ...tableStatements(needs, around),
    ...secretStatements(needs, around),
    ...needs.machines.map((method) => {
      const { action, on } = known(machineActions, method);
      return new PolicyStatement({ actions: [action], resources: [around[on]] });
    }),
    ...(needs.usesProviders
      ? [new PolicyStatement({ actions: ["sts:AssumeRole"], resources: [around.targetRolesArn] })]
      : []),
    ...(needs.publishes
      ? [new PolicyStatement({ actions: ["events:PutEvents"], resources: [around.busArn] })]
      : []),
    ...(needs.readsLists ? listStatements(around) : []),
  ];
}

function listStatements({ listsBucketArn }: Surroundings): PolicyStatement[] {
  return [
    new PolicyStatement({ actions: ["s3:GetObject"], resources: [`${listsBucketArn}/*`] }),
    // Without it a list that is not there looks like one that is forbidden.
    new PolicyStatement({ actions: ["s3:ListBucket"], resources: [listsBucketArn] }),
  ];
}

/** One statement for each set of actions, limited to the keys of the kinds it is for. */
function tableStatements({ collections }: Permissions, around: Surroundings): PolicyStatement[] {
  const byAction = new Map<string, Set<string>>();
  const indexKeys = new Set<string>();
  for (const [collection, methods] of Object.entries(collections)) {
    const kind = known(kinds, collection);
    for (const method of methods) {
      if (listing.has(method)) {
        if (collection === "events") add(byAction, "dynamodb:Query", `${kind}#*`);
        // The index's key is the kind itself, or kind and owner.
        else for (const key of [kind, `${kind}#*`]) indexKeys.add(key);
        continue;
      }
      for (const action of known(tableActions, method)) {
        add(byAction, `dynamodb:${action}`, `${kind}#*`);
      }
    }
  }
  const statements = [...byAction].map(([action, keys]) =>
    keyed([action], around.tableArn, [...keys]),
  );
  if (indexKeys.size > 0) {
    statements.push(keyed(["dynamodb:Query"], `${around.tableArn}/index/gsi1`, [...indexKeys]));
  }
  return statements;
}

function keyed(actions: string[], resource: string, keys: string[]): PolicyStatement {
  return new PolicyStatement({
    actions,
    resources: [resource],
    conditions: { "ForAllValues:StringLike": { "dynamodb:LeadingKeys": keys.sort() } },
  });
}

function secretStatements({ secrets }: Permissions, around: Surroundings): PolicyStatement[] {
  const actions = secrets.flatMap((method) => known(secretActions, method));
  const ours =
    actions.length === 0 ? [] : [new PolicyStatement({ actions, resources: [around.secretsArn] })];
  // Every Lambda's host makes callback tokens with it.
  const callbackKey = new PolicyStatement({
    actions: ["secretsmanager:GetSecretValue"],
    resources: [around.callbackKeyArn],
  });
  return [...ours, callbackKey];
}

function add(map: Map<string, Set<string>>, key: string, value: string): void {
  map.set(key, (map.get(key) ?? new Set()).add(value));
}

function known<T>(table: Readonly<Record<string, T>>, name: string): T {
  const found = table[name];
  if (found === undefined) throw new Error(`nobody has said what ${name} needs of AWS`);
  return found;
}
