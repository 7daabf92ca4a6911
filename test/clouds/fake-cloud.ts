/** What every fake shows of itself, so that the tests which are the same for all clouds can use it. */
import type { Platform } from "#domain/platform.ts";
import type { Calls } from "./faults.ts";

/** How many of each kind are there beside what an account begins with. What was ended counts no more. */
export interface Inventory {
  readonly instances: number;
  readonly volumes: number;
  readonly snapshots: number;
  readonly images: number;
  readonly addresses: number;
  readonly groups: number;
}

export interface FakeCloud {
  /** As an operator registers it, with the least that must be said. */
  readonly target: {
    readonly platform: Platform;
    readonly config: Readonly<Record<string, unknown>>;
    readonly credentials: Readonly<Record<string, string>>;
  };
  readonly calls: Calls;
  inventory(): Inventory;
  close(): Promise<void>;
}
