/** What people are told when something does not go as it should: alarms to a topic, and one dashboard. */
import { Duration, Stack, type StackProps } from "aws-cdk-lib";
import {
  Alarm,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  type IMetric,
  Metric,
  TreatMissingData,
} from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import { ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import { Topic } from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import type { Construct } from "constructs";
import type { ControlPlaneStack } from "./control-plane-stack.ts";
import type { EntranceStack } from "./entrance-stack.ts";
import { arn, machinePrefix, type Naming } from "./names.ts";

export interface ObservabilityProps extends StackProps {
  readonly naming: Naming;
  readonly controlPlane: ControlPlaneStack;
  readonly entrance: EntranceStack;
  /** Who is written to; he confirms a mail of AWS's first. */
  readonly email?: string;
}

const period = Duration.minutes(5);

export class ObservabilityStack extends Stack {
  readonly topic: Topic;

  constructor(scope: Construct, id: string, props: ObservabilityProps) {
    super(scope, id, props);
    const key = new Key(this, "TopicKey", { enableKeyRotation: true });
    key.grantEncryptDecrypt(new ServicePrincipal("cloudwatch.amazonaws.com"));
    this.topic = new Topic(this, "People", {
      displayName: "HyperMotion",
      masterKey: key,
      enforceSSL: true,
    });
    if (props.email !== undefined) this.topic.addSubscription(new EmailSubscription(props.email));

    const { controlPlane, entrance } = props;
    const runs = (name: string) =>
      [...controlPlane.machines.keys()].map((machine) => this.ofMachine(props, machine, name));
    const failed = runs("ExecutionsFailed");
    const timedOut = runs("ExecutionsTimedOut");
    const errors = [...controlPlane.steps.values()].map((step) => step.metricErrors({ period }));
    const apiErrors = entrance.api.metricServerError({ period, statistic: "Sum" });
    const { lookAfterFunction } = controlPlane;

    for (const [index, machine] of [...controlPlane.machines.keys()].entries()) {
      this.alarm(`A run of ${machine} failed`, failed[index], 1);
      this.alarm(`A run of ${machine} took too long`, timedOut[index], 1);
    }
    this.alarm("The API answers with errors", apiErrors, 5);
    this.alarm("Runs are not looked after", lookAfterFunction.metricErrors({ period }), 2);
    this.alarm(
      "Step Lambdas are throttled",
      controlPlane.apiFunction.metricThrottles({ period }),
      1,
    );

    new Dashboard(this, "Dashboard", {
      dashboardName: props.naming.id,
      widgets: [
        [
          new GraphWidget({ title: "Runs started", left: runs("ExecutionsStarted"), width: 8 }),
          new GraphWidget({ title: "Runs failed", left: [...failed, ...timedOut], width: 8 }),
          new GraphWidget({ title: "Length of runs", left: runs("ExecutionTime"), width: 8 }),
        ],
        [
          new GraphWidget({ title: "Errors of steps", left: errors, width: 12 }),
          new GraphWidget({
            title: "API",
            left: [entrance.api.metricCount({ period }), apiErrors],
            width: 12,
          }),
        ],
      ],
    });
  }

  private ofMachine({ naming }: ObservabilityProps, machine: string, metricName: string): Metric {
    return new Metric({
      namespace: "AWS/States",
      metricName,
      dimensionsMap: {
        StateMachineArn: arn(this, "states", `stateMachine:${machinePrefix(naming)}${machine}`),
      },
      label: machine,
      statistic: metricName === "ExecutionTime" ? "Average" : "Sum",
      period,
    });
  }

  private alarm(name: string, metric: IMetric | undefined, threshold: number): void {
    if (metric === undefined) return;
    const alarm = new Alarm(this, name, {
      alarmDescription: name,
      metric,
      threshold,
      evaluationPeriods: 1,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(this.topic));
  }
}
