import type { bottlenecks } from "#domain/server.ts";
import type { StreamCounts } from "./stream-messages.ts";

type Bottleneck = (typeof bottlenecks)[number];

/** How far back rate and bottleneck look. */
const windowMs = 10_000;

interface Look {
  atMs: number;
  doneBytes: number;
}

/** How fast a copy is and what holds it up, over the last seconds. */
export class Speedometer {
  readonly #now: () => number;
  #looks: Look[] = [];
  #spent: Record<Bottleneck, number> = noTime();
  rateBytesPerSecond = 0;
  bottleneck: Bottleneck = "unknown";

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#looks.push({ atMs: now(), doneBytes: 0 });
  }

  add({ waitedMs, computedMs }: StreamCounts): void {
    this.#spent["source-disk"] += waitedMs.disk;
    this.#spent.line += waitedMs.line;
    this.#spent.gateway += waitedMs.gateway;
    this.#spent.volume += waitedMs.volume;
    this.#spent.limit += waitedMs.limit;
    this.#spent["source-cpu"] += computedMs;
  }

  /**
   * To be called every second or so.
   * @param isMoving false while the copy is paused or no line is open: that time says nothing about its rate
   */
  look(doneBytes: number, isMoving: boolean): void {
    const atMs = this.#now();
    this.#looks.push({ atMs, doneBytes });
    this.#looks = this.#looks.filter(
      (look, index, all) => atMs - look.atMs <= windowMs || index >= all.length - 2,
    );
    const first = this.#looks[0];
    if (first !== undefined && atMs > first.atMs) {
      // Work that was given back after a broken line counts as not done: never below zero.
      this.rateBytesPerSecond = Math.max(
        0,
        ((doneBytes - first.doneBytes) * 1000) / (atMs - first.atMs),
      );
    }
    // What comes after a standstill is measured from its end on: half a window of nothing would make the
    // time that is left twice as long.
    const stoodStill =
      atMs - (first?.atMs ?? atMs) >= windowMs / 2 && this.rateBytesPerSecond === 0;
    if (!isMoving) this.rateBytesPerSecond = 0;
    if (!isMoving || stoodStill) this.#looks = [{ atMs, doneBytes }];
    this.bottleneck = this.#largest();
    // Older times fade: half of them count in the next look.
    for (const name of Object.keys(this.#spent) as Bottleneck[]) this.#spent[name] /= 2;
  }

  #largest(): Bottleneck {
    let largest: Bottleneck = "unknown";
    for (const name of Object.keys(this.#spent) as Bottleneck[]) {
      // Below a tenth of a second nothing was held up.
      if (this.#spent[name] > Math.max(100, this.#spent[largest])) largest = name;
    }
    return largest;
  }
}

function noTime(): Record<Bottleneck, number> {
  return {
    ...{ "source-disk": 0, "source-cpu": 0, line: 0, gateway: 0, volume: 0, limit: 0 },
    unknown: 0,
  };
}
