/** What happens by itself: EventBridge Scheduler calls these handlers, each at its own pace. */
import { Duration, Stack, type StackProps, Validations } from "aws-cdk-lib";
import { PolicyDocument, PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Schedule, ScheduleExpression, ScheduleGroup } from "aws-cdk-lib/aws-scheduler";
import { LambdaInvoke } from "aws-cdk-lib/aws-scheduler-targets";
import { Queue } from "aws-cdk-lib/aws-sqs";
import type { Construct } from "constructs";
import type { HandlerName } from "./bundle.ts";
import type { ControlPlaneStack } from "./control-plane-stack.ts";
import type { Naming } from "./names.ts";

export interface SchedulesProps extends StackProps {
  readonly naming: Naming;
  readonly controlPlane: ControlPlaneStack;
}

/** As in the standalone edition (local/sweeps.ts), where a look costs nothing and is taken more often. */
const paces: readonly { handler: HandlerName; every: Duration; does: string }[] = [
  {
    handler: "every-minute",
    every: Duration.minutes(1),
    does: "Delta syncs that are due, lag over its target, idle gateways, events to be delivered again",
  },
  {
    handler: "look-after",
    every: Duration.minutes(5),
    does: "Brings records and executions together after a failure",
  },
  {
    handler: "keep-house",
    every: Duration.days(1),
    does: "Recovery points too old to go back to, leftovers, slots that nobody holds",
  },
];

export class SchedulesStack extends Stack {
  /** Calls that failed, with all their repeats. */
  readonly failures: Queue;

  constructor(scope: Construct, id: string, props: SchedulesProps) {
    super(scope, id, props);
    const { controlPlane, naming } = props;
    this.failures = new Queue(this, "Failures", {
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    Validations.of(this.failures).acknowledge({
      id: "AwsSolutions-SQS3",
      reason: "It is the dead letter queue.",
    });
    const functions = paces.map(({ handler }) => controlPlane.handlers[handler].functionArn);
    // The role CDK would make may call every version of the function.
    const role = new Role(this, "Role", {
      assumedBy: new ServicePrincipal("scheduler.amazonaws.com"),
      inlinePolicies: {
        Needs: new PolicyDocument({
          statements: [
            new PolicyStatement({ actions: ["lambda:InvokeFunction"], resources: functions }),
            new PolicyStatement({
              actions: ["sqs:SendMessage"],
              resources: [this.failures.queueArn],
            }),
          ],
        }),
      },
    });
    const scheduleGroup = new ScheduleGroup(this, "Group", { scheduleGroupName: naming.id });
    for (const { handler, every, does } of paces) {
      new Schedule(this, handler, {
        scheduleGroup,
        description: does,
        schedule: ScheduleExpression.rate(every),
        target: new LambdaInvoke(controlPlane.handlers[handler], {
          role: role.withoutPolicyUpdates(),
          deadLetterQueue: this.failures,
          retryAttempts: 2,
        }),
      });
    }
  }
}
