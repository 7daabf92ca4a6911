import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { passIdBytes } from "#dataplane/wire/frames.ts";
import { rangeCount, rangeLengthBytes } from "#dataplane/wire/geometry.ts";
import { digestBytes, HashTree } from "#dataplane/wire/hash-tree.ts";
import type { Identity } from "#dataplane/wire/identity.ts";
import type { Waits } from "#dataplane/wire/limits.ts";
import { welcome } from "#dataplane/wire/messages.ts";
import type { Limits } from "#domain/copy-limits.ts";
import { type ErrorFacts, errorFromFacts, MigrationError } from "#domain/errors.ts";
import type { SyncOrder } from "#domain/protocol/agent.ts";
import type { Progress } from "#domain/protocol/facts.ts";
import type { BlockSet } from "../tracking/block-set.ts";
import type { TrackedPass } from "../tracking/tracker.ts";
import { Governor } from "./governor.ts";
import { Pacing } from "./pacing.ts";
import { Speedometer } from "./speedometer.ts";
import type { FromStream, Job, StreamSettings, ToStream } from "./stream-messages.ts";

/**
 * Connections of one copy, each a thread: as many as there are CPUs to encrypt on, within bounds. Two fill a
 * long line; more than four cost memory and win nothing that was measured.
 */
const streams = Math.min(4, Math.max(2, availableParallelism()));
/** After so many tries the place is taken as it is. */
const mostRedials = 6;
const tellEveryMs = 1000;
/** Blocks live outside the heap; without these bounds each thread's heap grows before it collects. */
const resourceLimits = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 128 };
/** For threads to close their connections before they are ended. */
const graceMs = 3000;

export interface CopyDisk {
  diskId: string;
  volumeId: string;
  sizeBytes: number;
  path: string;
  pass: TrackedPass;
  /** What need not be read; undefined: nothing of it. */
  free: BlockSet | undefined;
}

interface DiskState {
  readonly disk: CopyDisk;
  readonly tree: HashTree;
  /** Digest of each range, for the pass after this. */
  readonly digests: Buffer;
  readonly ranges: number;
  /** The first range that was never handed out. */
  nextRange: number;
  /** Handed out before, and given back by a stream whose line broke. */
  returned: number[];
  acknowledged: number;
  acknowledgedBytes: number;
  writtenBytes: number;
  changedBytes: number;
  readBytes: number;
  sentBytes: number;
  skippedBytes: number;
  root: string | undefined;
  isDone: boolean;
}

interface StreamState {
  readonly worker: Worker;
  /** Greeted by the gateway; jobs and messages reach it. */
  isOpen: boolean;
  lane: number;
  redials: number;
  wishes: number;
}

/** One pass over all disks of an order. */
export class Copy {
  readonly #order: SyncOrder;
  readonly #identity: Identity;
  readonly #waits: Waits;
  readonly #onProgress: (progress: Progress) => void;
  readonly #onAcknowledged: (diskId: string, range: number) => void;
  readonly #disks: DiskState[];
  readonly #streams: StreamState[] = [];
  /** Covered so far of the ranges that are under way, by disk and range. */
  readonly #underWay = new Map<string, { disk: number; bytes: number }>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #speed = new Speedometer();
  readonly #pacing = Pacing.memory();
  readonly #governor: Governor;
  #turn = 0;

