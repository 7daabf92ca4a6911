import { once } from "node:events";
import { createServer } from "node:net";
import { Worker } from "node:worker_threads";
import type { FromLane, LaneSettings, ToLane } from "./lane-messages.ts";

/** Blocks live outside the heap; without these bounds each thread's heap grows before it collects. */
const resourceLimits = { maxYoungGenerationSizeMb: 1, maxOldGenerationSizeMb: 128 };

type LaneEvent = { kind: "message"; message: FromLane } | { kind: "died"; problem: string };

/** The receiver's lanes: started together on one port, each started anew when it dies. */
export class Lanes {
  readonly port: number;
  readonly #settings: LaneSettings;
  readonly #workers: Worker[] = [];
  readonly #onEvent: (lane: number, event: LaneEvent) => void;
  #fingerprints: string[] = [];
  #serial = 0;
  readonly #awaited = new Map<string, () => void>();
  #isClosing = false;

  private constructor(settings: LaneSettings, onEvent: (lane: number, event: LaneEvent) => void) {
    this.#settings = settings;
    this.port = settings.port;
    this.#onEvent = onEvent;
  }

  static async start(
    settings: LaneSettings,
    count: number,
    onEvent: (lane: number, event: LaneEvent) => void,
  ): Promise<Lanes> {
    const port = await freePort(settings.listen, settings.port);
    const lanes = new Lanes({ ...settings, port }, onEvent);
    await Promise.all(Array.from({ length: count }, (_, lane) => lanes.#startLane(lane)));
    return lanes;
  }

  get count(): number {
    return this.#workers.length;
  }

  send(lane: number, message: ToLane): void {
    this.#workers[lane]?.postMessage(message);
  }

  /** Resolves when every lane lets exactly these certificates in. */
  async allow(fingerprints: string[]): Promise<void> {
    this.#fingerprints = fingerprints;
    await Promise.all(this.#workers.map((_, lane) => this.#allowOn(lane)));
  }

  async #allowOn(lane: number): Promise<void> {
    const serial = this.#serial++;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#awaited.set(`${lane}:${serial}`, resolve);
    this.send(lane, { kind: "allow", fingerprints: this.#fingerprints, serial });
    // Answered by the lane's thread, or released when that thread dies.
    await promise;
  }

  async #startLane(lane: number): Promise<void> {
    const worker = new Worker(new URL("./lane.ts", import.meta.url), {
      workerData: this.#settings,
      resourceLimits,
    });
    this.#workers[lane] = worker;
    const listening = Promise.withResolvers<void>();
    worker.on("message", (message: FromLane) => {
      if (message.kind === "listening") listening.resolve();
      if (message.kind === "allowed") this.#release(`${lane}:${message.serial}`);
      this.#onEvent(lane, { kind: "message", message });
    });
    worker.on("error", (error) => {
      listening.reject(error);
      this.#onDeath(lane, String(error));
    });
    await listening.promise;
    await this.#allowOn(lane);
  }

  #onDeath(lane: number, problem: string): void {
    for (const key of [...this.#awaited.keys()]) if (key.startsWith(`${lane}:`)) this.#release(key);
    this.#onEvent(lane, { kind: "died", problem });
    if (this.#isClosing) return;
    // The port stays ours through the other lanes; agents come again by themselves.
    setTimeout(() => {
      this.#startLane(lane).catch((error: unknown) =>
        this.#onEvent(lane, { kind: "died", problem: String(error) }),
      );
    }, 1000).unref();
  }

  #release(key: string): void {
    this.#awaited.get(key)?.();
    this.#awaited.delete(key);
  }

  /** Resolves when every thread has put its connections to rest and ended by itself. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.all(
      this.#workers.map(async (worker, lane) => {
        if (worker.threadId === -1) return;
        const ended = once(worker, "exit");
        this.send(lane, { kind: "close" });
        await ended;
      }),
    );
  }
}

/**
 * The port to use. Lanes share it with SO_REUSEPORT, which would also let a second gateway of the same
 * user share it unnoticed; so it is first taken for ourselves alone, which fails when anybody has it.
 */
async function freePort(host: string, port: number): Promise<number> {
  const probe = createServer();
  probe.listen({ host, port });
  await once(probe, "listening");
  const address = probe.address();
  const found = address !== null && typeof address === "object" ? address.port : port;
  probe.close();
  await once(probe, "close");
  return found;
}
