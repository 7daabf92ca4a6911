import { once } from "node:events";
import { connect, type TLSSocket } from "node:tls";
import type { z } from "zod";
import { type Frame, FrameReader } from "#dataplane/wire/frame-reader.ts";
import {
  busyWith,
  decodeCredit,
  decodeJson,
  encodeJson,
  encodeKeepAlive,
  frameType,
  gatewayFrameLimits,
  WireViolation,
} from "#dataplane/wire/frames.ts";
import { sweepMs, type Waits } from "#dataplane/wire/limits.ts";
import { peerFingerprint, pinnedTls } from "#dataplane/wire/pinned-tls.ts";
import { errorFromFacts, MigrationError } from "#domain/errors.ts";
import { errorFacts } from "#domain/protocol/facts.ts";
import type { StreamSettings } from "./stream-messages.ts";

/** The line is gone; another one may be made. */
export class LineBroken extends Error {
  override readonly name = "LineBroken";
}

type Peer = Pick<StreamSettings, "gateway" | "certificatePem" | "privateKeyPem" | "waits">;

/** One connection to the gateway. Whoever waits on it waits through `until`, which ends with the line. */
export class Line {
  readonly #socket: TLSSocket;
  readonly #gatewayId: string;
  readonly #waits: Waits;
  readonly #reader = new FrameReader(gatewayFrameLimits);
  readonly #onFrame: (frame: Frame) => void;
  #failure: Error | undefined;
  #changed = Promise.withResolvers<void>();
  #lastHeardMs = performance.now();
  #lastSaidMs = performance.now();
  readonly #sweep: NodeJS.Timeout;
  creditBytes = 0;
  /** What the gateway says it is busy with. */
  #gatewayBusy: number = busyWith.waiting;
  /** Bytes of frames given to the line. */
  sentBytes = 0;

  private constructor(
    socket: TLSSocket,
    { gateway, waits }: Peer,
    onFrame: (frame: Frame) => void,
  ) {
    this.#socket = socket;
    this.#gatewayId = gateway.id;
    this.#waits = waits;
    this.#onFrame = onFrame;
    socket.on("data", (chunk: Buffer) => this.#onData(chunk));
    socket.on("drain", () => this.notify());
    socket.on("error", (error) => this.fail(new LineBroken(error.message, { cause: error })));
    socket.on("close", () => this.fail(new LineBroken("the gateway closed the connection")));
    this.#sweep = setInterval(() => this.#keepAlive(), sweepMs(waits));
  }

  /**
   * Dials and makes sure that it is the right gateway.
   * @throws {LineBroken}, or `auth.wrong-certificate`, before which not one byte was sent inside TLS.
   */
  static async dial(settings: Peer, onFrame: (frame: Frame) => void): Promise<Line> {
    const { gateway } = settings;
    const socket = connect({ ...pinnedTls(settings), host: gateway.host, port: gateway.port });
    const secured = Promise.withResolvers<void>();
    socket.setTimeout(settings.waits.greetingMs, () =>
      secured.reject(new LineBroken("no TLS handshake in time")),
    );
    socket.once("secureConnect", () => secured.resolve());
    socket.once("close", () => secured.reject(new LineBroken("the gateway closed the connection")));
    socket.once("error", (error) =>
      secured.reject(new LineBroken(error.message, { cause: error })),
    );
    try {
      await secured.promise;
    } catch (error) {
      socket.on("error", () => socket.destroy());
      socket.destroy();
      throw error;
    }
    socket.setTimeout(0);
    socket.setNoDelay(true);
    // Node puts buffers that wait together into one before it encrypts them: a copy of every block.
    Object.assign(socket, { _writev: null });
    if (peerFingerprint(socket) !== gateway.certificateFingerprint) {
      socket.destroy();
      throw new MigrationError("auth.wrong-certificate", { peer: `Gateway ${gateway.id}` });
    }
    return new Line(socket, settings, onFrame);
  }

  /** What holds up whoever waits for the other side: that side, if it says so, else the line to it. */
  get heldUpBy(): "line" | "gateway" | "volume" {
    if (this.#gatewayBusy === busyWith.computing) return "gateway";
    return this.#gatewayBusy === busyWith.volume ? "volume" : "line";
  }

  /** Bytes that were given to the line and have not left this process. */
  get queuedBytes(): number {
    return this.#socket.writableLength;
  }

  /** `sent` is called when the buffers may be used again. */
  send(frame: Buffer, payload?: Buffer, sent?: () => void): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.#lastSaidMs = performance.now();
    this.sentBytes += frame.length + (payload?.length ?? 0);
    if (payload === undefined) {
      this.#socket.write(frame);
      return;
    }
    this.#socket.write(frame);
    this.#socket.write(payload, () => sent?.());
  }

  /** Waits until the condition holds; it is looked at whenever something happened on the line. */
  async until(condition: () => boolean): Promise<void> {
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (condition()) return;
      await this.#changed.promise;
    }
  }

