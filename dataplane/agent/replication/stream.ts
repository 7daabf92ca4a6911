/**
 * One stream of a copy: a thread with one connection. It reads ranges of disks, hashes, compares with
 * what the gateway has, compresses and sends. When the line breaks it gives its ranges back and dials
 * again, for ever.
 */
import { setTimeout as delay } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { backoffMs } from "#dataplane/backoff.ts";
import { alignedBuffer } from "#dataplane/wire/aligned-buffer.ts";
import { BlockHasher, hashBytes } from "#dataplane/wire/block-hash.ts";
import type { Frame } from "#dataplane/wire/frame-reader.ts";
import {
  decodeAcknowledged,
  decodeHashes,
  decodeJson,
  decodeVolumeDone,
  encodeHello,
  encodeJson,
  encodeOpenRange,
  encodePassEnd,
  encodeRangeEnd,
  frameType,
  protocolVersion,
  type RangeRef,
  rangeKnowledge,
} from "#dataplane/wire/frames.ts";
import {
  blockBytes,
  blocksInRange,
  blocksPerRange,
  rangeLengthBytes,
  rangeOffsetBytes,
  runBytes,
} from "#dataplane/wire/geometry.ts";
import { zeroHashes } from "#dataplane/wire/hash-tree.ts";
import { openRangesPerStream } from "#dataplane/wire/limits.ts";
import { factsOf, MigrationError } from "#domain/errors.ts";
import { Compression } from "./compression.ts";
import { DiskReader } from "./disk-reader.ts";
import { GatewaySaid, Line, LineBroken } from "./line.ts";
import { Pacing } from "./pacing.ts";
import { RangeSender } from "./run-sender.ts";
import { type Run, runsToRead } from "./runs.ts";
import type { FromStream, Job, StreamSettings, ToStream } from "./stream-messages.ts";
import { TimeSpent } from "./time-spent.ts";

/** Runs being read, hashed or on their way into the line. */
const runBuffers = 4;
/** A disk works on several at once; with one at a time, changes that lie apart come at the pace of its seeks. */
const readsAhead = 3;
const tellCoveredEveryMs = 200;

/** A disk's volume, as the welcome of this line names it. One that is done needs no hasher. */
interface StreamVolume {
  readonly number: number;
  readonly hasher: BlockHasher | undefined;
}

interface OpenJob {
  readonly job: Job;
  /** The gateway's hashes, when they have come. */
  known: Buffer | undefined;
  isSent: boolean;
  digest: Buffer | undefined;
}

interface Reading {
  /** There is memory for it, and the disk is asked. */
  readonly begun: Promise<unknown>;
  readonly done: Promise<Buffer>;
}

class Stream {
  readonly #settings: StreamSettings;
  readonly #tell: (message: FromStream) => void;
  readonly #readers = new Map<number, DiskReader>();
  readonly #allBuffers: readonly Buffer[];
  #buffers: Buffer[] = [];
  readonly #reads = new Set<Promise<Buffer>>();
  readonly #pacing: Pacing;
  readonly #compression = new Compression();
  #line: Line | undefined;
  #lineNumber = 0;
  #volumes: StreamVolume[] | undefined;
  /** Disks whose pass end went over this line. */
  readonly #askedToConfirm = new Set<number>();
  #hasWelcome = false;
  #jobs: OpenJob[] = [];
  #isWishing = false;
  #isEnding = false;
  #isMoving = false;
  readonly #time = new TimeSpent();
  #wake: (() => void) | undefined;

  constructor(settings: StreamSettings, tell: (message: FromStream) => void) {
    this.#settings = settings;
    this.#tell = tell;
    this.#pacing = new Pacing(settings.pacing);
    this.#allBuffers = Array.from({ length: runBuffers }, () => alignedBuffer(runBytes));
  }

