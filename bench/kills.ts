/**
 * Many short syncs whose sides are killed (SIGKILL) at random moments and started anew, until each sync is
 * through. The disks change between syncs, and while their agent is dead.
 *
 *   agent process ──▶ line, which counts ──▶ gateway process
 */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import {
  makePair,
  makeScene,
  type ProcessNews,
  type ProcessTask,
  type Scene,
  startProcess,
} from "#dataplane/copy-harness.ts";
import { FaultyLine } from "#dataplane/faulty-line.ts";
import { type Random, WatchedDisk } from "./watched-disk.ts";

const MiB = 1024 ** 2;
/** Three ranges and two, with odd ends. */
const diskBytes = [130 * MiB + 4097, 80 * MiB + 511];
const rangesOfAll = 5;
const changesPerSync = 4;
const syncsPerRound = 6;
const mostKillsPerSync = 6;
/** The start of a process and some of its work lie within. */
const mostDelayMs = 900;
/** Limits spread a sync over time; 0 is none. */
const rates = [0, 16 * MiB, 64 * MiB];
/** A sync that takes longer hangs. */
const patienceMs = 120_000;

export interface Killed {
  agentKills: number;
  gatewayKills: number;
  /** Kills when some of the sync's ranges were acknowledged and others not. */
  midway: number;
  syncs: number;
  /** How often a block was compared with its source that was acknowledged, or whose sync had ended. */
  comparedBlocks: number;
  /** How often it was another one. */
  lostBlocks: number;
  /** What crossed the line, all frames and handshakes included. */
  sentBytes: number;
  /** Of this, what brought the volume no nearer to its disk: it was on its way when a side was killed. */
  vainBytes: number;
  /** What crossed from one kill to the next beyond what the volume lacked: the most of all kills. */
  mostExcessBytes: number;
}

/**
 * Returns when at least so many processes were killed and every sync that had begun is through.
 * @throws when a sync ends with an error, or never
 */
export async function killSides(kills: number, seed: number): Promise<Killed> {
  const random = sequence(seed);
  const counts: Killed = {
    ...{ agentKills: 0, gatewayKills: 0, midway: 0, syncs: 0, comparedBlocks: 0, lostBlocks: 0 },
    ...{ sentBytes: 0, vainBytes: 0, mostExcessBytes: 0 },
  };
  while (counts.agentKills + counts.gatewayKills < kills) {
    await using round = await Round.start(random, counts);
    for (let sync = 1; sync < syncsPerRound; sync += 1) {
      await round.sync(Math.floor(random() * (mostKillsPerSync + 1)));
    }
    await round.sync(0);
  }
  return counts;
}

