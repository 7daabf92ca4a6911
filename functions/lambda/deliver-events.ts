/** Called by the table's stream when events have come into the outbox. */
import { deliverEvents } from "../deliveries.ts";
import { lambdaDeps } from "./host.ts";

export async function handler(): Promise<void> {
  await deliverEvents(await lambdaDeps());
}