  notify(): void {
    const before = this.#changed;
    this.#changed = Promise.withResolvers();
    before.resolve();
  }

  fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    clearInterval(this.#sweep);
    // What the gateway did wrong it is told: its session ends by it.
    if (error instanceof MigrationError) this.#close(encodeJson(frameType.error, error.facts));
    else this.#socket.destroy();
    this.notify();
  }

  get isOpen(): boolean {
    return this.#failure === undefined;
  }

  /** Ends all waiting; what was given to the line, and `last`, still leaves. */
  finish(last?: Buffer): void {
    if (this.#failure !== undefined) return;
    this.#failure = new LineBroken("the copy ended");
    clearInterval(this.#sweep);
    this.#close(last);
    this.notify();
  }

  #close(last?: Buffer): void {
    if (last === undefined) this.#socket.end();
    else this.#socket.end(last);
    // A gateway that does not close its side is not waited for.
    setTimeout(() => this.#socket.destroy(), 2000).unref();
  }

  /** Resolves when the connection is gone. */
  async closed(): Promise<void> {
    if (!this.#socket.closed) await once(this.#socket, "close");
  }

  #onData(chunk: Buffer): void {
    if (this.#failure !== undefined) return;
    this.#lastHeardMs = performance.now();
    try {
      for (const frame of this.#reader.push(chunk)) this.#take(frame);
    } catch (error) {
      if (error instanceof MigrationError) {
        this.fail(error);
        return;
      }
      if (!(error instanceof WireViolation)) throw error;
      const peer = `Gateway ${this.#gatewayId}`;
      this.fail(
        new MigrationError("wire.protocol", { peer, problem: error.message }, { cause: error }),
      );
      return;
    }
    this.notify();
  }

  #take(frame: Frame): void {
    switch (frame.type) {
      case frameType.credit: {
        const { bytes, busy } = decodeCredit(frame.body);
        this.creditBytes += bytes;
        this.#gatewayBusy = busy;
        return;
      }
      case frameType.error: {
        const error = errorFromFacts(readFacts(frame.body));
        this.fail(
          error.retryable
            ? new LineBroken(error.message, { cause: error })
            : new GatewaySaid(error),
        );
        return;
      }
      case frameType.keepAlive:
        return;
      default:
        this.#onFrame(frame);
        return;
    }
  }

  #keepAlive(): void {
    const nowMs = performance.now();
    if (nowMs - this.#lastHeardMs > this.#waits.silenceMs)
      this.fail(new LineBroken("the gateway is silent"));
    else if (nowMs - this.#lastSaidMs > this.#waits.keepAliveMs) this.send(encodeKeepAlive());
  }
}

/** A terminal error that came from the gateway, which therefore need not be told of it. */
export class GatewaySaid extends Error {
  override readonly name = "GatewaySaid";
  readonly error: MigrationError;

  constructor(error: MigrationError) {
    super(error.message);
    this.error = error;
  }
}

function readFacts(body: Buffer): z.output<typeof errorFacts> {
  const facts = errorFacts.safeParse(decodeJson(body, "error"));
  if (!facts.success) throw new WireViolation("an error frame without code and params");
  return facts.data;
}