  /** Returns after `end` or `abort`, or when the whole copy can't go on. */
  async run(): Promise<void> {
    const counting = setInterval(() => this.#tellCounts(), 500);
    for (let attempt = 0; !this.#isEnding; attempt += 1) {
      try {
        await this.#runOnLine(() => {
          attempt = 0;
        });
      } catch (error) {
        if (!(error instanceof LineBroken)) {
          this.#fail(error);
          break;
        }
        if (this.#isEnding) break;
        this.#giveBack(error.message);
        if (this.#isMoving) this.#isMoving = false;
        else await this.#pause(backoffMs(attempt) / 4);
      }
    }
    clearInterval(counting);
    this.#tellCounts();
    this.#line?.finish();
    await this.#line?.closed();
    await Promise.allSettled(this.#reads);
    for (const reader of this.#readers.values()) await reader.close();
  }

  obey(message: ToStream): void {
    switch (message.kind) {
      case "begin":
        // An answer to the welcome of a line that is gone says nothing about this one.
        if (message.line === this.#lineNumber) {
          this.#volumes = message.volumes.map(({ number, hashKey }) => ({
            number,
            hasher: hashKey === undefined ? undefined : new BlockHasher(hashKey),
          }));
        }
        break;
      case "redial":
        if (message.line !== this.#lineNumber) break;
        this.#isMoving = true;
        this.#line?.finish();
        break;
      case "refuse":
        if (message.line === this.#lineNumber) this.#line?.fail(this.#violation(message.problem));
        break;
      case "job":
        if (this.#volumes === undefined) {
          this.#tell({ kind: "returned", job: message.job });
        } else {
          this.#isWishing = false;
          this.#open(message.job);
        }
        break;
      case "passEnd":
        this.#askedToConfirm.add(message.disk);
        this.#trySend(encodePassEnd(this.#volumes?.[message.disk]?.number ?? 0, message.root));
        break;
      case "status":
        this.#trySend(encodeJson(frameType.status, message.status));
        break;
      case "end":
        this.#isEnding = true;
        this.#line?.finish();
    }
    this.#line?.notify();
    this.#wake?.();
  }

  /** Waits before dialling again; `end` cuts it short. */
  async #pause(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#wake = () => {
      if (this.#isEnding) resolve();
    };
    await promise;
    clearTimeout(timer);
  }

  // --- one connection ---

  async #runOnLine(onGreeted: () => void): Promise<void> {
    this.#volumes = undefined;
    const line = await Line.dial(this.#settings, (frame) => this.#onFrame(frame));
    this.#line = line;
    this.#lineNumber += 1;
    this.#askedToConfirm.clear();
    this.#hasWelcome = false;
    await Promise.allSettled(this.#reads);
    this.#buffers = [...this.#allBuffers];
    line.send(
      encodeHello({
        version: protocolVersion,
        stream: this.#settings.stream,
        blockBytes,
        blocksPerRange,
        passId: this.#settings.passId,
        sessionId: this.#settings.sessionId,
      }),
    );
    // The welcome goes to the copy, which answers with `begin`.
    await line.until(() => this.#volumes !== undefined || this.#isEnding);
    onGreeted();
    this.#compression.restart();
    for (;;) {
      this.#wish();
      const job = line.until(() => this.#nextJob() !== undefined || this.#isEnding);
      // With nothing of its own under way it waits for the end of the others' ranges.
      if (this.#jobs.length === 0) await job;
      else await this.#time.waiting(() => line.heldUpBy, job);
      const next = this.#nextJob();
      if (this.#isEnding || next === undefined) return;
      await this.#send(line, next);
    }
  }

  /** Jobs are worked on in the order they came, as soon as the gateway's hashes are there. */
  #nextJob(): OpenJob | undefined {
    const next = this.#jobs.find((job) => !job.isSent);
    return next?.known === undefined ? undefined : next;
  }

  /** One job ahead, so that the gateway's hashes are there when the last job is done. */
  #wish(): void {
    const unsent = this.#jobs.filter((job) => !job.isSent).length;
    if (this.#isWishing || unsent > 1 || this.#jobs.length >= openRangesPerStream) return;
    this.#isWishing = true;
    this.#tell({ kind: "want" });
  }

  #open(job: Job): void {
    this.#jobs.push({ job, known: undefined, isSent: false, digest: undefined });
    this.#trySend(encodeOpenRange(this.#refOf(job)));
  }

  async #send(line: Line, open: OpenJob): Promise<void> {
    const { disk, range } = open.job;
    const { sizeBytes } = this.#disk(disk);
    const reader = await this.#readerOf(disk);
    await reader.checkPresent();
    const ref = this.#refOf(open.job);
    const tools = {
      line,
      hasher: this.#hasherOf(disk),
      compression: this.#compression,
      pacing: this.#pacing,
      time: this.#time,
    };
    const { isComparing } = this.#settings;
    const { free, since } = open.job;
    // A comparison believes nothing: all of the range is read that is anybody's.
    const job = isComparing ? { disk, range, ...(free === undefined ? {} : { free }) } : open.job;
    const { runs, skippedBytes } = runsToRead(sizeBytes, job, open.known);
    const comparing = isComparing ? { written: since?.changed } : undefined;
    const known = open.known ?? Buffer.alloc(0);
    const sender = new RangeSender(tools, ref.volume, range, known, comparing);
    const tellCovered = this.#coverage(open.job, line, sender, skippedBytes);
    this.#wish();

    const read = ({ firstBlock, lengthBytes }: Run) =>
      this.#read(line, reader, rangeOffsetBytes(range) + firstBlock * blockBytes, lengthBytes);
    const ahead = runs.slice(0, readsAhead).map(read);
    for (const [index, run] of runs.entries()) {
      const { begun, done } = ahead.shift() ?? read(run);
      // Memory comes free when what was read before has left.
      await this.#time.waiting(() => line.heldUpBy, begun);
      const { result: buffer } = await this.#time.waiting("disk", done);
      const next = runs[index + readsAhead];
      if (next !== undefined) ahead.push(read(next));
      sender.keepUntil(run.firstBlock);
      await this.#standStill(line);
      const { taken } = await sender.send(buffer.subarray(0, run.lengthBytes), run.firstBlock);
      void taken.then(() => this.#release(line, buffer));
      tellCovered(run.firstBlock * blockBytes + run.lengthBytes);
    }
    const lengthBytes = rangeLengthBytes(sizeBytes, range);
    sender.keepUntil(blocksInRange(sizeBytes, range));
    open.digest = sender.finish();
    line.send(encodeRangeEnd(ref, open.digest));
    open.isSent = true;
    tellCovered(lengthBytes, true);
  }

  /** While the copy is paused, or has used what it may of the CPU. */
  async #standStill(line: Line): Promise<void> {
    for (let ms = this.#pacing.stillHoldsMs(); ms > 0; ms = this.#pacing.stillHoldsMs()) {
      await this.#time.waiting("limit", delay(ms));
      if (!line.isOpen) return;
    }
  }

  /** Tells now and then how far a range is: a message per run would cost more than it is worth. */
  #coverage(
    job: Job,
    line: Line,
    sender: RangeSender,
    skippedBytes: number,
  ): (bytes: number, isLast?: boolean) => void {
    const told = {
      ...{ bytes: 0, readBytes: 0, changedBytes: 0 },
      ...{ sentBytes: line.sentBytes, atMs: performance.now() },
    };
    return (bytes, isLast = false) => {
      if (!isLast && performance.now() - told.atMs < tellCoveredEveryMs) return;
      const { readBytes, changedBytes } = sender;
      const now = { bytes, readBytes, changedBytes, sentBytes: line.sentBytes };
      this.#tell({
        kind: "covered",
        job,
        bytes: now.bytes - told.bytes,
        readBytes: now.readBytes - told.readBytes,
        changedBytes: now.changedBytes - told.changedBytes,
        sentBytes: now.sentBytes - told.sentBytes,
        skippedBytes: isLast ? skippedBytes : 0,
      });
      Object.assign(told, now, { atMs: performance.now() });
    };
  }

