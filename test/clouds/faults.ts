/** Which calls a fake fails, and how: the same for every cloud. */

export interface Fault {
  /** Which call it hits, counted from 1 over all calls that the fault could hit. */
  readonly nth: number;
  /** Only calls of this action count. */
  readonly action?: string;
  /** `after`: the call takes effect, and its answer does not arrive. */
  readonly when: "before" | "after";
  /** The line is cut, or the cloud answers that it failed. */
  readonly how: "cut" | "error";
}

export interface CallMade {
  readonly action: string;
  /** The cloud's code where it refused; `cut` and `error` where a fault hit. */
  readonly outcome: string;
}

export class Calls {
  readonly made: CallMade[] = [];
  private faults: { fault: Fault; seen: number }[] = [];

  /** From now on; each fault hits once. */
  fail(...faults: Fault[]): void {
    this.faults.push(...faults.map((fault) => ({ fault, seen: 0 })));
  }

  /** From now on no fault hits. */
  recover(): void {
    this.faults = [];
  }

  /** The fault that hits this call, if one does. */
  next(action: string): Fault | undefined {
    let hit: Fault | undefined;
    for (const entry of this.faults) {
      if (entry.fault.action !== undefined && entry.fault.action !== action) continue;
      entry.seen += 1;
      if (entry.seen === entry.fault.nth) hit ??= entry.fault;
    }
    this.faults = this.faults.filter(({ fault, seen }) => seen < fault.nth);
    return hit;
  }
}
