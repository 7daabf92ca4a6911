/**
 * The reading side of a copy.
 *
 *   replicate ──▶ Copy: which range is whose, hash trees, progress      decisions
 *                  │ jobs, acknowledgements, counts
 *                  ▼
 *                stream (thread) ══ TLS ══▶ gateway                     bytes
 */

import type { Identity } from "#dataplane/wire/identity.ts";
import { MigrationError } from "#domain/errors.ts";
import type { Limits } from "#domain/limits.ts";
import type { SyncOrder } from "#domain/protocol/agent.ts";
import type { Progress } from "#domain/protocol/facts.ts";
import { Copy, type CopyDisk } from "./replication/copy.ts";
import type { Tracker } from "./tracking/tracker.ts";

export interface ReplicateOptions {
  order: SyncOrder;
  /** Where the order's disks are on this machine; found by `diskId`. */
  disks: { diskId: string; path: string; sizeBytes: number }[];
  identity: Identity;
  tracker: Pick<Tracker, "begin">;
  /** Asked all the time; the order's own unless given. */
  limits?: () => Limits;
  /** Called about once a second, and once at the end. */
  onProgress: (progress: Progress) => void;
  signal: AbortSignal;
}

/**
 * Copies the order's disks to its gateway: every block that may have changed is read, hashed and compared
 * with what the gateway has. Returns when the gateway has confirmed every volume. A broken line is made again, for
 * ever, until the signal aborts (`sync.stopped`). May be repeated: nothing acknowledged is sent twice.
 * @throws `disk.shrunk`, `disk.vanished`, `disk.unreadable`, `auth.wrong-certificate`, `volume.*`,
 * `gateway.disk-full`, `wire.protocol`, `sync.stopped`
 */
export async function replicate(options: ReplicateOptions): Promise<void> {
  const { order, identity, onProgress, signal } = options;
  if (signal.aborted) throw new MigrationError("sync.stopped", { server: order.sessionId });
  const found = order.disks.map(({ diskId, volumeId, sizeBytes }) => {
    const found = options.disks.find((disk) => disk.diskId === diskId);
    if (found === undefined) {
      throw new MigrationError("disk.vanished", {
        disk: diskId,
        problem: "this server has no such disk",
      });
    }
    return { diskId, volumeId, sizeBytes, path: found.path };
  });
  const disks: CopyDisk[] = [];
  for (const disk of found) {
    disks.push({ ...disk, pass: await options.tracker.begin(disk.diskId, disk.volumeId) });
  }
  const limits = options.limits ?? (() => order.limits);
  await new Copy({ order, disks, identity, onProgress, limits }).run(signal);
}
