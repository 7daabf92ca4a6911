/** What tests of a whole copy need: disks, a gateway and an agent, here or as processes of their own. */

import { type ChildProcess, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { mkdtemp, open, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { type Limits, noLimits } from "#domain/copy-limits.ts";
import type { LineMeasure } from "#domain/line.ts";
import type { SyncOrder } from "#domain/protocol/agent.ts";
import type { Progress, SyncMode } from "#domain/protocol/facts.ts";
import type { VerifiedVolume } from "#domain/protocol/gateway.ts";
import { replicate } from "./agent/replicate.ts";
import type { Tracker } from "./agent/tracking/tracker.ts";
import { type Receiver, type ReceiverLog, startReceiver } from "./gateway/receiver.ts";
import { createIdentity, type Identity } from "./wire/identity.ts";
import type { Waits } from "./wire/limits.ts";

export interface Pair {
  diskId: string;
  volumeId: string;
  sizeBytes: number;
  /** The source's disk and the gateway's volume, both files. */
  diskPath: string;
  volumePath: string;
}

export interface Scene {
  folder: string;
  gateway: Identity;
  agent: Identity;
  logged: string[];
  log: ReceiverLog;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function makeScene(): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), "hypermotion-copy-"));
  const logged: string[] = [];
  const keep = (facts: object, message: string) => {
    logged.push(`${message} ${JSON.stringify(facts)}`);
  };
  return {
    folder,
    gateway: await createIdentity("gateway"),
    agent: await createIdentity("agent"),
    logged,
    log: { info: keep, warn: keep, error: keep },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** A disk of zeros with random bytes in each given place, and a fresh volume of the same size. */
export async function makePair(
  scene: Scene,
  name: string,
  sizeBytes: number,
  filled: { offsetBytes: number; lengthBytes: number }[],
): Promise<Pair> {
  const diskPath = join(scene.folder, `${name}.disk`);
  const volumePath = join(scene.folder, `${name}.volume`);
  for (const path of [diskPath, volumePath]) {
    await writeFile(path, "");
    await truncate(path, sizeBytes);
  }
  for (const place of filled) await scribble(diskPath, place.offsetBytes, place.lengthBytes);
  return { diskId: `disk-${name}`, volumeId: `volume-${name}`, sizeBytes, diskPath, volumePath };
}

/** Overwrites a place with random bytes. */
export async function scribble(
  path: string,
  offsetBytes: number,
  lengthBytes: number,
): Promise<void> {
  const file = await open(path, "r+");
  try {
    for (let at = 0; at < lengthBytes; at += 1024 * 1024) {
      const bytes = randomBytes(Math.min(1024 * 1024, lengthBytes - at));
      await file.write(bytes, 0, bytes.length, offsetBytes + at);
    }
  } finally {
    await file.close();
  }
}

export async function sha256(path: string, lengthBytes: number): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { end: lengthBytes - 1 }), hash);
  return hash.digest("hex");
}

export function startGateway(
  scene: Scene,
  {
    stateName = "state",
    port = 0,
    waits,
  }: { stateName?: string; port?: number; waits?: Waits | undefined } = {},
): Promise<Receiver> {
  return startReceiver({
    listen: "127.0.0.1",
    port,
    identity: scene.gateway,
    stateFolder: join(scene.folder, stateName),
    gatewayId: "gateway-1",
    log: scene.log,
    ...(waits === undefined ? {} : { waits }),
  });
}

/** Reads a pair's volume again, as a verification does. */
export function verify(
  receiver: Receiver,
  pair: Pair & { serial?: string },
  limit = 1000,
): Promise<VerifiedVolume> {
  const { diskId, volumeId, sizeBytes, volumePath: path, serial } = pair;
  const task = { diskId, volumeId, sizeBytes, path, serial, limit };
  return receiver.verify(task, () => undefined, new AbortController().signal);
}

export function receiverOrderOf(scene: Scene, pairs: Pair[], mode: SyncMode = "initial") {
  return {
    serverId: "server-1",
    mode,
    agentFingerprint: scene.agent.fingerprint,
    volumes: pairs.map(({ diskId, volumeId, sizeBytes, volumePath }) => ({
      diskId,
      volumeId,
      sizeBytes,
      path: volumePath,
    })),
  };
}

