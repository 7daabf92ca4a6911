/** Our copy, as a benchmark runs it: gateway and agent in processes of their own. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createIdentity, type Identity } from "#dataplane/wire/identity.ts";
import { type Limits, noLimits } from "#domain/copy-limits.ts";
import type { Progress } from "#domain/protocol/facts.ts";
import type { Place } from "./line.ts";
import type { Answered, BenchDisk, Told } from "./our-side.ts";
import { type Usage, usageOf } from "./usage.ts";

const program = fileURLToPath(new URL("our-side.ts", import.meta.url));

export interface Pass {
  readonly seconds: number;
  readonly progress: Progress;
  /** Since the process began. */
  readonly agent: Usage;
  readonly gateway: Usage;
}

class Side {
  readonly #child: ChildProcess;

  /** @param env as the programs themselves set it: compiled code (dataplane/node-version.mjs), threads */
  constructor({ inside }: Place, env: NodeJS.ProcessEnv) {
    const [command = process.execPath, ...args] = [...inside, process.execPath, program];
    this.#child = spawn(command, args, {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
      env: { ...process.env, ...env },
    });
  }

  async ask(told: Told): Promise<Answered> {
    const answered = once(this.#child, "message");
    this.#child.send(told);
    const [answer] = (await answered) as [Answered | { error: string }];
    if ("error" in answer) throw new Error(answer.error);
    return answer;
  }

  usage(): Usage {
    return usageOf(this.#child.pid ?? 0) ?? { cpuSeconds: 0, systemSeconds: 0, peakBytes: 0 };
  }

  async end(): Promise<void> {
    const gone = once(this.#child, "exit");
    this.#child.disconnect();
    await gone;
  }
}

export class Ours {
  readonly #agent: Side;
  readonly #gateway: Side;
  readonly #host: string;
  readonly #folder: string;
  readonly #agentIdentity: Identity;
  readonly #gatewayIdentity: Identity;
  #port = 0;
  #sessions = 0;

  private constructor(
    line: { near: Place; far: Place },
    folder: string,
    ids: [Identity, Identity],
  ) {
    const env = { NODE_COMPILE_CACHE: join(folder, "..", "..", "compiled") };
    // As dataplane/{agent,gateway}/hypermotion-*.mjs start their programs.
    this.#agent = new Side(line.near, { ...env, MALLOC_ARENA_MAX: "1" });
    this.#gateway = new Side(line.far, { ...env, UV_THREADPOOL_SIZE: "128" });
    this.#host = line.far.host;
    this.#folder = folder;
    [this.#agentIdentity, this.#gatewayIdentity] = ids;
  }

  static async start(line: { near: Place; far: Place }, folder: string): Promise<Ours> {
    const state = await mkdtemp(join(folder, "gateway-"));
    const ours = new Ours(line, state, [
      await createIdentity("agent"),
      await createIdentity("gateway"),
    ]);
    const { host, identity } = { host: line.far.host, identity: ours.#gatewayIdentity };
    const answer = await ours.#gateway.ask({ do: "listen", host, identity, stateFolder: state });
    ours.#port = (answer as { port: number }).port;
    return ours;
  }

  async track(disks: readonly BenchDisk[]): Promise<void> {
    await this.#agent.ask({ do: "track", disks });
  }

  async pass(disks: readonly BenchDisk[], limits: Partial<Limits> = {}): Promise<Pass> {
    this.#sessions += 1;
    const sessionId = `bench-${this.#sessions}`;
    const agentFingerprint = this.#agentIdentity.fingerprint;
    await this.#gateway.ask({ do: "open", sessionId, disks, agentFingerprint });
    const answer = await this.#agent.ask({
      do: "copy",
      order: {
        ...{
          sessionId,
          mode: "initial",
          limits: { ...noLimits, ...limits },
          quiesce: false,
        },
        disks: disks.map(({ diskId, volumeId, sizeBytes }) => ({ diskId, volumeId, sizeBytes })),
        gateway: {
          ...{ id: "gateway-1", host: this.#host, port: this.#port },
          certificateFingerprint: this.#gatewayIdentity.fingerprint,
        },
      },
      ...{ disks, identity: this.#agentIdentity },
    });
    const { seconds, progress } = answer as { seconds: number; progress: Progress };
    return { seconds, progress, agent: this.#agent.usage(), gateway: this.#gateway.usage() };
  }

  async end(): Promise<void> {
    await this.#agent.end();
    await this.#gateway.end();
    await rm(this.#folder, { recursive: true });
  }
}
