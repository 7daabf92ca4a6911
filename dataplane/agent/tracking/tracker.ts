/**
 * Which blocks were written since the last finished pass, so that a delta sync reads no others.
 *
 *   kernel trace ─▶ TraceLines ─▶ BlockSet of the disk ─┬─▶ a pass takes it …
 *                                                       └─▶ … and a new one collects what comes meanwhile
 *
 * A write counts when it is finished: one that finished before the sets changed is seen by every read
 * after that, one that finished later is in the new set. Whenever it is not certain that every write was
 * seen, the next pass compares hashes of all blocks: never a full copy, never silence.
 */
import { BlockSet } from "./block-set.ts";
import { type TracedDevice, tracedDevice } from "./device.ts";
import { TraceLines } from "./trace-lines.ts";
import { type BlockTrace, openBlockTrace } from "./tracefs.ts";

/** Small enough to keep ahead of a buffer of some MiB at hundreds of thousands of writes a second. */
const drainEveryMs = 100;
export const usualBufferKiB = 4096;

export interface TrackedDisk {
  readonly diskId: string;
  readonly path: string;
  readonly sizeBytes: number;
}

/** What a pass may rely on. */
export interface Since {
  /** Blocks that may differ from the pass before. */
  readonly changed: BlockSet;
  /** Digest of each range as the pass before left it, 32 bytes each. */
  readonly digests: Buffer;
  /** Blocks that it did not read because nobody needed them; the volume may have something else there. */
  readonly leftOut: BlockSet | undefined;
}

export interface TrackedPass {
  /** Undefined: every block must be compared. */
  readonly since: Since | undefined;
  /** Why so, for people; undefined when it is tracked, or the first pass. */
  readonly because: string | undefined;
  /** The gateway has confirmed the volume, with these digests of its ranges, and without these blocks. */
  done(digests: Buffer, leftOut: BlockSet | undefined): void;
  /** It did not come to its end: what it took is still to be done. */
  undone(): void;
}

export interface Tracker {
  /** Disks whose writes are not seen, each with the reason. */
  readonly untracked: ReadonlyMap<string, string>;
  /** For a pass that begins now: it must read after this returns. */
  begin(diskId: string, volumeId: string): Promise<TrackedPass>;
  close(): Promise<void>;
}

interface Base extends Omit<Since, "changed"> {
  readonly volumeId: string;
}

class DiskState {
  readonly disk: TrackedDisk;
  readonly device: TracedDevice;
  collecting: BlockSet;
  /** What the last finished pass left. */
  #base: Base | undefined;
  /** Why it is not certain that every write since the last pass began was seen. */
  #loss: string | undefined;

  constructor(disk: TrackedDisk, device: TracedDevice) {
    this.disk = disk;
    this.device = device;
    this.collecting = new BlockSet(disk.sizeBytes);
  }

  lose(because: string): void {
    this.#loss ??= because;
  }

  begin(volumeId: string): TrackedPass {
    const changed = this.collecting;
    this.collecting = new BlockSet(this.disk.sizeBytes);
    const because = this.#base === undefined ? undefined : this.#loss;
    if (this.#loss !== undefined) this.#base = undefined;
    this.#loss = undefined;
    const base = this.#base?.volumeId === volumeId ? this.#base : undefined;
    return {
      since: base === undefined ? undefined : { ...base, changed },
      because,
      done: (digests, leftOut) => {
        this.#base = { volumeId, digests, leftOut };
      },
      undone: () => this.collecting.addAll(changed),
    };
  }
}

/** May be called once in a process. Disks that can't be tracked are no error. */
export async function startTracker(
  disks: readonly TrackedDisk[],
  bufferKiB: number = usualBufferKiB,
): Promise<Tracker> {
  const untracked = new Map<string, string>();
  const states = new Map<string, DiskState>();
  for (const disk of disks) {
    try {
      states.set(disk.diskId, new DiskState(disk, await tracedDevice(disk.path)));
    } catch (error) {
      untracked.set(disk.diskId, messageOf(error));
    }
  }
  let trace: BlockTrace | undefined;
  if (states.size > 0) {
    try {
      trace = await openBlockTrace(
        [...states.values()].map(({ device }) => device),
        bufferKiB,
      );
    } catch (error) {
      for (const diskId of states.keys()) untracked.set(diskId, messageOf(error));
      states.clear();
    }
  }
  return new KernelTracker(untracked, states, trace);
}

class KernelTracker implements Tracker {
  readonly untracked: ReadonlyMap<string, string>;
  readonly #states: ReadonlyMap<string, DiskState>;
  readonly #trace: BlockTrace | undefined;
  readonly #lines: TraceLines;
  readonly #timer: NodeJS.Timeout;
  #lost = 0;

  constructor(
    untracked: ReadonlyMap<string, string>,
    states: ReadonlyMap<string, DiskState>,
    trace: BlockTrace | undefined,
  ) {
    this.untracked = untracked;
    this.#states = states;
    this.#trace = trace;
    this.#lines = new TraceLines(
      (major, minor, fromByte, lengthBytes) => {
        for (const { device, collecting } of states.values()) {
          if (device.major !== major || device.minor !== minor) continue;
          collecting.addBytes(fromByte - device.startByte, lengthBytes);
        }
      },
      (why) => this.#loseAll(`writes were not seen: ${why}`),
    );
    this.#timer = setInterval(() => this.#drain(), drainEveryMs);
    this.#timer.unref();
  }

  async begin(diskId: string, volumeId: string): Promise<TrackedPass> {
    const state = this.#states.get(diskId);
    if (state === undefined) return untrackedPass(this.untracked.get(diskId));
    await this.#checkPresence(state);
    this.#drain();
    const lost = this.#trace?.lostEvents() ?? 0;
    if (lost !== this.#lost) this.#loseAll(`the kernel threw ${lost - this.#lost} events away`);
    this.#lost = lost;
    return state.begin(volumeId);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#trace?.close();
  }

  #drain(): void {
    try {
      this.#trace?.drain((chunk) => this.#lines.push(chunk));
    } catch (error) {
      this.#loseAll(messageOf(error));
    }
  }

  #loseAll(because: string): void {
    for (const state of this.#states.values()) state.lose(because);
  }

  async #checkPresence(state: DiskState): Promise<void> {
    try {
      const now = await tracedDevice(state.disk.path);
      if (now.incarnation === state.device.incarnation) return;
      state.lose("it was unplugged meanwhile");
    } catch (error) {
      state.lose(messageOf(error));
    }
  }
}

function untrackedPass(because: string | undefined): TrackedPass {
  return { since: undefined, because, done: () => undefined, undone: () => undefined };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
