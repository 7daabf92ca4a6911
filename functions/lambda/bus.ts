/** Events on the deployment's bus, and counted for its alarms. */
import { type EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { MigrationError } from "#domain/errors.ts";
import { describeEvent, eventMetric, eventSource } from "#domain/events.ts";
import type { Event } from "#domain/records.ts";

/** A deployment's bus is called as itself. May be repeated; the event's id is in its detail. @throws `cloud.transient` */
export async function publishEvent(
  client: EventBridgeClient,
  bus: string,
  event: Event,
): Promise<void> {
  const detail = JSON.stringify({ ...event, text: describeEvent(event) });
  const { FailedEntryCount = 0, Entries = [] } = await client.send(
    new PutEventsCommand({
      Entries: [
        {
          EventBusName: bus,
          Source: eventSource,
          DetailType: event.type,
          Detail: detail,
          Time: new Date(event.at),
        },
      ],
    }),
  );
  if (FailedEntryCount > 0) {
    const problem = `${Entries[0]?.ErrorCode}: ${Entries[0]?.ErrorMessage}`;
    throw new MigrationError("cloud.transient", { platform: "aws", problem });
  }
  count(event, bus);
}

/** A line that CloudWatch makes a metric of. Source: CloudWatch user guide, "Embedded metric format". */
function count({ type, at }: Event, deployment: string): void {
  const line = {
    _aws: {
      Timestamp: Date.parse(at),
      CloudWatchMetrics: [
        {
          Namespace: eventMetric.namespace,
          Dimensions: [["deployment", "type"]],
          Metrics: [{ Name: eventMetric.name, Unit: "Count" }],
        },
      ],
    },
    deployment,
    type,
    [eventMetric.name]: 1,
  };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