  /** Its failure may also be looked at later: a read that was started ahead is awaited one run on. */
  #read(line: Line, reader: DiskReader, offsetBytes: number, lengthBytes: number): Reading {
    const memory = this.#takeBuffer(line);
    const reading = memory.then(async (buffer) => {
      await reader.read(buffer, offsetBytes, lengthBytes);
      return buffer;
    });
    this.#reads.add(reading);
    reading.then(
      () => this.#reads.delete(reading),
      () => this.#reads.delete(reading),
    );
    return { begun: memory, done: reading };
  }

  async #takeBuffer(line: Line): Promise<Buffer> {
    for (;;) {
      await line.until(() => this.#buffers.length > 0);
      // Another read that waited as well may have been faster.
      const buffer = this.#buffers.pop();
      if (buffer !== undefined) return buffer;
    }
  }

  /** All buffers are free again with a new line; one that an old line lets go of late is no news. */
  #release(line: Line, buffer: Buffer): void {
    if (line !== this.#line) return;
    this.#buffers.push(buffer);
    line.notify();
  }

  async #readerOf(disk: number): Promise<DiskReader> {
    const known = this.#readers.get(disk);
    if (known !== undefined) return known;
    const reader = await DiskReader.open(this.#disk(disk));
    this.#readers.set(disk, reader);
    return reader;
  }

  // --- what the gateway says ---

  #onFrame(frame: Frame): void {
    switch (frame.type) {
      case frameType.welcome:
        if (this.#hasWelcome) throw this.#violation("a second welcome");
        this.#hasWelcome = true;
        this.#tell({
          kind: "welcome",
          line: this.#lineNumber,
          welcome: decodeJson(frame.body, "welcome"),
        });
        return;
      case frameType.hashes: {
        const message = decodeHashes(frame.body);
        const open = this.#jobOf(message);
        if (open.known !== undefined)
          throw this.#violation(`the hashes of range ${message.range} came twice`);
        const { sizeBytes } = this.#disk(open.job.disk);
        const blocks = blocksInRange(sizeBytes, open.job.range);
        if (message.knowledge === rangeKnowledge.zero)
          open.known = zeroHashes(this.#hasherOf(open.job.disk), sizeBytes, open.job.range);
        else if (message.knowledge === rangeKnowledge.unknown)
          open.known = Buffer.alloc(blocks * hashBytes);
        else if (message.hashes.length === blocks * hashBytes) open.known = message.hashes;
        else throw this.#violation(`${message.hashes.length} bytes of hashes for ${blocks} blocks`);
        return;
      }
      case frameType.acknowledged: {
        const { writtenBytes, ...ref } = decodeAcknowledged(frame.body);
        const open = this.#jobOf(ref);
        if (open.digest === undefined)
          throw this.#violation(`range ${ref.range} acknowledged before its end`);
        this.#jobs = this.#jobs.filter((job) => job !== open);
        this.#tell({ kind: "acknowledged", job: open.job, digest: open.digest, writtenBytes });
        this.#wish();
        return;
      }
      case frameType.volumeDone: {
        const volume = decodeVolumeDone(frame.body);
        const disk = this.#volumes?.findIndex(({ number }) => number === volume) ?? -1;
        if (!this.#askedToConfirm.has(disk))
          throw this.#violation(`volume ${volume} done, whose end it was not told`);
        this.#tell({ kind: "volumeDone", disk });
        return;
      }
      default:
        throw this.#violation(`a frame of type ${frame.type} that nobody asked for`);
    }
  }

  #jobOf(ref: RangeRef): OpenJob {
    const found = this.#jobs.find(
      ({ job }) => job.range === ref.range && this.#refOf(job).volume === ref.volume,
    );
    if (found === undefined)
      throw this.#violation(`it speaks of range ${ref.range}, which is not open`);
    return found;
  }

  #violation(problem: string): MigrationError {
    return new MigrationError("wire.protocol", {
      peer: `Gateway ${this.#settings.gateway.id}`,
      problem,
    });
  }

  // --- ends ---

  #giveBack(problem: string): void {
    const returned = this.#jobs.map(({ job }) => job);
    this.#jobs = [];
    this.#volumes = undefined;
    this.#isWishing = false;
    this.#tell({ kind: "broken", returned, problem });
  }

  /** Tells the gateway too, unless it is the one who said so. */
  #fail(error: unknown): void {
    this.#isEnding = true;
    if (error instanceof GatewaySaid) {
      this.#tell({ kind: "failed", facts: error.error.facts });
      return;
    }
    const facts = factsOf(error);
    this.#line?.finish(encodeJson(frameType.error, facts));
    this.#tell({ kind: "failed", facts });
  }

  /** On a line that is gone there is nothing to say: the copy hears of it and asks again later. */
  #trySend(frame: Buffer): void {
    if (this.#volumes !== undefined && this.#line?.isOpen === true) this.#line.send(frame);
  }

  #disk(index: number) {
    const disk = this.#settings.disks[index];
    if (disk === undefined) throw new Error(`there is no disk ${index} in this copy`);
    return disk;
  }

  #refOf(job: Job): RangeRef {
    return { volume: this.#volumeOf(job.disk).number, range: job.range };
  }

  #volumeOf(disk: number): StreamVolume {
    const volume = this.#volumes?.[disk];
    if (volume === undefined) throw new Error(`the welcome named no volume for disk ${disk}`);
    return volume;
  }

  #hasherOf(disk: number): BlockHasher {
    const { hasher } = this.#volumeOf(disk);
    if (hasher === undefined) throw new Error(`the welcome named no hash key for disk ${disk}`);
    return hasher;
  }

  #tellCounts(): void {
    this.#tell({ kind: "counts", counts: this.#time.take() });
  }
}

if (parentPort !== null) {
  const port = parentPort;
  const stream = new Stream(workerData as StreamSettings, (message) => port.postMessage(message));
  port.on("message", (message: ToStream) => stream.obey(message));
  stream.run().then(
    () => port.close(),
    (error: unknown) => {
      port.postMessage({
        kind: "failed",
        facts: factsOf(error),
      } satisfies FromStream);
      port.close();
    },
  );
}
