/** What must not wait longer than a minute. May be repeated at any time. */

import { deliverEvents } from "./deliveries.ts";
import type { Deps } from "./deps.ts";
import { watchLag } from "./lag.ts";
import { runSchedules } from "./schedules.ts";

export async function everyMinute(deps: Deps): Promise<void> {
  await runSchedules(deps);
  await watchLag(deps);
  await deliverEvents(deps);
}
