/**
 * The line between agent and gateway, for tests: passes bytes on, and does what lines do at their worst.
 *
 *   agent ──▶ crossing: up, down ──▶ gateway        one crossing for each connection
 */
import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

/** Up is what the agent sends. */
export type Direction = "up" | "down";

/** One direction of a connection. */
class Way {
  readonly #line: FaultyLine;
  readonly #direction: Direction;
  readonly #marks: { atBytes: number; then: () => void }[] = [];
  #shut: PromiseWithResolvers<void> | undefined;
  #isLosing = false;
  #rateBytesPerSecond = Number.POSITIVE_INFINITY;
  /** Bytes that were taken from the sender. */
  passedBytes = 0;

  constructor(line: FaultyLine, direction: Direction) {
    this.#line = line;
    this.#direction = direction;
  }

  /** Calls `then` when exactly so many bytes have passed, wherever in a frame or a record that is. */
  after(bytes: number, then: () => void): void {
    this.#marks.push({ atBytes: this.passedBytes + bytes, then });
    this.#marks.sort((one, other) => one.atBytes - other.atBytes);
  }

  /** Takes nothing any more: bytes and the end of the connection wait, until `open`. */
  shut(): void {
    this.#shut ??= Promise.withResolvers();
  }

  open(): void {
    this.#shut?.resolve();
    this.#shut = undefined;
  }

  /** Takes all there is and passes nothing on, not even the end of the connection. */
  lose(): void {
    this.#isLosing = true;
  }

  slowDown(rateBytesPerSecond: number): void {
    this.#rateBytesPerSecond = rateBytesPerSecond;
  }

  async carry(from: Socket, to: Socket): Promise<void> {
    try {
      for await (const chunk of from.iterator({ destroyOnReturn: false })) {
        await this.#pass(chunk, to);
      }
      await this.#shut?.promise;
      if (!this.#isLosing) to.end();
    } catch {
      // The sender's side was reset, or the crossing was cut: then there is nobody left to tell.
      await this.#shut?.promise;
      if (!this.#isLosing) to.resetAndDestroy();
    }
  }

  async #pass(chunk: Buffer, to: Socket): Promise<void> {
    for (let rest = chunk; rest.length > 0; ) {
      await this.#shut?.promise;
      const [mark] = this.#marks;
      const piece = rest.subarray(
        0,
        Math.min(
          (mark?.atBytes ?? Number.POSITIVE_INFINITY) - this.passedBytes,
          Math.ceil(this.#rateBytesPerSecond / 20),
        ),
      );
      rest = rest.subarray(piece.length);
      if (this.#rateBytesPerSecond < Number.POSITIVE_INFINITY) await delay(50);
      if (!this.#isLosing) await new Promise<void>((sent) => to.write(piece, () => sent()));
      this.passedBytes += piece.length;
      this.#line.count(this.#direction, piece.length);
      if (mark === undefined || mark.atBytes > this.passedBytes) continue;
      this.#marks.shift();
      mark.then();
    }
  }
}

/** One connection through the line. */
export class Crossing {
  readonly up: Way;
  readonly down: Way;
  readonly #near: Socket;
  readonly #far: Socket;

  constructor(line: FaultyLine, near: Socket, far: Socket) {
    this.up = new Way(line, "up");
    this.down = new Way(line, "down");
    this.#near = near;
    this.#far = far;
  }

  get ways(): readonly Way[] {
    return [this.up, this.down];
  }

  async carry(): Promise<void> {
    await Promise.all([
      this.up.carry(this.#near, this.#far),
      this.down.carry(this.#far, this.#near),
    ]);
  }

  /** Ends it for both sides; what is on its way is gone. */
  cut(): void {
    for (const socket of [this.#near, this.#far]) socket.destroy();
    for (const way of this.ways) way.open();
  }

  /** As `cut`, and both sides are told so by a reset. */
  reset(): void {
    for (const socket of [this.#near, this.#far]) socket.resetAndDestroy();
    for (const way of this.ways) way.open();
  }
}

export class FaultyLine {
  readonly crossings: Crossing[] = [];
  readonly carriedBytes: Record<Direction, number> = { up: 0, down: 0 };
  /** Where the line leads to. */
  farPort: number;
  #marks: { direction: Direction; atBytes: number; then: () => void }[] = [];
  readonly #server: Server;
  readonly #onCrossing: (crossing: Crossing, number: number) => void;

  private constructor(farPort: number, onCrossing: (crossing: Crossing, number: number) => void) {
    this.farPort = farPort;
    this.#onCrossing = onCrossing;
    this.#server = createServer({ allowHalfOpen: true }, (near) => this.#cross(near));
  }

  /** `onCrossing` is called with each connection, numbered from 0, before its first byte. */
  static async start(
    farPort: number,
    onCrossing: (crossing: Crossing, number: number) => void = () => undefined,
  ): Promise<FaultyLine> {
    const line = new FaultyLine(farPort, onCrossing);
    line.#server.listen(0, "127.0.0.1");
    await once(line.#server, "listening");
    return line;
  }

  /** Calls `then` when at least so many bytes more have been carried, over whichever connections. */
  after(direction: Direction, bytes: number, then: () => void): void {
    this.#marks.push({ direction, atBytes: this.carriedBytes[direction] + bytes, then });
  }

  count(direction: Direction, bytes: number): void {
    this.carriedBytes[direction] += bytes;
    const isDue = (mark: { direction: Direction; atBytes: number }) =>
      mark.direction === direction && mark.atBytes <= this.carriedBytes[direction];
    const due = this.#marks.filter(isDue);
    this.#marks = this.#marks.filter((mark) => !isDue(mark));
    for (const { then } of due) then();
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the line was closed");
    return address.port;
  }

  [Symbol.dispose](): void {
    for (const crossing of this.crossings) crossing.cut();
    this.#server.close();
  }

  #cross(near: Socket): void {
    const far = connect({ port: this.farPort, host: "127.0.0.1", allowHalfOpen: true });
    // Whoever carries hears of it as well.
    for (const socket of [near, far]) socket.on("error", () => socket.destroy());
    const crossing = new Crossing(this, near, far);
    this.crossings.push(crossing);
    this.#onCrossing(crossing, this.crossings.length - 1);
    void crossing.carry();
  }
}
