import type { Log } from "./log.ts";

/** The first of each kind is told at once, and as many kinds as there are here. */
const everyMs = 10_000;
const mostKinds = 100;

/** Says who was turned away and why, without letting strangers fill the log: once in 10 s for each reason. */
export class TurnedAway {
  readonly #log: Log;
  readonly #now: () => number;
  readonly #told = new Map<string, { atMs: number; untold: number }>();

  /** @param now in ms, never going back */
  constructor(log: Log, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  note(address: string, problem: string): void {
    const atMs = this.#now();
    const told = this.#told.get(problem);
    if (told !== undefined && atMs - told.atMs < everyMs) {
      told.untold += 1;
      return;
    }
    const since = told === undefined || told.untold === 0 ? {} : { othersSince: told.untold };
    this.#log.warn({ address, problem, ...since }, "turned away a connection");
    this.#told.delete(problem);
    this.#told.set(problem, { atMs, untold: 0 });
    const [oldest] = this.#told.keys();
    if (this.#told.size > mostKinds && oldest !== undefined) this.#told.delete(oldest);
  }
}
