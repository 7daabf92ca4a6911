/**
 * Volumes read again from order to callback, one after the other. A volume that was through stays so when the
 * gateway is killed; another is begun anew. What is found unlike the block map is kept before the map forgets
 * it, so that a kill in between makes no difference vanish.
 */
import { z } from "zod";
import { factsOf, MigrationError } from "#domain/errors.ts";
import type { Progress } from "#domain/protocol/facts.ts";
import {
  type VerificationOrder,
  type VerificationState,
  type VerifiedVolume,
  verificationOrder,
  verificationState,
  verifiedVolume,
} from "#domain/protocol/gateway.ts";
import { type DeviceFinder, findDevice, serialOf } from "./devices.ts";
import { createJobs, type JobControl, type JobDeps, type Jobs, type Outcome } from "./jobs.ts";
import type { Receiver } from "./receiver.ts";

const keptOfVerification = z.object({ startedAt: z.string(), volumes: z.array(verifiedVolume) });
type Kept = z.output<typeof keptOfVerification>;

export const verificationRecord = z.object({
  order: verificationOrder,
  kept: keptOfVerification.optional(),
  outcome: verificationState.optional(),
  delivered: z.boolean().default(false),
});

export interface VerificationDeps extends JobDeps<VerificationOrder, VerificationState, Kept> {
  readonly receiver: Pick<Receiver, "reserve" | "verify" | "distrust">;
  readonly finder: DeviceFinder;
  readonly now: () => Date;
}

export type Verifications = Jobs<VerificationOrder, VerificationState>;

/** Extents listed of all volumes together: a record has to hold them. */
const mostExtents = 1000;
const leastExtentsOfVolume = 10;

export function createVerifications(deps: VerificationDeps): Verifications {
  const atFirst: VerificationState & { state: "running" } = {
    state: "running",
    progress: { volumes: [], rateBytesPerSecond: 0, bottleneck: "unknown", waitingForAgent: false },
  };
  return createJobs<VerificationOrder, VerificationState, Kept>(
    {
      name: "verification",
      atFirst,
      afterRestart: atFirst,
      admit: (id, { volumes }) =>
        deps.receiver.reserve(
          id,
          volumes.map(({ volumeId }) => volumeId),
        ),
      carryOut: (order, control) => carryOut(deps, order, control),
      stopped: () => ({ state: "stopped" }),
      failed: (error) => ({ state: "failed", error: factsOf(error) }),
      heartbeat: ({ progress }) => ({ kind: "heartbeat", progress }),
      report(outcome, { serverId }) {
        if (outcome.state === "done") return { kind: "verify-done", result: outcome.result };
        if (outcome.state === "failed") return { kind: "failed", error: outcome.error };
        return {
          kind: "failed",
          error: new MigrationError("sync.stopped", { server: serverId }).facts,
        };
      },
      // The console tries a step again after an error that may pass.
      mayBeginAnew: ({ state }) => state !== "done",
    },
    deps,
  );
}

async function carryOut(
  deps: VerificationDeps,
  order: VerificationOrder,
  control: JobControl<VerificationState, Kept>,
): Promise<Outcome<VerificationState> | undefined> {
  const { id, signal, keep } = control;
  let kept: Kept = control.kept ?? { startedAt: deps.now().toISOString(), volumes: [] };
  const watch = new Watch(order, control);
  const limit = Math.max(leastExtentsOfVolume, Math.floor(mostExtents / order.volumes.length));
  try {
    for (const volume of order.volumes) {
      let found = kept.volumes.find(({ volumeId }) => volumeId === volume.volumeId);
      if (found === undefined) {
        const path = await findDevice(deps.finder, volume.volumeId, volume.device);
        const onBytes = (lengthBytes: number) => watch.read(volume.volumeId, lengthBytes);
        const task = { ...volume, path, ...serialOf(volume.device), limit };
        found = await deps.receiver.verify(task, onBytes, signal);
        kept = { ...kept, volumes: [...kept.volumes, found] };
        await keep(kept);
      }
      watch.done(found);
      tellDifferences(deps, id, found);
      // Repeated after a kill: reading a range once more does no harm.
      await deps.receiver.distrust(found);
    }
  } catch (error) {
    return signal.aborted ? undefined : { state: "failed", error: factsOf(error) };
  }
  const seconds = (deps.now().getTime() - Date.parse(kept.startedAt)) / 1000;
  return { state: "done", result: { volumes: kept.volumes, seconds } };
}

function tellDifferences({ log }: VerificationDeps, id: string, volume: VerifiedVolume): void {
  const { blocks, extents } = volume.differences;
  if (blocks === 0) return;
  log.warn(
    { verification: id, volumeId: volume.volumeId, blocks, firstBytes: extents[0]?.offsetBytes },
    "a volume does not hold what was acknowledged: the next sync heals it",
  );
}

/** How far the reading is. */
class Watch {
  readonly #order: VerificationOrder;
  readonly #control: JobControl<VerificationState, Kept>;
  readonly #doneBytes = new Map<string, number>();
  readonly #beganMs = performance.now();
  /** Read by this process: what an earlier one read says nothing about the pace. */
  #readBytes = 0;

  constructor(order: VerificationOrder, control: JobControl<VerificationState, Kept>) {
    this.#order = order;
    this.#control = control;
    this.#tell();
  }

  read(volumeId: string, lengthBytes: number): void {
    this.#readBytes += lengthBytes;
    this.#doneBytes.set(volumeId, (this.#doneBytes.get(volumeId) ?? 0) + lengthBytes);
    this.#tell();
  }

  done({ volumeId, sizeBytes }: VerifiedVolume): void {
    this.#doneBytes.set(volumeId, sizeBytes);
    this.#tell();
  }

  #tell(): void {
    this.#control.onState({ state: "running", progress: this.#progress() });
  }

  #progress(): Progress {
    const volumes = this.#order.volumes.map(({ diskId, volumeId, sizeBytes }) => {
      const doneBytes = this.#doneBytes.get(volumeId) ?? 0;
      const read = { doneBytes, readBytes: doneBytes };
      const none = { sentBytes: 0, writtenBytes: 0, changedBytes: 0, skippedBytes: 0 };
      return { diskId, volumeId, totalBytes: sizeBytes, ...read, ...none };
    });
    const seconds = (performance.now() - this.#beganMs) / 1000;
    const rateBytesPerSecond = this.#readBytes === 0 ? 0 : this.#readBytes / seconds;
    const leftBytes = volumes.reduce(
      (sum, { totalBytes, doneBytes }) => sum + totalBytes - doneBytes,
      0,
    );
    return {
      volumes,
      rateBytesPerSecond,
      ...(rateBytesPerSecond === 0 ? {} : { etaSeconds: leftBytes / rateBytesPerSecond }),
      bottleneck: "volume",
      waitingForAgent: false,
    };
  }
}
