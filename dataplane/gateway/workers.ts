/** A fixed number of places for work; what comes when all are taken waits in order. */
export interface Workers {
  /** Undefined when the signal aborts before a place is free. */
  readonly run: <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T | undefined>;
}

export function createWorkers(places: number): Workers {
  let free = places;
  const waiting: (() => void)[] = [];

  function leave(): void {
    const next = waiting.shift();
    if (next === undefined) free++;
    else next();
  }

  async function enter(signal: AbortSignal): Promise<boolean> {
    if (free > 0) {
      free--;
      return true;
    }
    return new Promise((resolve) => {
      const take = () => {
        signal.removeEventListener("abort", giveUp);
        resolve(true);
      };
      const giveUp = () => {
        waiting.splice(waiting.indexOf(take), 1);
        resolve(false);
      };
      signal.addEventListener("abort", giveUp, { once: true });
      waiting.push(take);
    });
  }

  return {
    async run(work, signal) {
      if (signal.aborted || !(await enter(signal))) return undefined;
      try {
        return await work();
      } finally {
        leave();
      }
    },
  };
}
