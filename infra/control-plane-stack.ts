/** What moves servers: a Lambda for each step, the state machines, and the handlers beside them. */
import { Duration, Stack, type StackProps, Validations } from "aws-cdk-lib";
import {
  HttpMethod,
  HttpNoneAuthorizer,
  HttpRoute,
  HttpRouteKey,
} from "aws-cdk-lib/aws-apigatewayv2";
import { HttpLambdaIntegration } from "aws-cdk-lib/aws-apigatewayv2-integrations";
import { Policy, PolicyStatement } from "aws-cdk-lib/aws-iam";
import { CfnEventSourceMapping, type Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import type { RetentionDays } from "aws-cdk-lib/aws-logs";
import type { CfnStateMachine } from "aws-cdk-lib/aws-stepfunctions";
import type { Construct } from "constructs";
import type { LambdaEnvironment } from "#domain/lambda-environment.ts";
import { acknowledgeWildcard } from "./acknowledge.ts";
import { type HandlerName, handlerNames, stepNames } from "./bundle.ts";
import type { DataStack } from "./data-stack.ts";
import type { EntranceStack } from "./entrance-stack.ts";
import type { EventsStack } from "./events-stack.ts";
import { addLambda } from "./lambda.ts";
import { type Surroundings, statementsFor } from "./least-privilege.ts";
import { addMachine, machineNames } from "./machines.ts";
import { arn, listsBucketName, machinePrefix, type Naming, secretsPrefix } from "./names.ts";
import { permissionsIn, readTable } from "./permissions/table.ts";
import type { SiteStack, Software } from "./site-stack.ts";

export interface ControlPlaneProps extends StackProps {
  readonly naming: Naming;
  readonly data: DataStack;
  readonly entrance: EntranceStack;
  readonly events: EventsStack;
  readonly site: SiteStack;
  readonly software: Software;
  readonly logRetention: RetentionDays;
  /** Folder of each Lambda's bundle, by name. */
  readonly bundles: ReadonlyMap<string, string>;
}

/** What agents and gateways call; each proves who it is by a code or token of its own (functions/app.ts). */
const machineRoutes: readonly [path: string, method: HttpMethod][] = [
  ["/v1/agents/{proxy+}", HttpMethod.ANY],
  ["/v1/gateways/enrol", HttpMethod.POST],
  ["/v1/callbacks/{proxy+}", HttpMethod.POST],
  ["/v1/hyperdoor", HttpMethod.POST],
  ["/healthz", HttpMethod.GET],
  ["/v1/sign-in", HttpMethod.GET],
  ["/openapi.json", HttpMethod.GET],
];

const descriptions: Record<HandlerName, { description: string; timeout?: Duration }> = {
  api: { description: "The HTTP API", timeout: Duration.seconds(29) },
  "look-after": { description: "Mends what a crash left apart" },
  "every-minute": {
    description: "Starts what is due, watches the lag, delivers again, gives idle gateways back",
    timeout: Duration.minutes(5),
  },
  "deliver-events": { description: "Brings events to the bus and to webhooks" },
  "keep-house": {
    description: "Gives back what nobody needs, tells what the rest costs",
    timeout: Duration.minutes(10),
  },
};

export class ControlPlaneStack extends Stack {
  readonly steps = new Map<string, LambdaFunction>();
  readonly machines = new Map<string, CfnStateMachine>();
  readonly handlers: Readonly<Record<HandlerName, LambdaFunction>>;
  private readonly props: ControlPlaneProps;
  private readonly around: Surroundings;
  private readonly variables: LambdaEnvironment;

  constructor(scope: Construct, id: string, props: ControlPlaneProps) {
    super(scope, id, props);
    this.props = props;
    const { naming, data, entrance, events, site, software } = props;
    const prefix = machinePrefix(naming);
    this.around = {
      tableArn: data.table.tableArn,
      secretsArn: arn(this, "secretsmanager", `secret:${secretsPrefix(naming)}*`),
      callbackKeyArn: data.callbackKey.secretArn,
      machinesArn: arn(this, "states", `stateMachine:${prefix}*`),
      executionsArn: arn(this, "states", `execution:${prefix}*`),
      targetRolesArn: `arn:${this.partition}:iam::*:role/hypermotion-target-*`,
      busArn: events.bus.eventBusArn,
      listsBucketArn: `arn:${this.partition}:s3:::${listsBucketName(this, naming)}`,
    };
    this.variables = {
      HYPERMOTION_TABLE: data.table.tableName,
      HYPERMOTION_SECRETS_PREFIX: secretsPrefix(naming),
      HYPERMOTION_CALLBACK_KEY_SECRET: data.callbackKey.secretName,
      HYPERMOTION_CONSOLE_ID: naming.id,
      HYPERMOTION_CONSOLE_URL: `${entrance.api.apiEndpoint}:443`,
      HYPERMOTION_MACHINE_ARN_PREFIX: arn(this, "states", `stateMachine:${prefix}`),
      HYPERMOTION_SOFTWARE_URL: site.softwareUrl,
      HYPERMOTION_SOFTWARE_SHA256: software.sha256,
      HYPERMOTION_EVENT_BUS: events.bus.eventBusName,
      HYPERMOTION_LISTS_BUCKET: listsBucketName(this, naming),
      HYPERMOTION_SIGN_IN_ISSUER: `https://cognito-idp.${this.region}.${this.urlSuffix}/${entrance.users.userPoolId}`,
      HYPERMOTION_SIGN_IN_CLIENT: entrance.client.userPoolClientId,
    };
    const table = readTable();
    for (const name of stepNames) {
      this.steps.set(name, this.lambda(name, `Step ${name}`, table));
    }
    for (const name of machineNames) {
      const { naming, logRetention } = props;
      this.machines.set(name, addMachine(this, name, { naming, steps: this.steps, logRetention }));
    }
    this.handlers = Object.fromEntries(
      handlerNames.map((name) => {
        const { description, timeout } = descriptions[name];
        return [name, this.lambda(name, description, table, timeout)];
      }),
    ) as Record<HandlerName, LambdaFunction>;
    this.addRoutes();
    this.deliverFromOutbox();
  }

  private lambda(
    name: string,
    description: string,
    table: ReturnType<typeof readTable>,
    timeout?: Duration,
  ): LambdaFunction {
    const bundle = this.props.bundles.get(name);
    if (bundle === undefined) throw new Error(`there is no bundle of ${name}`);
    const statements = statementsFor(permissionsIn(table, name), this.around);
    const made = addLambda(this, name, {
      bundle,
      description,
      statements,
      environment: this.variables,
      logRetention: this.props.logRetention,
      ...(timeout === undefined ? {} : { timeout }),
    });
    this.acknowledgeNames(made);
    return made;
  }

  /** Names with a wildcard that are ours alone, each for a reason. */
  private acknowledgeNames({ role, node }: LambdaFunction): void {
    if (role === undefined) throw new Error(`${node.id} has no role`);
    const { secretsArn, machinesArn, executionsArn, targetRolesArn, listsBucketArn } = this.around;
    for (const [resource, reason] of [
      [
        secretsArn,
        "Secrets of targets and gateways are made while they are; all are under this deployment's prefix.",
      ],
      [machinesArn, "The API starts any of our machines; task tokens belong to any of them."],
      [executionsArn, "Runs have names of their own; all are this deployment's."],
      [
        targetRolesArn,
        "Target accounts are the customer's and not known here; each role's trust policy decides who may assume it.",
      ],
      [
        `${listsBucketArn}/*`,
        "Operators name their lists as they like; the bucket holds nothing else.",
      ],
    ] as const) {
      acknowledgeWildcard(role, resource, reason);
    }
  }

  private addRoutes(): void {
    const { api, authorizer } = this.props.entrance;
    const integration = new HttpLambdaIntegration("Api", this.handlers.api);
    const add = (id: string, key: HttpRouteKey, open: boolean) => {
      const route = new HttpRoute(this, id, {
        httpApi: api,
        routeKey: key,
        integration,
        authorizer: open ? new HttpNoneAuthorizer() : authorizer,
      });
      if (!open) return;
      Validations.of(route).acknowledge({
        id: "AwsSolutions-APIG4",
        reason:
          "Agents and gateways have no account of a person's: a one-time code, then a token of their own is checked by the app (design §9). Health, the API's description and where to sign in are public.",
      });
    };
    add("people", HttpRouteKey.DEFAULT, false);
    for (const [path, method] of machineRoutes) {
      add(`open ${path}`, HttpRouteKey.with(path, method), true);
    }
  }

  /** Events go out as soon as they are in the outbox; what fails is tried again by every-minute. */
  private deliverFromOutbox(): void {
    const { table } = this.props.data;
    const { tableStreamArn } = table;
    if (tableStreamArn === undefined) throw new Error("the table has no stream");
    const deliver = this.handlers["deliver-events"];
    deliver.role?.attachInlinePolicy(
      new Policy(this, "OutboxStream", {
        statements: [
          new PolicyStatement({
            actions: [
              "dynamodb:DescribeStream",
              "dynamodb:GetRecords",
              "dynamodb:GetShardIterator",
              "dynamodb:ListStreams",
            ],
            resources: [tableStreamArn],
          }),
        ],
      }),
    );
    new CfnEventSourceMapping(this, "Outbox", {
      functionName: deliver.functionName,
      eventSourceArn: tableStreamArn,
      startingPosition: "LATEST",
      batchSize: 100,
      maximumBatchingWindowInSeconds: 1,
      // It reads the outbox itself: a call that failed has lost nothing.
      maximumRetryAttempts: 2,
      filterCriteria: {
        filters: [
          {
            pattern: JSON.stringify({
              eventName: ["INSERT"],
              dynamodb: { Keys: { pk: { S: [{ prefix: "outgoing#" }] } } },
            }),
          },
        ],
      },
    });
  }
}
