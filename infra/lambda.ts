/** A Lambda as all of ours are: its own role, its own log, its own bundle. */
import { Duration, RemovalPolicy, Validations } from "aws-cdk-lib";
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import {
  Architecture,
  Code,
  Function as LambdaFunction,
  Runtime,
  Tracing,
} from "aws-cdk-lib/aws-lambda";
import { LogGroup, type RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";

export interface OurLambda {
  /** Folder of its bundle. */
  readonly bundle: string;
  readonly description: string;
  readonly statements: readonly PolicyStatement[];
  readonly environment: Record<string, string>;
  readonly logRetention: RetentionDays;
  readonly memoryMiB?: number;
  readonly timeout?: Duration;
}

export function addLambda(scope: Construct, id: string, what: OurLambda): LambdaFunction {
  const logGroup = new LogGroup(scope, `${id}Log`, {
    retention: what.logRetention,
    removalPolicy: RemovalPolicy.DESTROY,
  });
  const role = new Role(scope, `${id}Role`, {
    assumedBy: new ServicePrincipal("lambda.amazonaws.com"),
    description: what.description,
    inlinePolicies: {
      Needs: new PolicyDocument({
        statements: [
          ...what.statements,
          new PolicyStatement({
            actions: ["logs:CreateLogStream", "logs:PutLogEvents"],
            resources: [logGroup.logGroupArn],
          }),
        ],
      }),
    },
  });
  const made = new LambdaFunction(scope, id, {
    runtime: Runtime.NODEJS_24_X,
    architecture: Architecture.ARM_64,
    handler: "index.handler",
    code: Code.fromAsset(what.bundle),
    description: what.description,
    role,
    logGroup,
    tracing: Tracing.ACTIVE,
    memorySize: what.memoryMiB ?? 512,
    timeout: what.timeout ?? Duration.seconds(110),
    environment: { ...what.environment, NODE_OPTIONS: "--enable-source-maps" },
  });
  Validations.of(role).acknowledge({
    id: "AwsSolutions-IAM5[Resource::*]",
    reason:
      "Only for xray:PutTraceSegments and xray:PutTelemetryRecords, which know no resources (Service Authorization Reference, AWS X-Ray).",
  });
  return made;
}
