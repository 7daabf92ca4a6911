/** What tests need to speak to a gateway frame by frame. */
import { once } from "node:events";
import type { Socket } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { type Frame, FrameReader } from "./wire/frame-reader.ts";
import {
  encodeHello,
  type FrameType,
  frameType,
  gatewayFrameLimits,
  protocolVersion,
} from "./wire/frames.ts";
import { blockBytes, blocksPerRange } from "./wire/geometry.ts";
import type { Identity } from "./wire/identity.ts";
import { pinnedTls } from "./wire/pinned-tls.ts";

export async function dial(identity: Identity, port: number): Promise<TLSSocket> {
  const socket = connect({ ...pinnedTls(identity), host: "127.0.0.1", port });
  // Being cut off is what these tests are about.
  socket.on("error", () => socket.destroy());
  await once(socket, "secureConnect");
  return socket;
}

/** Also when it is reset: that is one way of closing. */
export async function closed(socket: Socket): Promise<void> {
  socket.resume();
  if (!socket.closed) await new Promise<void>((resolve) => socket.once("close", () => resolve()));
}

export function hello(sessionId: string, passId = "00".repeat(16)): Buffer {
  return encodeHello({
    version: protocolVersion,
    stream: 0,
    blockBytes,
    blocksPerRange,
    passId,
    sessionId,
  });
}

/** A connection on which one says whatever one likes, and hears the answers one by one. */
export class RawStream {
  readonly socket: TLSSocket;
  #heard: Frame[] = [];
  #news = Promise.withResolvers<void>();
  heardBytes = 0;

  /** @param limits of what the other side may send */
  constructor(socket: TLSSocket, limits: ReadonlyMap<number, number>) {
    this.socket = socket;
    const reader = new FrameReader(limits);
    socket.on("data", (chunk: Buffer) => {
      this.heardBytes += chunk.length;
      this.#heard.push(...reader.push(chunk));
      this.#tell();
    });
    socket.on("close", () => this.#tell());
  }

  /** As an agent. */
  static async dial(identity: Identity, port: number): Promise<RawStream> {
    return new RawStream(await dial(identity, port), gatewayFrameLimits);
  }

  send(...frames: Buffer[]): void {
    for (const frame of frames) this.socket.write(frame);
  }

  /** The body of the next frame of this type, or undefined when the end comes first; others are passed over. */
  async next(type: FrameType): Promise<Buffer | undefined> {
    for (;;) {
      const at = this.#heard.findIndex((frame) => frame.type === type);
      const found = this.#heard[at];
      this.#heard = this.#heard.slice(at + 1);
      if (found !== undefined) return found.body;
      this.#heard = [];
      if (this.socket.closed) return undefined;
      await this.#news.promise;
    }
  }

  #tell(): void {
    const before = this.#news;
    this.#news = Promise.withResolvers();
    before.resolve();
  }
}

export interface Greeting {
  readonly socket: TLSSocket;
  /** The first frame that came, or that there was none before the end. */
  readonly answer: { type: "welcome" | "error"; body: unknown } | "nothing";
}

/** Says hello and waits for the answer. */
export async function greet(identity: Identity, port: number, bytes: Buffer): Promise<Greeting> {
  const socket = await dial(identity, port);
  const reader = new FrameReader(gatewayFrameLimits);
  const answered = Promise.withResolvers<Greeting["answer"]>();
  socket.on("data", (chunk: Buffer) => {
    for (const { type, body } of reader.push(chunk)) {
      if (type !== frameType.welcome && type !== frameType.error) continue;
      answered.resolve({
        type: type === frameType.welcome ? "welcome" : "error",
        body: JSON.parse(body.toString()),
      });
    }
  });
  socket.on("close", () => answered.resolve("nothing"));
  socket.write(bytes);
  return { socket, answer: await answered.promise };
}
