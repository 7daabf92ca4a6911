/** What happened, for those who listen: a bus for programs, a topic for people. */
import { CfnOutput, Stack, type StackProps } from "aws-cdk-lib";
import { EventBus, EventField, Rule, RuleTargetInput } from "aws-cdk-lib/aws-events";
import { SnsTopic } from "aws-cdk-lib/aws-events-targets";
import { ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Key } from "aws-cdk-lib/aws-kms";
import { Topic } from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import type { Construct } from "constructs";
import { type EventType, eventSource } from "#domain/events.ts";
import type { ServerState } from "#domain/server.ts";
import type { Naming } from "./names.ts";

export interface EventsProps extends StackProps {
  readonly naming: Naming;
  /** Who is written to; he confirms a mail of AWS's first. */
  readonly email?: string;
}

/** What someone must look at. */
const trouble: readonly EventType[] = [
  "run.failed",
  "sync.stalled",
  "lag.over-target",
  "slots.used-up",
  "launch.not-booted",
  "launch.unseen",
  "leftovers.cost",
];
/** What someone waits for. */
const milestones: readonly ServerState[] = ["ready-for-test", "cut-over"];

export class EventsStack extends Stack {
  readonly bus: EventBus;
  readonly people: Topic;

  constructor(scope: Construct, id: string, props: EventsProps) {
    super(scope, id, props);
    this.bus = new EventBus(this, "Bus", {
      eventBusName: props.naming.id,
      description: "What happens to servers that are moved (docs/events.md)",
    });
    const key = new Key(this, "TopicKey", { enableKeyRotation: true });
    for (const service of ["cloudwatch", "events"]) {
      key.grantEncryptDecrypt(new ServicePrincipal(`${service}.amazonaws.com`));
    }
    this.people = new Topic(this, "People", {
      displayName: "HyperMotion",
      masterKey: key,
      enforceSSL: true,
    });
    if (props.email !== undefined) this.people.addSubscription(new EmailSubscription(props.email));

    const text = EventField.fromPath("$.detail.text");
    const server = EventField.fromPath("$.detail.serverId");
    const tellPeople = new SnsTopic(this.people, {
      message: RuleTargetInput.fromText(`${server}: ${text}`),
    });
    new Rule(this, "Trouble", {
      eventBus: this.bus,
      description: "What someone must look at",
      eventPattern: { source: [eventSource], detailType: [...trouble] },
      targets: [tellPeople],
    });
    new Rule(this, "Milestones", {
      eventBus: this.bus,
      description: "What someone waits for",
      eventPattern: {
        source: [eventSource],
        detailType: ["server.state" satisfies EventType],
        detail: { params: { state: [...milestones] } },
      },
      targets: [tellPeople],
    });
    new CfnOutput(this, "EventBus", { value: this.bus.eventBusName });
    new CfnOutput(this, "PeopleTopic", { value: this.people.topicArn });
  }
}
