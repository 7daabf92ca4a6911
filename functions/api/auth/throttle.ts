/**
 * Slows guessing down: after a few wrong passwords a name is refused for a time that doubles with every
 * further one. Kept in memory on purpose: it must cost nothing to be refused, and whoever can restart
 * the console needs no password.
 */
const freeTries = 5;
const firstWaitMs = 1000;
const longestWaitMs = 15 * 60_000;
/** A hostile client may try many names; the oldest are forgotten then. */
const maxNames = 10_000;

export interface Throttle {
  /** How long this name is still refused; 0 when it may try. */
  waitMs(name: string): number;
  failed(name: string): void;
  succeeded(name: string): void;
}

export function createThrottle(now: () => Date): Throttle {
  const tries = new Map<string, { wrong: number; openAt: number }>();
  return {
    waitMs: (name) => Math.max(0, (tries.get(name)?.openAt ?? 0) - now().getTime()),
    failed(name) {
      const wrong = (tries.get(name)?.wrong ?? 0) + 1;
      const waitMs =
        wrong < freeTries ? 0 : Math.min(longestWaitMs, firstWaitMs * 2 ** (wrong - freeTries));
      tries.delete(name);
      tries.set(name, { wrong, openAt: now().getTime() + waitMs });
      const oldest = tries.keys().next();
      if (tries.size > maxNames && oldest.done !== true) tries.delete(oldest.value);
    },
    succeeded: (name) => {
      tries.delete(name);
    },
  };
}
