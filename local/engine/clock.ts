/** Time as the engine sees it. Tests pass a faster one. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back once, at or after `atMs`, however far away that is. Returns a way to call it off. */
  callAt(atMs: number, callback: () => void): () => void;
}

// setTimeout fires at once when asked to wait longer than a 32-bit number of milliseconds.
const longestTimeoutMs = 2_147_483_647;

/** A clock that runs `rate` times as fast as the machine's, counting from the epoch given. */
export function runningClock(rate = 1, epochMs = 0): Clock {
  const now = () => epochMs + (Date.now() - epochMs) * rate;
  return {
    now,
    callAt(atMs, callback) {
      let timer: NodeJS.Timeout;
      const wait = () => {
        const leftMs = Math.max(0, Math.ceil((atMs - now()) / rate));
        timer = setTimeout(
          () => (now() >= atMs ? callback() : wait()),
          Math.min(leftMs, longestTimeoutMs),
        );
      };
      wait();
      return () => clearTimeout(timer);
    },
  };
}
