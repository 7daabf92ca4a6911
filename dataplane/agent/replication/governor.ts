/** Keeps a copy within its limits, which may change while it runs. */
import { availableParallelism } from "node:os";
import { type Limits, rateAt } from "#domain/copy-limits.ts";
import type { Pacing } from "./pacing.ts";

const lookEveryMs = 100;
/** What was not used is not saved up for later. */
const mostSavedMs = 200;

export interface Clocks {
  readonly now: () => Date;
  /** Monotonic. */
  readonly elapsedMs: () => number;
  /** CPU time of this process with all its threads. */
  readonly cpuMs: () => number;
}

const realClocks: Clocks = {
  now: () => new Date(),
  elapsedMs: () => performance.now(),
  cpuMs: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
};

export class Governor {
  readonly #limits: () => Limits;
  readonly #pacing: Pacing;
  readonly #clocks: Clocks;
  readonly #cpus: number;
  #lastMs: number;
  #lastCpuMs: number;
  /** CPU time used beyond what was allowed. */
  #debtMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    limits: () => Limits,
    pacing: Pacing,
    clocks: Clocks = realClocks,
    cpus: number = availableParallelism(),
  ) {
    this.#limits = limits;
    this.#pacing = pacing;
    this.#clocks = clocks;
    this.#cpus = cpus;
    this.#lastMs = clocks.elapsedMs();
    this.#lastCpuMs = clocks.cpuMs();
  }

  start(): void {
    this.look();
    this.#timer = setInterval(() => this.look(), lookEveryMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Whether the copy stands still because a person wants it to. */
  get isPaused(): boolean {
    return this.#limits().paused;
  }

  look(): void {
    const limits = this.#limits();
    this.#pacing.rateBytesPerSecond = rateAt(limits, this.#clocks.now());
    const [ms, cpuMs] = [this.#clocks.elapsedMs(), this.#clocks.cpuMs()];
    const mayUse = (limits.cpuPercent / 100) * this.#cpus;
    const overMs = cpuMs - this.#lastCpuMs - (ms - this.#lastMs) * mayUse;
    [this.#lastMs, this.#lastCpuMs] = [ms, cpuMs];
    this.#debtMs = Math.max(-mostSavedMs, this.#debtMs + overMs);
    if (limits.paused) this.#pacing.hold(Number.POSITIVE_INFINITY);
    else if (limits.cpuPercent === 100) this.#pacing.hold(0);
    else this.#pacing.hold(Math.max(0, this.#debtMs / mayUse));
  }
}
