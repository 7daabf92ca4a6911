import type { TLSSocket } from "node:tls";
import { zstdDecompressSync } from "node:zlib";
import { type Frame, FrameReader } from "#dataplane/wire/frame-reader.ts";
import {
  agentFrameLimits,
  busyWith,
  type DataFrame,
  decodeData,
  decodeDiffers,
  decodeHello,
  decodeJson,
  decodeOpenRange,
  decodePassEnd,
  decodeRangeEnd,
  decodeSpan,
  encodeAcknowledged,
  encodeCredit,
  encodeHashes,
  encodeJson,
  encodeKeepAlive,
  encodeProbed,
  encodeVolumeDone,
  encoding,
  frameType,
  type RangeRef,
  WireViolation,
} from "#dataplane/wire/frames.ts";
import { blockBytes, rangeCount } from "#dataplane/wire/geometry.ts";
import { openRangesPerStream } from "#dataplane/wire/limits.ts";
import { status } from "#dataplane/wire/messages.ts";
import { type ErrorFacts, MigrationError } from "#domain/errors.ts";
import { errorFacts } from "#domain/protocol/facts.ts";
import type { FromLane, LaneVolume } from "./lane-messages.ts";
import { takeBytes } from "./one-buffer.ts";
import type { OpenRange } from "./open-range.ts";
import { Probes } from "./probes.ts";
import type { RunBuffers } from "./run-buffers.ts";
import { volumeError } from "./volume-file.ts";
import { VolumeWriter } from "./volume-writer.ts";

const helloOnly: ReadonlyMap<number, number> = new Map([[frameType.hello, 512]]);
/** Frames read ahead of the work before the socket is paused. */
const mostQueuedFrames = 64;
/** An agent that does not read its answers is cut off here. */
const mostUnreadBytes = 1024 * 1024;
/** An agent tells its status once a second. */
const statusEveryMs = 200;

interface Claimed {
  writer: VolumeWriter | undefined;
  /** Undefined until the hashes were sent. */
  open: OpenRange | undefined;
  granted: PromiseWithResolvers<void>;
  /** Being looked up or made durable: the agent has nothing to do for it. */
  isAtVolume: boolean;
}

/** One agent's stream. Frames are handled in order; writes and syncs of several ranges overlap. */
export class Connection {
  readonly id: number;
  readonly #socket: TLSSocket;
  readonly #fingerprint: string;
  readonly #address: string;
  readonly #gatewayId: string;
  readonly #buffers: RunBuffers;
  readonly #tell: (message: FromLane) => void;
  #reader: FrameReader;
  readonly #queue: Frame[] = [];
  #isWorking = false;
  #state: "new" | "asking" | "open" | "closing" = "new";
  #volumes: LaneVolume[] = [];
  #passId = "";
  readonly #writers = new Map<number, Promise<VolumeWriter>>();
  readonly #ranges = new Map<string, Claimed>();
  readonly #ended = new WeakSet<OpenRange>();
  /** Volumes whose pass end the receiver has not answered. */
  readonly #confirming = new Set<number>();
  #untoldStatus: Buffer | undefined;
  #statusToldMs = Number.NEGATIVE_INFINITY;
  readonly #tasks = new Set<Promise<void>>();
  /** Granted and not yet used by the agent. */
  #creditBytes = 0;
  #bytesInWork = 0;
  #isZeroing = false;
  #busy: number = busyWith.waiting;
  /** Looks since the last verdict, and how many of them found the volume at work and nothing else. */
  #looks = 0;
  #atVolume = 0;
  readonly #probes = new Probes();
  lastHeardMs = performance.now();
  #lastSaidMs = performance.now();

