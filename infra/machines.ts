/** The state machines, from the files as they are. */
import { readdirSync, readFileSync } from "node:fs";
import { RemovalPolicy, Validations } from "aws-cdk-lib";
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import type { IFunction } from "aws-cdk-lib/aws-lambda";
import { LogGroup, type RetentionDays } from "aws-cdk-lib/aws-logs";
import { CfnStateMachine } from "aws-cdk-lib/aws-stepfunctions";
import type { Construct } from "constructs";
import { acknowledgeWildcard } from "./acknowledge.ts";
import { root } from "./bundle.ts";
import { arn, machinePrefix, type Naming } from "./names.ts";

const folder = `${root}statemachines/`;

/** Names of the files, without their ending. */
export const machineNames: readonly string[] = readdirSync(folder)
  .filter((name) => name.endsWith(".asl.json"))
  .map((name) => name.replace(".asl.json", ""))
  .sort();

export function definitionOf(machine: string): string {
  return readFileSync(`${folder}${machine}.asl.json`, "utf8");
}

/** `${CreateVolumes}` is the step create-volumes, `${LaunchServerStateMachine}` the machine launch-server. */
export function placeholdersIn(definition: string): {
  steps: Map<string, string>;
  machines: Map<string, string>;
} {
  const steps = new Map<string, string>();
  const machines = new Map<string, string>();
  for (const [, name = ""] of definition.matchAll(/\$\{([A-Z][A-Za-z]*)\}/g)) {
    const machine = /^(.+)StateMachine$/.exec(name)?.[1];
    if (machine === undefined) steps.set(name, kebab(name));
    else machines.set(name, kebab(machine));
  }
  return { steps, machines };
}

const kebab = (name: string) => name.replace(/(?<=.)[A-Z]/g, "-$&").toLowerCase();

export interface MachineProps {
  readonly naming: Naming;
  readonly steps: ReadonlyMap<string, IFunction>;
  readonly logRetention: RetentionDays;
}

export function addMachine(scope: Construct, name: string, props: MachineProps): CfnStateMachine {
  const definition = definitionOf(name);
  const used = placeholdersIn(definition);
  const arnOfMachine = (other: string) =>
    arn(scope, "states", `stateMachine:${machinePrefix(props.naming)}${other}`);
  const functions = [...used.steps].map(([placeholder, step]) => {
    const made = props.steps.get(step);
    if (made === undefined) throw new Error(`${name} uses ${step}, which is no step`);
    return [placeholder, made.functionArn] as const;
  });
  const nested = [...used.machines].map(
    ([placeholder, machine]) => [placeholder, arnOfMachine(machine)] as const,
  );
  const log = new LogGroup(scope, `machine-${name}-log`, {
    // Step Functions delivers only to groups of this prefix without a resource policy for each.
    logGroupName: `/aws/vendedlogs/states/${machinePrefix(props.naming)}${name}`,
    retention: props.logRetention,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const role = new Role(scope, `machine-${name}-role`, {
    assumedBy: new ServicePrincipal("states.amazonaws.com"),
    description: `State machine ${name}: its own steps and nested machines`,
    inlinePolicies: {
      Needs: new PolicyDocument({
        statements: [
          new PolicyStatement({
            actions: ["lambda:InvokeFunction"],
            resources: functions.map(([, functionArn]) => functionArn),
          }),
          ...nestedStatements(scope, [...used.machines.values()], props.naming),
          ...(hasDistributedMap(definition) ? mapStatements(scope, name, props.naming) : []),
          ...observing(),
        ],
      }),
    },
  });
  Validations.of(role).acknowledge({
    id: "AwsSolutions-IAM5[Resource::*]",
    reason:
      "Only for X-Ray and for the vended-logs delivery calls, which know no resources (Step Functions developer guide, logging and X-Ray).",
  });
  for (const machine of used.machines.values()) {
    acknowledgeWildcard(
      role,
      arn(scope, "states", `execution:${machinePrefix(props.naming)}${machine}:*`),
      "Executions of the one machine this one starts have names of their own.",
    );
  }
  if (hasDistributedMap(definition)) {
    for (const executions of mapExecutions(scope, name, props.naming)) {
      acknowledgeWildcard(role, executions, "A wave's items are executions of the wave's machine.");
    }
  }
  const machine = new CfnStateMachine(scope, `machine-${name}`, {
    stateMachineName: `${machinePrefix(props.naming)}${name}`,
    stateMachineType: "STANDARD",
    definitionString: definition,
    definitionSubstitutions: Object.fromEntries([...functions, ...nested]),
    roleArn: role.roleArn,
    tracingConfiguration: { enabled: true },
    loggingConfiguration: {
      level: "ALL",
      // Data may name servers and addresses of the source; the history keeps it, the log need not.
      includeExecutionData: false,
      destinations: [{ cloudWatchLogsLogGroup: { logGroupArn: `${log.logGroupArn}` } }],
    },
  });
  machine.node.addDependency(role);
  return machine;
}

/** What `startExecution.sync:2` needs. Source: Step Functions developer guide, "IAM policies for nested workflows". */
function nestedStatements(
  scope: Construct,
  machines: readonly string[],
  naming: Naming,
): PolicyStatement[] {
  if (machines.length === 0) return [];
  const named = (kind: string, ending = "") =>
    machines.map((name) =>
      arn(scope, "states", `${kind}:${machinePrefix(naming)}${name}${ending}`),
    );
  return [
    new PolicyStatement({ actions: ["states:StartExecution"], resources: named("stateMachine") }),
    new PolicyStatement({
      actions: ["states:DescribeExecution", "states:StopExecution"],
      resources: named("execution", ":*"),
    }),
    new PolicyStatement({
      actions: ["events:PutTargets", "events:PutRule", "events:DescribeRule"],
      resources: [arn(scope, "events", "rule/StepFunctionsGetEventsForStepFunctionsExecutionRule")],
    }),
  ];
}

const hasDistributedMap = (definition: string) => /"Mode":\s*"DISTRIBUTED"/.test(definition);

const mapExecutions = (scope: Construct, name: string, naming: Naming) =>
  ["", "/*"].map((label) =>
    arn(scope, "states", `execution:${machinePrefix(naming)}${name}${label}:*`),
  );

/** What a distributed Map needs of its own machine. Source: CDK's own grants, aws-stepfunctions/lib/state-graph. */
function mapStatements(scope: Construct, name: string, naming: Naming): PolicyStatement[] {
  return [
    new PolicyStatement({
      actions: ["states:StartExecution"],
      resources: [arn(scope, "states", `stateMachine:${machinePrefix(naming)}${name}`)],
    }),
    new PolicyStatement({
      actions: ["states:DescribeExecution", "states:StopExecution"],
      resources: mapExecutions(scope, name, naming),
    }),
  ];
}

function observing(): PolicyStatement[] {
  return [
    new PolicyStatement({
      actions: [
        "xray:PutTraceSegments",
        "xray:PutTelemetryRecords",
        "xray:GetSamplingRules",
        "xray:GetSamplingTargets",
      ],
      resources: ["*"],
    }),
    new PolicyStatement({
      actions: [
        "logs:CreateLogDelivery",
        "logs:GetLogDelivery",
        "logs:UpdateLogDelivery",
        "logs:DeleteLogDelivery",
        "logs:ListLogDeliveries",
        "logs:PutResourcePolicy",
        "logs:DescribeResourcePolicies",
        "logs:DescribeLogGroups",
      ],
      resources: ["*"],
    }),
  ];
}
