/**
 * Keeps what the console knows of this server current: the inventory is taken again and again, and told when it has
 * changed. What is merely a little fuller or emptier than before is no change.
 */
import { MigrationError } from "#domain/errors.ts";
import type { Inventory } from "#domain/inventory.ts";
import { pause } from "../../backoff.ts";
import { describeProblem, type Say } from "../events.ts";

export interface InventoryWatch {
  /** As it was found last. */
  readonly current: () => Inventory;
  /** Returns when the signal aborts. */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

export function watchInventory(options: {
  /** What the console was told. */
  readonly first: Inventory;
  readonly take: () => Promise<Inventory>;
  readonly tell: (inventory: Inventory, signal: AbortSignal) => Promise<void>;
  readonly everyMs: number;
  /** Not while file systems are frozen: then the agent leaves everything else alone. */
  readonly mayLook: () => boolean;
  readonly say: Say;
}): InventoryWatch {
  const { take, tell, everyMs, mayLook, say } = options;
  let current = options.first;
  let told = options.first;
  let problem = "";
  return {
    current: () => current,
    async run(signal) {
      for (;;) {
        await pause(everyMs, signal);
        if (signal.aborted) return;
        if (!mayLook()) continue;
        try {
          current = await take();
          problem = "";
        } catch (error) {
          // A disk that was named is gone, say. What was known stays until it can be seen again, and a copy that
          // runs goes on whatever this is.
          const text = `This server can't be looked at anew: ${describeProblem(error)}`;
          if (text !== problem) say({ event: "note", text });
          problem = text;
          continue;
        }
        if (isSame(current, told) || signal.aborted) continue;
        try {
          await tell(current, signal);
          told = current;
        } catch (error) {
          // Whether a console that is away is waited for, or has forgotten us, the wait for orders finds out.
          if (!(error instanceof MigrationError)) throw error;
        }
      }
    },
  };
}

/** Free space is compared by the hundredth. */
export function isSame(a: Inventory, b: Inventory): boolean {
  return JSON.stringify(a, coarse) === JSON.stringify(b, coarse);
}

function coarse(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("freeBytes" in value)) return value;
  const { freeBytes, ...rest } = value;
  const sizeBytes = "sizeBytes" in rest ? Number(rest.sizeBytes) : 0;
  const percent = sizeBytes === 0 ? 0 : Math.floor((Number(freeBytes) / sizeBytes) * 100);
  return { ...rest, percent };
}
