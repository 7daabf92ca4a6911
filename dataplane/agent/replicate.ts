import type { Identity } from "#dataplane/wire/identity.ts";
import { MigrationError } from "#domain/errors.ts";
import type { SyncOrder } from "#domain/protocol/agent.ts";
import type { Progress } from "#domain/protocol/facts.ts";

export interface ReplicateOptions {
  order: SyncOrder;
  /** Where the order's disks are on this machine; found by `diskId`. */
  disks: { diskId: string; path: string; sizeBytes: number }[];
  identity: Identity;
  /** Called about once a second, and once at the end. */
  onProgress: (progress: Progress) => void;
  signal: AbortSignal;
}

/**
 * Copies the order's disks to its gateway. Returns when the gateway has confirmed every volume.
 * A broken line is made again, for ever, until the signal aborts (`sync.stopped`).
 */
export async function replicate(options: ReplicateOptions): Promise<void> {
  throw new MigrationError("internal.unexpected", {
    problem: `not yet able to copy ${options.order.sessionId}`,
  });
}