  constructor(options: {
    id: number;
    socket: TLSSocket;
    fingerprint: string;
    gatewayId: string;
    buffers: RunBuffers;
    tell: (message: FromLane) => void;
  }) {
    this.id = options.id;
    this.#socket = options.socket;
    this.#fingerprint = options.fingerprint;
    this.#address = `${options.socket.remoteAddress}:${options.socket.remotePort}`;
    this.#gatewayId = options.gatewayId;
    this.#buffers = options.buffers;
    this.#tell = options.tell;
    this.#buffers.connections += 1;
    this.#reader = new FrameReader(helloOnly);
    takeBytes(this.#socket, (bytes) => this.#onData(bytes));
    this.#socket.on("end", () => this.#onEnd());
    // The close event follows and says what there is to say; the line is made again by the agent.
    this.#socket.on("error", (error) =>
      this.#log("info", { problem: error.message }, "the line broke"),
    );
    this.#socket.on("close", () => void this.#settle());
  }

  get isGreeted(): boolean {
    return this.#state === "open";
  }

  // --- what the receiver decided ---

  welcome(volumes: LaneVolume[], welcome: unknown): void {
    if (this.#state !== "asking") return;
    this.#state = "open";
    this.#volumes = volumes;
    this.#reader = new FrameReader(agentFrameLimits, (type, length) =>
      type === frameType.data ? this.#buffers.take(length) : undefined,
    );
    this.#send(encodeJson(frameType.welcome, welcome));
    this.#grantCredit();
  }

  claimed(ref: RangeRef): void {
    this.#ranges.get(keyOf(ref))?.granted.resolve();
  }

  volumeDone(volume: number): void {
    this.#confirming.delete(volume);
    this.#send(encodeVolumeDone(volume));
  }

