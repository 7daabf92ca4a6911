/** Called once a minute: schedules, lag, events that could not be delivered at once. */
import { everyMinute } from "../every-minute.ts";
import { lambdaDeps } from "./host.ts";

export async function handler(): Promise<void> {
  await everyMinute(await lambdaDeps());
}