export function syncOrderOf(
  scene: Scene,
  pairs: Pair[],
  sessionId: string,
  port: number,
  rate = 0,
  mode: SyncMode = "initial",
): SyncOrder {
  return {
    sessionId,
    mode,
    gateway: {
      id: "gateway-1",
      host: "127.0.0.1",
      port,
      certificateFingerprint: scene.gateway.fingerprint,
    },
    disks: pairs.map(({ diskId, volumeId, sizeBytes }) => ({ diskId, volumeId, sizeBytes })),
    limits: { ...noLimits, rateBytesPerSecond: rate },
    quiesce: false,
  };
}

export function disksOf(pairs: Pair[]) {
  return pairs.map(({ diskId, sizeBytes, diskPath }) => ({ diskId, sizeBytes, path: diskPath }));
}

/** Files are not tracked: every pass compares all blocks. */
const noTracker: Pick<Tracker, "begin"> = {
  begin: async () => ({
    since: undefined,
    because: undefined,
    done: () => undefined,
    undone: () => undefined,
  }),
};

/** Runs the agent's side here. Resolves with the last progress. */
export async function copy(
  scene: Scene,
  pairs: Pair[],
  options: {
    sessionId: string;
    port: number;
    host?: string;
    rate?: number;
    mode?: SyncMode;
    identity?: Identity;
    tracker?: Pick<Tracker, "begin">;
    findFree?: Parameters<typeof replicate>[0]["findFree"];
    limits?: () => Limits;
    signal?: AbortSignal;
    onProgress?: (progress: Progress) => void;
    /** Measures the line first. */
    onLine?: (line: LineMeasure) => void;
    onAcknowledged?: (diskId: string, range: number) => void;
    waits?: Waits | undefined;
  },
): Promise<Progress> {
  let last: Progress | undefined;
  const { sessionId, port, rate, mode, onLine } = options;
  const order = syncOrderOf(scene, pairs, sessionId, port, rate, mode);
  const gateway = { ...order.gateway, host: options.host ?? order.gateway.host };
  await replicate({
    order: { ...order, gateway, measureLine: onLine !== undefined },
    ...(onLine === undefined ? {} : { onLine }),
    disks: disksOf(pairs),
    identity: options.identity ?? scene.agent,
    tracker: options.tracker ?? noTracker,
    ...(options.findFree === undefined ? {} : { findFree: options.findFree }),
    ...(options.limits === undefined ? {} : { limits: options.limits }),
    ...(options.waits === undefined ? {} : { waits: options.waits }),
    ...(options.onAcknowledged === undefined ? {} : { onAcknowledged: options.onAcknowledged }),
    onProgress: (progress) => {
      last = progress;
      options.onProgress?.(progress);
    },
    signal: options.signal ?? new AbortController().signal,
  });
  if (last === undefined) throw new Error("a copy without any progress");
  return last;
}

export type ProcessTask =
  | {
      role: "gateway";
      scene: Pick<Scene, "folder" | "gateway" | "agent">;
      pairs: Pair[];
      /** Opened at the start. Others follow: send the process their ids. */
      sessionId: string;
      port: number;
      host?: string;
    }
  | {
      role: "agent";
      scene: Pick<Scene, "folder" | "gateway" | "agent">;
      pairs: Pair[];
      sessionId: string;
      port: number;
      host?: string;
      measureLine?: boolean;
      /** May be changed while it runs: send the process another number. */
      rate: number;
    };

export type ProcessNews =
  | { kind: "listening"; port: number }
  | { kind: "line"; line: LineMeasure }
  | { kind: "progress"; progress: Progress }
  | { kind: "acknowledged"; diskId: string; range: number }
  | { kind: "done"; progress: Progress };

/** Compiled code is kept, as the programs keep it (node-version.mjs): a start takes half the time. */
const compiled = join(import.meta.dirname, "../node_modules/.cache/hypermotion-compiled");

/**
 * One side in a process of its own, to be killed or slowed down.
 * @param inside in front of its command, to run it in a network namespace
 */
export function startProcess(
  task: ProcessTask,
  inside: readonly string[] = [],
): {
  child: ChildProcess;
  next: (kind: ProcessNews["kind"]) => Promise<ProcessNews>;
} {
  const program = join(import.meta.dirname, "copy-process.ts");
  const [command = "", ...args] = [...inside, process.execPath, program, JSON.stringify(task)];
  const child = spawn(command, args, {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
    env: { ...process.env, NODE_COMPILE_CACHE: compiled },
  });
  const next = async (kind: ProcessNews["kind"]) => {
    for (;;) {
      const [news] = (await once(child, "message")) as [ProcessNews];
      if (news.kind === kind) return news;
    }
  };
  return { child, next };
}

export async function kill(child: ChildProcess): Promise<void> {
  const gone = once(child, "exit");
  child.kill("SIGKILL");
  await gone;
}