  /** Says why and closes. */
  refuse(facts: ErrorFacts): void {
    if (this.#state !== "closing") this.#close(encodeJson(frameType.error, facts));
  }

  #close(last?: Buffer): void {
    this.#state = "closing";
    if (last === undefined) this.#socket.end();
    else this.#socket.end(last);
    // An agent that never closes its side is not waited for.
    setTimeout(() => this.#socket.destroy(), 2000).unref();
  }

  drop(): void {
    this.#state = "closing";
    this.#socket.destroy();
  }

  keepAlive(afterMs: number): void {
    if (this.#state === "open" && performance.now() - this.#lastSaidMs > afterMs)
      this.#send(encodeKeepAlive());
  }

  // --- bytes in ---

  #onData(chunk: Buffer): void {
    this.lastHeardMs = performance.now();
    if (this.#state === "closing") return;
    try {
      // Between its hello and our welcome an agent has nothing to say.
      if (this.#state === "asking") throw new WireViolation("bytes before the welcome");
      for (const frame of this.#reader.push(chunk)) {
        if (frame.type === frameType.probe) {
          this.#probes.take(frame.body.length);
          this.#send(encodeProbed(this.#probes.bytes, this.#probes.microseconds));
          continue;
        }
        if (frame.type === frameType.openRange) this.#probes.end();
        if (frame.type === frameType.data) this.#useCredit(frame);
        this.#queue.push(frame);
      }
    } catch (error) {
      this.#violated(error);
      return;
    }
    if (this.#queue.length > mostQueuedFrames) this.#socket.pause();
    if (!this.#isWorking) this.#track(this.#work());
  }

  #useCredit(frame: Frame): void {
    const { rawBytes } = decodeData(frame.body);
    this.#creditBytes -= rawBytes;
    this.#bytesInWork += rawBytes;
    if (this.#creditBytes < 0)
      throw new WireViolation(`${-this.#creditBytes} bytes more than it had credit for`);
  }

  #onEnd(): void {
    if (this.#state !== "closing" && this.#reader.isInsideFrame) {
      this.#log("info", {}, "the line ended inside a frame");
    }
    this.#socket.end();
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    try {
      for (let frame = this.#queue.shift(); frame !== undefined; frame = this.#queue.shift()) {
        if (this.#state === "closing") break;
        if (this.#queue.length === 0) this.#socket.resume();
        await this.#handle(frame);
      }
    } catch (error) {
      this.#failed(error);
    } finally {
      this.#isWorking = false;
    }
  }

  async #handle(frame: Frame): Promise<void> {
    switch (frame.type) {
      case frameType.hello:
        return this.#onHello(frame.body);
      case frameType.openRange:
        return this.#onOpenRange(decodeOpenRange(frame.body));
      case frameType.data:
        return this.#onBlocks(frame);
      case frameType.zero: {
        const span = decodeSpan(frame.body);
        this.#requireMode("copy", span, "a zero frame");
        this.#isZeroing = true;
        await this.#openRangeOf(span).zero(span);
        this.#isZeroing = false;
        return;
      }
      case frameType.differs: {
        const span = decodeDiffers(frame.body);
        this.#requireMode("compare", span, "a differs frame");
        return this.#openRangeOf(span).differs(span);
      }
      case frameType.equal: {
        const span = decodeSpan(frame.body);
        return this.#openRangeOf(span).equal(span);
      }
      case frameType.rangeEnd: {
        const end = decodeRangeEnd(frame.body);
        const open = this.#openRangeOf(end);
        // Nothing more may be said of it, or it would be acknowledged twice.
        this.#ended.add(open);
        // Not awaited: the next range goes on while this one becomes durable.
        this.#track(this.#endRange(end, end.digest));
        return;
      }
      case frameType.passEnd: {
        const { volume, root } = decodePassEnd(frame.body);
        this.#volumeOf(volume);
        return this.#onPassEnd(volume, root);
      }
      case frameType.status:
        return this.#onStatus(frame.body);
      case frameType.error:
        return this.#onAgentError(frame.body);
      case frameType.keepAlive:
        return;
    }
  }

  #onHello(body: Buffer): void {
    if (this.#state !== "new") throw new WireViolation("a second hello");
    const hello = decodeHello(body);
    if (this.#queue.length > 0) throw new WireViolation("bytes before the welcome");
    this.#state = "asking";
    this.#passId = hello.passId;
    this.#tell({
      kind: "hello",
      connection: this.id,
      fingerprint: this.#fingerprint,
      hello,
      address: this.#address,
    });
  }

  // --- ranges ---

  #onOpenRange(ref: RangeRef): void {
    const volume = this.#volumeOf(ref.volume);
    if (ref.range >= rangeCount(volume.sizeBytes)) {
      throw new WireViolation(`range ${ref.range} of volume ${volume.volumeId}, which ends before`);
    }
    if (this.#ranges.has(keyOf(ref))) throw new WireViolation(`range ${ref.range} opened twice`);
    if (this.#ranges.size >= openRangesPerStream) {
      throw new WireViolation(`more than ${openRangesPerStream} open ranges`);
    }
    this.#track(this.#openRange(ref));
  }

  async #openRange(ref: RangeRef): Promise<void> {
    const claimed: Claimed = {
      writer: undefined,
      open: undefined,
      granted: Promise.withResolvers(),
      isAtVolume: false,
    };
    this.#ranges.set(keyOf(ref), claimed);
    this.#tell({ kind: "claim", connection: this.id, ...ref });
    claimed.writer = await this.#writerOf(ref.volume);
    // Until the receiver has made sure that no other connection still writes there.
    await claimed.granted.promise;
    if (this.#state !== "open") return;
    claimed.isAtVolume = true;
    claimed.open = await claimed.writer.openRange(ref.range);
    claimed.isAtVolume = false;
    this.#send(encodeHashes({ ...ref, ...claimed.open.knowledge }));
  }

  #volumeOf(number: number): LaneVolume {
    const volume = this.#volumes[number];
    if (volume === undefined)
      throw new WireViolation(`volume ${number}, which the welcome did not name`);
    return volume;
  }

  #writerOf(number: number): Promise<VolumeWriter> {
    const known = this.#writers.get(number);
    if (known !== undefined) return known;
    const opening = VolumeWriter.open(this.#volumeOf(number), this.#gatewayId, this.#passId);
    this.#writers.set(number, opening);
    return opening;
  }

  /** A comparison writes nothing, and a copy leaves no difference. */
  #requireMode(mode: "copy" | "compare", ref: RangeRef, what: string): void {
    const isComparing = this.#volumeOf(ref.volume).findingsPath !== undefined;
    if (isComparing === (mode === "compare")) return;
    throw new WireViolation(`${what} in a session that is to ${isComparing ? "compare" : "copy"}`);
  }

  #openRangeOf(ref: RangeRef): OpenRange {
    const open = this.#ranges.get(keyOf(ref))?.open;
    if (open === undefined || this.#ended.has(open))
      throw new WireViolation(`blocks of range ${ref.range}, which is not open`);
    return open;
  }

  /** Checks and decodes, then lets the write go on beside the next frame. */
  #onBlocks(frame: Frame): void {
    const data = decodeData(frame.body);
    this.#requireMode("copy", data, "a data frame");
    const open = this.#openRangeOf(data);
    if (open.take(data) !== data.rawBytes)
      throw new WireViolation(`${data.rawBytes} bytes for ${data.count} blocks`);
    const bytes = decoded(data);
    open.check(bytes, data.hashes);
    this.#track(this.#writeBlocks(open, data, bytes, frame.body));
  }

  async #writeBlocks(open: OpenRange, data: DataFrame, bytes: Buffer, body: Buffer): Promise<void> {
    await open.write(data.firstBlock, bytes, data.hashes);
    this.#buffers.giveBack(body);
    this.#bytesInWork -= data.rawBytes;
    this.#grantCredit();
  }

