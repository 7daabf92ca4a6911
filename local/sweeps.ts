/** What scheduled Lambdas do in the SaaS edition, each at its own pace. */
import { deliverEvents } from "#functions/deliveries.ts";
import type { Deps } from "#functions/deps.ts";
import { everyMinute } from "#functions/every-minute.ts";
import { keepHouse } from "#functions/housekeeping.ts";
import { lookAfter } from "#functions/look-after.ts";

const minuteMs = 60_000;

const sweeps: readonly { everyMs: number; sweep(deps: Deps): Promise<void> }[] = [
  { everyMs: 2000, sweep: deliverEvents },
  { everyMs: minuteMs, sweep: everyMinute },
  { everyMs: minuteMs, sweep: lookAfter },
  { everyMs: 60 * minuteMs, sweep: keepHouse },
];

/** The first look after a crash is done when this returns; the result ends the rest and waits for the present ones. */
export async function startSweeps(deps: Deps): Promise<() => Promise<void>> {
  await lookAfter(deps);
  const stopping: (() => Promise<void>)[] = sweeps.map(({ everyMs, sweep }) => {
    let running: Promise<void> | undefined;
    const timer = setInterval(() => {
      // One that takes longer than its pace is not overlapped by itself.
      running ??= sweep(deps)
        .catch((error: unknown) => deps.log.error({ err: error }, "a sweep failed"))
        .finally(() => {
          running = undefined;
        });
    }, everyMs);
    return async () => {
      clearInterval(timer);
      await running;
    };
  });
  return async () => {
    await Promise.all(stopping.map((stop) => stop()));
  };
}