function sequence(seed: number): Random {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** From the beginning of a sync, or from a kill, to the next kill. */
interface Stretch {
  /** The first of its connections. */
  readonly crossing: number;
  /** What the volumes lacked when it began, and in the end. */
  readonly lackingBytes: number;
  leftBytes: number;
}

/** Syncs of the same disks, one after the other, in a folder of their own. */
class Round {
  readonly #scene: Scene;
  readonly #disks: readonly WatchedDisk[];
  readonly #line: FaultyLine;
  readonly #random: Random;
  readonly #counts: Killed;
  #syncs = 0;
  #rate = 0;
  #agent: Side | undefined;
  #gateway: Side | undefined;
  /** Of this sync. */
  #stretches: Stretch[] = [];
  readonly #acknowledged = new Set<string>();
  #onAcknowledged: () => void = () => undefined;

  private constructor(
    scene: Scene,
    disks: readonly WatchedDisk[],
    line: FaultyLine,
    random: Random,
    counts: Killed,
  ) {
    this.#scene = scene;
    this.#disks = disks;
    this.#line = line;
    this.#random = random;
    this.#counts = counts;
  }

  static async start(random: Random, counts: Killed): Promise<Round> {
    const scene = await makeScene();
    const disks: WatchedDisk[] = [];
    for (const [index, sizeBytes] of diskBytes.entries()) {
      disks.push(await WatchedDisk.open(await makePair(scene, `${index}`, sizeBytes, []), random));
    }
    // Where it leads to is known when a gateway listens.
    return new Round(scene, disks, await FaultyLine.start(0), random, counts);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent?.kill();
    await this.#gateway?.kill();
    this.#line[Symbol.dispose]();
    for (const disk of this.#disks) await disk.close();
    await this.#scene[Symbol.asyncDispose]();
  }

  /** With at most so many moments of killing: it may be through before. */
  async sync(moments: number): Promise<void> {
    this.#syncs += 1;
    this.#rate = rates[Math.floor(this.#random() * rates.length)] ?? 0;
    this.#acknowledged.clear();
    this.#stretches = [];
    for (const disk of this.#disks) {
      disk.beginSync();
      for (let times = 0; times < changesPerSync; times += 1) await disk.change();
    }
    this.#gateway?.tell(this.#sessionId);
    let stretch = this.#begin(await this.#compare("acknowledged"));
    let hasChanged = false;
    for (let left = moments; left > 0; left -= 1) {
      if (!(await this.#comesBeforeEnd(this.#moment(stretch)))) break;
      await this.#killSome();
      stretch.leftBytes = await this.#compare("acknowledged");
      let lackingBytes = stretch.leftBytes;
      if (this.#agent === undefined && this.#random() < 0.7) {
        hasChanged = true;
        for (const disk of this.#disks)
          await (this.#random() < 0.3 ? disk.change() : disk.changeBack());
        lackingBytes = await this.#compare("acknowledged");
      }
      stretch = this.#begin(lackingBytes);
    }
    await this.#comesBeforeEnd(new Promise(() => undefined));
    this.#agent = undefined;
    // A volume that was through before its disk changed is brought up to date by the next sync.
    stretch.leftBytes = await this.#compare(hasChanged ? "acknowledged" : "all");
    this.#countLine();
    this.#counts.syncs += 1;
  }

  get #sessionId(): string {
    return `s${this.#syncs}`;
  }

  /** Begins a stretch: what is not there is started. */
  #begin(lackingBytes: number): Stretch {
    const crossing = this.#line.crossings.length;
    const stretch = { crossing, lackingBytes, leftBytes: lackingBytes };
    this.#stretches.push(stretch);
    this.#gateway ??= this.#start({ role: "gateway", port: 0 });
    this.#agent ??= this.#start({ role: "agent", port: this.#line.port, rate: this.#rate });
    return stretch;
  }

  #start(task: { role: "gateway"; port: number } | { role: "agent"; port: number; rate: number }) {
    const { folder, gateway, agent } = this.#scene;
    const pairs = this.#disks.map(({ pair }) => pair);
    const scene = { folder, gateway, agent };
    return new Side({ ...task, scene, pairs, sessionId: this.#sessionId }, (news) => {
      if (news.kind === "listening") this.#line.farPort = news.port;
      if (news.kind !== "acknowledged") return;
      this.#disks.find(({ pair }) => pair.diskId === news.diskId)?.acknowledge(news.range);
      this.#acknowledged.add(`${news.diskId}:${news.range}`);
      this.#onAcknowledged();
    });
  }

  /** After some time, after some bytes, or after some acknowledgements. */
  #moment({ lackingBytes }: Stretch): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const kind = this.#random();
    const share = this.#random();
    if (kind < 0.4) {
      setTimeout(resolve, share * mostDelayMs).unref();
    } else if (kind < 0.7) {
      this.#line.after("up", share * lackingBytes, resolve);
    } else {
      let left = 1 + Math.floor(share * rangesOfAll);
      this.#onAcknowledged = () => {
        left -= 1;
        if (left === 0) resolve();
      };
    }
    return promise;
  }

  /** @returns false when the sync ended first */
  async #comesBeforeEnd(moment: Promise<void>): Promise<boolean> {
    const patience = new AbortController();
    const { signal } = patience;
    const hangs = delay(patienceMs, undefined, { signal }).then(() => {
      throw new Error(`sync ${this.#sessionId} did not end within ${patienceMs / 1000} s`);
    });
    hangs.catch(() => undefined);
    try {
      return await Promise.race([
        moment.then(() => true),
        this.#agent?.ended.then(() => false) ?? false,
        // It ends only by a fault.
        this.#gateway?.ended.then(() => false) ?? false,
        hangs,
      ]);
    } finally {
      patience.abort();
    }
  }

  /** The agent, the gateway, or both at once. */
  async #killSome(): Promise<void> {
    const isMidway = this.#acknowledged.size > 0 && this.#acknowledged.size < rangesOfAll;
    const which = this.#random();
    const [agent, gateway] = [
      which < 0.65 ? this.#agent : undefined,
      which > 0.35 ? this.#gateway : undefined,
    ];
    await Promise.all([agent?.kill(), gateway?.kill()]);
    if (agent !== undefined) this.#agent = undefined;
    if (gateway !== undefined) this.#gateway = undefined;
    const killed = Number(agent !== undefined) + Number(gateway !== undefined);
    this.#counts.agentKills += Number(agent !== undefined);
    this.#counts.gatewayKills += Number(gateway !== undefined);
    this.#counts.midway += isMidway ? killed : 0;
  }

  /** @returns what the volumes lack */
  async #compare(which: "acknowledged" | "all"): Promise<number> {
    let lackingBytes = 0;
    for (const disk of this.#disks) {
      const found = await disk.compare(which);
      this.#counts.comparedBlocks += found.compared;
      this.#counts.lostBlocks += found.lost;
      lackingBytes += found.lackingBytes;
    }
    return lackingBytes;
  }

  #countLine(): void {
    for (const [index, { crossing, lackingBytes, leftBytes }] of this.#stretches.entries()) {
      const end = this.#stretches[index + 1]?.crossing;
      const crossings = this.#line.crossings.slice(crossing, end);
      const sentBytes = crossings.reduce((sum, { up }) => sum + up.passedBytes, 0);
      this.#counts.sentBytes += sentBytes;
      this.#counts.vainBytes += sentBytes - (lackingBytes - leftBytes);
      const excessBytes = sentBytes - lackingBytes;
      this.#counts.mostExcessBytes = Math.max(this.#counts.mostExcessBytes, excessBytes);
    }
  }
}

/** A process of one side. */
class Side {
  readonly #child: ChildProcess;
  #isKilled = false;
  /** Resolves when it has ended and all it told was heard; rejects when that was a fault. */
  readonly ended: Promise<void>;

  constructor(task: ProcessTask, onNews: (news: ProcessNews) => void) {
    const { child } = startProcess(task);
    this.#child = child;
    child.on("message", onNews);
    const heard = once(child, "disconnect");
    this.ended = once(child, "exit").then(async ([status]) => {
      await heard;
      if (this.#isKilled || (status === 0 && task.role === "agent")) return;
      throw new Error(`the ${task.role} ended by itself, with status ${status}`);
    });
    this.ended.catch(() => undefined);
  }

  tell(sessionId: string): void {
    this.#child.send(sessionId);
  }

  async kill(): Promise<void> {
    this.#isKilled = true;
    this.#child.kill("SIGKILL");
    // Of a fault of its own hears whoever waited for it.
    await this.ended.catch(() => undefined);
  }
}