  /** Tops up to this connection's share; small amounts are saved up. */
  #grantCredit(): void {
    const bytes = this.#buffers.shareBytes - this.#creditBytes - this.#bytesInWork;
    if (bytes < blockBytes || this.#state !== "open") return;
    this.#creditBytes += bytes;
    this.#send(encodeCredit(bytes, this.#busy));
  }

  // --- what holds it up ---

  /** To be called many times between two verdicts. */
  look(): void {
    this.#looks += 1;
    if (this.#isAtVolume()) this.#atVolume += 1;
  }

  /**
   * Says what this side was busy with since the last verdict, at once if that is news: an agent that waits
   * has no credit to hear it with.
   * @param isComputing whether this thread had hardly time for anything else
   */
  judge(isComputing: boolean): void {
    const isAtVolume = this.#atVolume > this.#looks / 2;
    const busy = isComputing ? busyWith.computing : isAtVolume ? busyWith.volume : busyWith.waiting;
    this.#looks = 0;
    this.#atVolume = 0;
    if (busy === this.#busy || this.#state !== "open") return;
    this.#busy = busy;
    this.#send(encodeCredit(0, busy));
  }

  /** Most of what may be on its way is here and not yet written, or no range is left but those at the volume. */
  #isAtVolume(): boolean {
    if (this.#isZeroing || this.#bytesInWork > this.#buffers.shareBytes / 2) return true;
    const ranges = [...this.#ranges.values()];
    return ranges.length > 0 && ranges.every(({ isAtVolume }) => isAtVolume);
  }

  async #endRange(ref: RangeRef, digest: Buffer): Promise<void> {
    const claimed = this.#ranges.get(keyOf(ref));
    if (claimed?.open === undefined || claimed.writer === undefined) return;
    const { open, writer } = claimed;
    claimed.isAtVolume = true;
    await open.finish(digest);
    await writer.commit(open);
    this.#ranges.delete(keyOf(ref));
    this.#tell({
      kind: "acknowledged",
      connection: this.id,
      ...ref,
      writtenBytes: open.writtenBytes,
    });
    this.#send(encodeAcknowledged(ref, open.writtenBytes));
  }

  // --- what the receiver hears of it: no more than it has time for ---

