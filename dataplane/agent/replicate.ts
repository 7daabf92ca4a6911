/**
 * The reading side of a copy.
 *
 *   replicate ──▶ Copy: which range is whose, hash trees, progress      decisions
 *                  │ jobs, acknowledgements, counts
 *                  ▼
 *                stream (thread) ══ TLS ══▶ gateway                     bytes
 */

import type { Identity } from "#dataplane/wire/identity.ts";
import { protocolWaits, type Waits } from "#dataplane/wire/limits.ts";
import { type Limits, rateAt } from "#domain/copy-limits.ts";
import { MigrationError } from "#domain/errors.ts";
import type { LineMeasure } from "#domain/line.ts";
import type { SyncOrder } from "#domain/protocol/agent.ts";
import type { Progress } from "#domain/protocol/facts.ts";
import { Copy, type CopyDisk } from "./replication/copy.ts";
import { measureLine } from "./replication/measure-line.ts";
import type { BlockSet } from "./tracking/block-set.ts";
import type { TrackedPass, Tracker } from "./tracking/tracker.ts";

export interface ReplicateOptions {
  order: SyncOrder;
  /** Where the order's disks are on this machine; found by `diskId`. */
  disks: { diskId: string; path: string; sizeBytes: number }[];
  identity: Identity;
  tracker: Pick<Tracker, "begin">;
  /** Which blocks of a disk nobody needs at this moment; asked when the pass has begun. */
  findFree?: (
    disk: Pick<CopyDisk, "diskId" | "path" | "sizeBytes">,
    pass: TrackedPass,
  ) => Promise<BlockSet | undefined>;
  /** Asked all the time; the order's own unless given. */
  limits?: () => Limits;
  /** Called at most once, before the first progress, where the order asks to measure. */
  onLine?: (line: LineMeasure) => void;
  /** Called about once a second, and once at the end. */
  onProgress: (progress: Progress) => void;
  /** Called with each range that the gateway says is durable on its volume. */
  onAcknowledged?: (diskId: string, range: number) => void;
  /** The protocol's unless given. */
  waits?: Waits;
  signal: AbortSignal;
}

/**
 * Copies the order's disks to its gateway: every block that may have changed and is not free is read, hashed
 * and compared with what the gateway has. Returns when the gateway has confirmed every volume. A broken line is made again, for
 * ever, until the signal aborts (`sync.stopped`). May be repeated: nothing acknowledged is sent twice.
 * @throws `disk.shrunk`, `disk.vanished`, `disk.unreadable`, `auth.wrong-certificate`, `volume.*`,
 * `gateway.disk-full`, `wire.protocol`, `sync.stopped`
 */
export async function replicate(options: ReplicateOptions): Promise<void> {
  const { order, identity, onProgress, signal, waits = protocolWaits } = options;
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
  const limits = options.limits ?? (() => order.limits);
  if (order.measureLine === true && isUnlimited(limits())) {
    const { certificatePem, privateKeyPem } = identity;
    const peer = {
      ...{ sessionId: order.sessionId, gateway: order.gateway },
      ...{ certificatePem, privateKeyPem, waits },
    };
    const line = await measureLine(peer, signal);
    if (line !== undefined) options.onLine?.(line);
    if (signal.aborted) throw new MigrationError("sync.stopped", { server: order.sessionId });
  }
  const disks: CopyDisk[] = [];
  try {
    for (const disk of found) {
      const pass = await options.tracker.begin(disk.diskId, disk.volumeId);
      // After the pass has begun: what is written from here on is a change, whatever was free before.
      const free = await options.findFree?.(disk, pass);
      // Space that was set aside and never written is no change to the tracker, and somebody's all the same.
      if (pass.since?.leftOut !== undefined && free !== undefined) {
        pass.since.changed.addAllBut(pass.since.leftOut, free);
      }
      disks.push({ ...disk, pass, free });
    }
  } catch (error) {
    // What those took that had begun is still to be done.
    for (const { pass } of disks) pass.undone();
    throw error;
  }
  const { onAcknowledged = () => undefined } = options;
  await new Copy({ order, disks, identity, onProgress, onAcknowledged, limits, waits }).run(signal);
}

/** Probes would go past a limit, or measure it in place of the line. */
function isUnlimited(limits: Limits): boolean {
  return !limits.paused && rateAt(limits, new Date()) === 0;
}
