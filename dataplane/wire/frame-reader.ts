import { headerBytes, WireViolation } from "./frames.ts";

export interface Frame {
  type: number;
  body: Buffer;
}

/** Gives the memory for a body, of exactly that length; what is not given is taken fresh. */
type BodyMemory = (type: number, lengthBytes: number) => Buffer | undefined;

/**
 * Cuts a stream of bytes into frames. A length is checked against the limit of its type before any
 * memory is taken, so that hostile bytes cost nothing. After a violation the reader is dead.
 */
export class FrameReader {
  readonly #limits: ReadonlyMap<number, number>;
  readonly #memoryFor: BodyMemory;
  readonly #header = Buffer.alloc(headerBytes);
  #headerFilled = 0;
  #type = 0;
  #body: Buffer | undefined;
  #bodyFilled = 0;

  constructor(limits: ReadonlyMap<number, number>, memoryFor: BodyMemory = () => undefined) {
    this.#limits = limits;
    this.#memoryFor = memoryFor;
  }

  /** True when the bytes so far end inside a frame. */
  get isInsideFrame(): boolean {
    return this.#headerFilled > 0;
  }

  /**
   * The frames that these bytes complete.
   * @throws {WireViolation} for an unknown type, a length over its limit or a header that is not clean.
   */
  push(chunk: Buffer): Frame[] {
    const frames: Frame[] = [];
    let at = 0;
    while (at < chunk.length) {
      if (this.#body === undefined) {
        const taken = chunk.copy(
          this.#header,
          this.#headerFilled,
          at,
          at + headerBytes - this.#headerFilled,
        );
        at += taken;
        this.#headerFilled += taken;
        if (this.#headerFilled < headerBytes) break;
        this.#body = this.#startBody();
      }
      const body = this.#body;
      const taken = chunk.copy(body, this.#bodyFilled, at, at + body.length - this.#bodyFilled);
      at += taken;
      this.#bodyFilled += taken;
      if (this.#bodyFilled === body.length) {
        frames.push({ type: this.#type, body });
        this.#body = undefined;
        this.#bodyFilled = 0;
        this.#headerFilled = 0;
      }
    }
    return frames;
  }

  #startBody(): Buffer {
    const length = this.#header.readUInt32BE(0);
    this.#type = this.#header.readUInt8(4);
    const limit = this.#limits.get(this.#type);
    if (limit === undefined) throw new WireViolation(`a frame of unknown type ${this.#type}`);
    if (length > limit) {
      throw new WireViolation(
        `a frame of type ${this.#type} with ${length} bytes, at most ${limit} are allowed`,
      );
    }
    if (this.#header.readUIntBE(5, 3) !== 0)
      throw new WireViolation("a frame header with stray bytes");
    return this.#memoryFor(this.#type, length) ?? Buffer.allocUnsafeSlow(length);
  }
}