  constructor(options: {
    order: SyncOrder;
    disks: CopyDisk[];
    identity: Identity;
    onProgress: (progress: Progress) => void;
    onAcknowledged: (diskId: string, range: number) => void;
    limits: () => Limits;
    waits: Waits;
  }) {
    this.#order = options.order;
    this.#identity = options.identity;
    this.#waits = options.waits;
    this.#onProgress = options.onProgress;
    this.#onAcknowledged = options.onAcknowledged;
    this.#governor = new Governor(options.limits, new Pacing(this.#pacing));
    this.#disks = options.disks.map((disk) => ({
      disk,
      tree: new HashTree(disk.sizeBytes),
      digests: Buffer.alloc(rangeCount(disk.sizeBytes) * digestBytes),
      ranges: rangeCount(disk.sizeBytes),
      nextRange: 0,
      returned: [],
      acknowledged: 0,
      acknowledgedBytes: 0,
      writtenBytes: 0,
      changedBytes: 0,
      readBytes: 0,
      sentBytes: 0,
      skippedBytes: 0,
      root: undefined,
      isDone: false,
    }));
  }

  /** Returns when every volume is confirmed; afterwards no thread is left. */
  async run(signal: AbortSignal): Promise<void> {
    const stop = () =>
      this.#fail(new MigrationError("sync.stopped", { server: this.#order.sessionId }).facts);
    signal.addEventListener("abort", stop);
    if (signal.aborted) stop();
    const telling = setInterval(() => this.#tellProgress(), tellEveryMs);
    try {
      this.#governor.start();
      this.#startStreams();
      await this.#ended.promise;
      // Where the gateway had confirmed it before, nothing was read and no digest is known.
      for (const { disk, digests, root } of this.#disks) {
        const { pass, free } = disk;
        // Nothing was brought up to date by a comparison: what was written before it is still to be sent.
        if (root === undefined || this.#isComparing) pass.undone();
        else pass.done(digests, free ?? pass.since?.leftOut);
      }
    } catch (error) {
      for (const { disk } of this.#disks) disk.pass.undone();
      throw error;
    } finally {
      clearInterval(telling);
      this.#governor.stop();
      signal.removeEventListener("abort", stop);
      await this.#endStreams();
      this.#onProgress(this.#progress());
    }
  }

  get #isComparing(): boolean {
    return this.#order.mode === "compare";
  }

  #startStreams(): void {
    const { sessionId, gateway } = this.#order;
    const { certificatePem, privateKeyPem } = this.#identity;
    const settings: Omit<StreamSettings, "stream"> = {
      sessionId,
      passId: randomBytes(passIdBytes).toString("hex"),
      gateway,
      certificatePem,
      privateKeyPem,
      disks: this.#disks.map(({ disk: { diskId, path, sizeBytes } }) => ({
        diskId,
        path,
        sizeBytes,
      })),
      pacing: this.#pacing,
      isComparing: this.#isComparing,
      waits: this.#waits,
    };
    const ranges = this.#disks.reduce((sum, state) => sum + state.ranges, 0);
    for (let stream = 0; stream < Math.min(streams, ranges); stream += 1) {
      const workerData: StreamSettings = { ...settings, stream };
      const worker = new Worker(new URL("./stream.ts", import.meta.url), {
        workerData,
        resourceLimits,
      });
      this.#streams.push({ worker, isOpen: false, lane: 0, redials: 0, wishes: 0 });
      worker.on("message", (message: FromStream) => this.#onStream(stream, message));
      worker.on("error", (error) =>
        this.#fail(new MigrationError("internal.unexpected", { problem: String(error) }).facts),
      );
    }
  }

  async #endStreams(): Promise<void> {
    await Promise.all(
      this.#streams.map(async ({ worker }) => {
        if (worker.threadId === -1) return;
        const exited = once(worker, "exit");
        worker.postMessage({ kind: "end" } satisfies ToStream);
        // A thread that hangs in a read of a dead disk does not hang the agent.
        const patience = new AbortController();
        await Promise.race([
          exited,
          delay(graceMs, undefined, { signal: patience.signal }).catch(() => exited),
        ]);
        patience.abort();
        await worker.terminate();
      }),
    );
  }

  // --- what streams tell ---

  #onStream(stream: number, message: FromStream): void {
    const state = this.#streams[stream];
    if (state === undefined) return;
    switch (message.kind) {
      case "welcome":
        this.#onWelcome(stream, message.line, message.welcome);
        return;
      case "want":
        state.wishes += 1;
        this.#handOut();
        return;
      case "covered": {
        const underWay = this.#underWay.get(keyOf(message.job));
        if (underWay !== undefined) underWay.bytes += message.bytes;
        this.#count(message);
        return;
      }
      case "acknowledged":
        this.#takeAcknowledged(message);
        return;
      case "volumeDone":
        this.#disk(message.disk).isDone = true;
        this.#checkEnd();
        return;
      case "broken":
        state.isOpen = false;
        state.wishes = 0;
        for (const job of message.returned) this.#takeBack(job);
        this.#handOut();
        this.#askForConfirmation();
        return;
      case "returned":
        this.#takeBack(message.job);
        this.#handOut();
        return;
      case "counts":
        this.#speed.add(message.counts);
        return;
      case "failed":
        this.#fail(message.facts);
        return;
    }
  }

  #count(covered: FromStream & { kind: "covered" }): void {
    const { job, readBytes, changedBytes, sentBytes, skippedBytes } = covered;
    const state = this.#disk(job.disk);
    state.skippedBytes += skippedBytes;
    state.readBytes += readBytes;
    state.changedBytes += changedBytes;
    state.sentBytes += sentBytes;
  }

  #onWelcome(stream: number, line: number, message: unknown): void {
    const state = this.#streams[stream];
    if (state === undefined) return;
    const refuse = (problem: string) =>
      state.worker.postMessage({ kind: "refuse", line, problem } satisfies ToStream);
    const parsed = welcome.safeParse(message);
    if (!parsed.success) {
      refuse("its welcome has another shape");
      return;
    }
    const volumes: { number: number; hashKey: string | undefined }[] = [];
    for (const { disk } of this.#disks) {
      const { volumeId, sizeBytes } = disk;
      const number = parsed.data.volumes.findIndex((volume) => volume.volumeId === volumeId);
      const volume = parsed.data.volumes[number];
      if (volume?.sizeBytes !== sizeBytes) {
        refuse(`its session has no volume ${volumeId} for a disk of ${sizeBytes} bytes`);
        return;
      }
      if (!volume.done && volume.hashKey === undefined) {
        refuse(`its welcome has no hash key for volume ${volumeId}`);
        return;
      }
      volumes.push({ number, hashKey: volume.hashKey });
    }
    for (const [index, { number }] of volumes.entries()) {
      if (parsed.data.volumes[number]?.done === true) this.#disk(index).isDone = true;
    }
    state.lane = parsed.data.lane;
    if (this.#isCrowded(state.lane, parsed.data.lanes) && state.redials < mostRedials) {
      state.redials += 1;
      state.worker.postMessage({ kind: "redial", line } satisfies ToStream);
      return;
    }
    state.isOpen = true;
    state.worker.postMessage({ kind: "begin", line, volumes } satisfies ToStream);
    this.#checkEnd();
    this.#askForConfirmation();
  }

  /** The kernel spreads connections over the gateway's threads by chance; one thread may get them all. */
  #isCrowded(lane: number, lanes: number): boolean {
    const open = this.#streams.filter((stream) => stream.isOpen);
    const here = open.filter((stream) => stream.lane === lane).length;
    return here > Math.floor(open.length / lanes);
  }

  #takeAcknowledged({ job, digest, writtenBytes }: FromStream & { kind: "acknowledged" }): void {
    const state = this.#disk(job.disk);
    this.#underWay.delete(keyOf(job));
    state.tree.add(job.range, Buffer.from(digest));
    state.digests.set(digest, job.range * digestBytes);
    state.acknowledged += 1;
    state.acknowledgedBytes += rangeLengthBytes(state.disk.sizeBytes, job.range);
    state.writtenBytes += writtenBytes;
    this.#onAcknowledged(state.disk.diskId, job.range);
    if (state.acknowledged < state.ranges) return;
    state.root = state.tree.root();
    this.#askForConfirmation();
  }

  /** For every disk that is sent and not yet confirmed. May be repeated: the gateway answers again. */
  #askForConfirmation(): void {
    const open = this.#streams.find((stream) => stream.isOpen);
    if (open === undefined) return;
    this.#disks.forEach(({ root, isDone }, disk) => {
      if (root === undefined || isDone) return;
      open.worker.postMessage({ kind: "status", status: this.#status() } satisfies ToStream);
      open.worker.postMessage({ kind: "passEnd", disk, root } satisfies ToStream);
    });
  }

  // --- jobs ---

  #handOut(): void {
    for (const stream of this.#streams) {
      while (stream.isOpen && stream.wishes > 0) {
        const job = this.#nextJob();
        if (job === undefined) return;
        stream.wishes -= 1;
        this.#underWay.set(keyOf(job), { disk: job.disk, bytes: 0 });
        stream.worker.postMessage({ kind: "job", job } satisfies ToStream);
      }
    }
  }

  /** Disks take turns, so that none waits for the others; in a disk, ranges go in order. */
  #nextJob(): Job | undefined {
    for (let tries = 0; tries < this.#disks.length; tries += 1) {
      const disk = this.#turn;
      this.#turn = (this.#turn + 1) % this.#disks.length;
      const state = this.#disk(disk);
      if (state.isDone) continue;
      let range = state.returned.shift();
      if (range === undefined && state.nextRange < state.ranges) {
        range = state.nextRange;
        state.nextRange += 1;
      }
      if (range !== undefined) return jobOf(disk, range, state.disk);
    }
    return undefined;
  }

  #takeBack(job: Job): void {
    this.#underWay.delete(keyOf(job));
    this.#disk(job.disk).returned.push(job.range);
  }

  // --- ends ---

  #checkEnd(): void {
    if (this.#disks.every((state) => state.isDone)) this.#ended.resolve();
  }

  /** Where the fault is the source's, the stream that found it has told the gateway. */
  #fail(facts: ErrorFacts): void {
    this.#ended.reject(errorFromFacts(facts));
  }

  // --- progress ---

  #tellProgress(): void {
    const open = this.#streams.find((stream) => stream.isOpen);
    this.#speed.look(this.#doneBytes(), open !== undefined && !this.#governor.isPaused);
    this.#onProgress(this.#progress());
    open?.worker.postMessage({ kind: "status", status: this.#status() } satisfies ToStream);
  }

  #doneBytes(): number {
    return this.#disks.reduce((sum, _, index) => sum + this.#doneBytesOf(index), 0);
  }

  #doneBytesOf(index: number): number {
    const state = this.#disk(index);
    if (state.isDone) return state.disk.sizeBytes;
    let done = state.acknowledgedBytes;
    for (const { disk, bytes } of this.#underWay.values()) if (disk === index) done += bytes;
    return done;
  }

  #progress(): Progress {
    const totalBytes = this.#disks.reduce((sum, { disk }) => sum + disk.sizeBytes, 0);
    const { rateBytesPerSecond, bottleneck } = this.#speed;
    const leftBytes = totalBytes - this.#doneBytes();
    return {
      volumes: this.#disks.map((state, index) => ({
        diskId: state.disk.diskId,
        volumeId: state.disk.volumeId,
        totalBytes: state.disk.sizeBytes,
        doneBytes: this.#doneBytesOf(index),
        readBytes: state.readBytes,
        sentBytes: state.sentBytes,
        writtenBytes: state.writtenBytes,
        changedBytes: state.changedBytes,
        skippedBytes: state.skippedBytes,
      })),
      rateBytesPerSecond,
      ...(rateBytesPerSecond > 0 ? { etaSeconds: leftBytes / rateBytesPerSecond } : {}),
      bottleneck,
      waitingForAgent: false,
    };
  }

  #status() {
    const { volumes, rateBytesPerSecond, etaSeconds, bottleneck } = this.#progress();
    return {
      volumes,
      rateBytesPerSecond,
      bottleneck,
      ...(etaSeconds === undefined ? {} : { etaSeconds }),
    };
  }

  #disk(index: number): DiskState {
    const state = this.#disks[index];
    if (state === undefined) throw new Error(`there is no disk ${index} in this copy`);
    return state;
  }
}

function jobOf(disk: number, range: number, { pass: { since }, free }: CopyDisk): Job {
  const job = { disk, range, ...(free === undefined ? {} : { free: free.ofRange(range) }) };
  if (since === undefined) return job;
  const digest = since.digests.subarray(range * digestBytes, (range + 1) * digestBytes);
  // Copies: what is sent to a thread takes its whole memory along.
  return {
    ...job,
    since: { digest: Uint8Array.from(digest), changed: since.changed.ofRange(range) },
  };
}

function keyOf(job: Job): string {
  return `${job.disk}:${job.range}`;
}
