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
import { Function as LambdaFunction } from "aws-cdk-lib/aws-lambda";
import type { ITopic } from "aws-cdk-lib/aws-sns";
import type { Construct } from "constructs";
import { type EventType, eventMetric } from "#domain/events.ts";
import type { ControlPlaneStack } from "./control-plane-stack.ts";
import type { EntranceStack } from "./entrance-stack.ts";
import type { EventsStack } from "./events-stack.ts";
import { arn, machinePrefix, type Naming } from "./names.ts";
import type { SchedulesStack } from "./schedules-stack.ts";

export interface ObservabilityProps extends StackProps {
  readonly naming: Naming;
  readonly controlPlane: ControlPlaneStack;
  readonly entrance: EntranceStack;
  readonly events: EventsStack;
  readonly schedules: SchedulesStack;
}

const period = Duration.minutes(5);

/** What happens to servers and must not wait until someone looks. A failed run has its machine's alarm. */
const alarming = {
  "sync.stalled": "Replication is stalled",
  "lag.over-target": "A copy is older than its target",
  "slots.used-up": "No gateway has room",
  "verify.differs": "A volume does not hold what was copied to it",
} as const satisfies Partial<Record<EventType, string>>;

function ofEvents({ naming }: ObservabilityProps, type: string): Metric {
  return new Metric({
    namespace: eventMetric.namespace,
    metricName: eventMetric.name,
    dimensionsMap: { deployment: naming.id, type },
    label: type,
    statistic: "Sum",
    period,
  });
}

export class ObservabilityStack extends Stack {
  private readonly people: ITopic;

  constructor(scope: Construct, id: string, props: ObservabilityProps) {
    super(scope, id, props);
    const { controlPlane, entrance, events, schedules } = props;
    this.people = events.people;
    const runs = (name: string) =>
      [...controlPlane.machines.keys()].map((machine) => this.ofMachine(props, machine, name));
    const failed = runs("ExecutionsFailed");
    const timedOut = runs("ExecutionsTimedOut");
    const errors = [...controlPlane.steps.values()].map((step) => step.metricErrors({ period }));
    const apiErrors = entrance.api.metricServerError({ period, statistic: "Sum" });

    for (const [index, machine] of [...controlPlane.machines.keys()].entries()) {
      this.alarm(`A run of ${machine} failed`, failed[index], 1);
      this.alarm(`A run of ${machine} took too long`, timedOut[index], 1);
    }
    this.alarm("The API answers with errors", apiErrors, 5);
    for (const [name, handler] of Object.entries(controlPlane.handlers)) {
      if (name !== "api") this.alarm(`${name} fails`, handler.metricErrors({ period }), 2);
    }
    const failedCalls = schedules.failures.metricApproximateNumberOfMessagesVisible({ period });
    this.alarm("A scheduled call was given up", failedCalls, 1);
    this.alarm("Lambdas are throttled", LambdaFunction.metricAllThrottles({ period }), 1);
    for (const [type, name] of Object.entries(alarming)) {
      this.alarm(name, ofEvents(props, type), 1);
    }

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
        [
          new GraphWidget({
            title: "What happens to servers",
            left: [...Object.keys(alarming), "sync.recovered", "sync.done", "run.failed"].map(
              (type) => ofEvents(props, type),
            ),
            width: 24,
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
    alarm.addAlarmAction(new SnsAction(this.people));
  }
}