  /** The receiver answers. Until then a repeat says nothing new. */
  #onPassEnd(volume: number, root: string): void {
    if (this.#confirming.has(volume)) return;
    this.#confirming.add(volume);
    // The session's result is made of it.
    if (this.#untoldStatus !== undefined) this.#tellStatus(this.#untoldStatus);
    this.#tell({ kind: "passEnd", connection: this.id, volume, root });
  }

  #onStatus(body: Buffer): void {
    if (performance.now() - this.#statusToldMs < statusEveryMs) this.#untoldStatus = body;
    else this.#tellStatus(body);
  }

  /** One of another shape is passed over: nothing is decided by it. */
  #tellStatus(body: Buffer): void {
    this.#untoldStatus = undefined;
    this.#statusToldMs = performance.now();
    const parsed = status.safeParse(decodeJson(body, "status"));
    if (parsed.success) this.#tell({ kind: "status", connection: this.id, status: parsed.data });
  }

  // --- ends ---

  #onAgentError(body: Buffer): void {
    const facts = errorFacts.safeParse(decodeJson(body, "error"));
    // It is kept with the session: a record that can't be read again would keep a gateway from starting.
    if (!facts.success) throw new WireViolation("an error frame without code and params");
    // The code may be one of an agent that is newer than this gateway: it is shown as it is.
    this.#tell({ kind: "failed", connection: this.id, facts: facts.data as ErrorFacts });
    // The last frame of its sender.
    this.#close();
  }

  #failed(error: unknown): void {
    if (error instanceof WireViolation) {
      this.#violated(error);
      return;
    }
    // A volume that fails while its connection is being closed fails all the same.
    this.#tell({
      kind: "failed",
      connection: this.id,
      facts: volumeError(error, "", this.#gatewayId).facts,
    });
  }

  #violated(error: unknown): void {
    const problem = error instanceof Error ? error.message : String(error);
    this.#log("warn", { problem }, "closed a connection that broke the protocol");
    if (this.isGreeted) {
      this.refuse(
        new MigrationError("wire.protocol", { peer: `Agent at ${this.#address}`, problem }).facts,
      );
    } else {
      this.drop();
    }
  }

  #track(task: Promise<void>): void {
    const guarded = task
      .catch((error: unknown) => this.#failed(error))
      .finally(() => this.#tasks.delete(guarded));
    this.#tasks.add(guarded);
  }

  /** After the line is gone: lets what is under way finish, keeps what was written, frees the claims. */
  async #settle(): Promise<void> {
    this.#state = "closing";
    this.#buffers.connections -= 1;
    for (const { granted } of this.#ranges.values()) granted.resolve();
    while (this.#tasks.size > 0) await Promise.all(this.#tasks);
    for (const { open, writer } of this.#ranges.values()) {
      if (open === undefined || writer === undefined) continue;
      try {
        await open.settle();
        await writer.commit(open);
      } catch (error) {
        // It stays `open` in the map and is read anew by whoever comes next.
        this.#log("warn", { range: open.range, problem: String(error) }, "a range was left open");
      }
    }
    for (const writer of this.#writers.values()) {
      await writer.then((opened) => opened.close()).catch((error: unknown) => this.#failed(error));
    }
    this.#tell({ kind: "closed", connection: this.id });
  }

  #send(frame: Buffer): void {
    if (this.#state === "closing" || this.#socket.destroyed) return;
    this.#lastSaidMs = performance.now();
    this.#socket.write(frame);
    if (this.#socket.writableLength > mostUnreadBytes) {
      this.#log(
        "warn",
        { unreadBytes: this.#socket.writableLength },
        "closed a connection that does not read",
      );
      this.drop();
    }
  }

  #log(level: "info" | "warn", facts: Record<string, string | number>, message: string): void {
    this.#tell({ kind: "log", level, facts: { ...facts, address: this.#address }, message });
  }
}

function keyOf(ref: RangeRef): string {
  return `${ref.volume}:${ref.range}`;
}

function decoded(data: DataFrame): Buffer {
  if (data.encoding === encoding.raw) return data.payload;
  let bytes: Buffer;
  try {
    bytes = zstdDecompressSync(data.payload, { maxOutputLength: data.rawBytes });
  } catch (cause) {
    throw new WireViolation("a data frame that does not decompress", { cause });
  }
  if (bytes.length !== data.rawBytes)
    throw new WireViolation("a data frame of another length than it says");
  return bytes;
}
