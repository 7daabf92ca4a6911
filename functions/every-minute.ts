/** What must not wait longer than a minute. May be repeated at any time. */

import { deliverEvents } from "./deliveries.ts";
import type { Deps } from "./deps.ts";
import { watchLag } from "./lag.ts";
import { tendPools } from "./pool.ts";
import { runSchedules } from "./schedules.ts";

export async function everyMinute(deps: Deps): Promise<void> {
  const failures: unknown[] = [];
  for (const work of [runSchedules, watchLag, tendPools, deliverEvents]) {
    // None of them waits for another to be mended.
    await work(deps).catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
}
