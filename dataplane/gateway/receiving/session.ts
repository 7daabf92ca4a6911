import { z } from "zod";
import type { Status } from "#dataplane/wire/messages.ts";
import { type ErrorFacts, MigrationError } from "#domain/errors.ts";
import { errorFacts, fingerprint, syncMode, volumeResult } from "#domain/protocol/facts.ts";
import type { sessionState } from "#domain/protocol/gateway.ts";
import { bottlenecks } from "#domain/server.ts";
import type { FoundVolume } from "./maps.ts";

export type SessionState = z.output<typeof sessionState>;
type VolumeResult = z.output<typeof volumeResult>;

export const receiverOrder = z.object({
  serverId: z.string(),
  mode: syncMode,
  agentFingerprint: fingerprint,
  volumes: z
    .array(
      z.object({
        diskId: z.string(),
        volumeId: z.string(),
        sizeBytes: z.number().int().positive(),
        path: z.string(),
        /** By which its device was found; absent when it was found by its place. */
        serial: z.string().optional(),
      }),
    )
    .min(1),
});
export type ReceiverOrder = z.output<typeof receiverOrder>;

/** A session as it is kept on disk. */
export const sessionRecord = z.object({
  sessionId: z.string(),
  order: receiverOrder,
  state: z.enum(["running", "done", "failed", "stopped"]),
  startedAt: z.string(),
  endedAt: z.string().optional(),
  /** Volumes that were confirmed, by volume id. */
  results: z.record(z.string(), volumeResult),
  error: errorFacts.optional(),
});
export type SessionRecord = z.output<typeof sessionRecord>;

/** Passes of a session that are told apart; older ones are forgotten. */
const mostPasses = 64;

const noCounts = {
  ...{
    doneBytes: 0,
    readBytes: 0,
    sentBytes: 0,
    writtenBytes: 0,
    changedBytes: 0,
    skippedBytes: 0,
  },
};

/** One session: what is kept of it, and what is only known while it runs. */
export class Session {
  readonly record: SessionRecord;
  /** The agent's pass over the disks that is let in now. */
  #passId: string | undefined;
  /** In the order of their first hello. More than one means that the agent was started anew. */
  #passes: string[] = [];
  readonly #reported = new Set<string>();
  status: Status | undefined;
  savesUnderWay = 0;
  /** The pass ends that came so far. */
  confirming: Promise<void> = Promise.resolve();
  readonly ended = Promise.withResolvers<void>();
  /**
   * By volume id, once its devices were looked up by this process. After a restart of the machine the
   * paths of the record may belong to other volumes, so until then nobody is let in.
   */
  found: ReadonlyMap<string, FoundVolume> | undefined;

  constructor(record: SessionRecord) {
    this.record = record;
    if (record.state !== "running") this.ended.resolve();
  }

  get id(): string {
    return this.record.sessionId;
  }

  get isRunning(): boolean {
    return this.record.state === "running";
  }

  /** Undefined until the first one was let in. */
  get passId(): string | undefined {
    return this.#passId;
  }

  /** How a pass stands to the one that is let in now. One that was never heard of is newer. */
  meet(passId: string): "current" | "newer" | "older" {
    if (passId === this.#passId) return "current";
    if (!this.#passes.includes(passId)) this.#passes = [...this.#passes, passId].slice(-mostPasses);
    return this.#passes.indexOf(passId) > this.#passes.indexOf(this.#passId ?? "")
      ? "newer"
      : "older";
  }

  /** What was told of the pass before says nothing about this one. */
  letIn(passId: string): void {
    this.#passId = passId;
    this.status = undefined;
  }

  /** True once for each pass. */
  isFirstReport(passId: string): boolean {
    if (this.#reported.has(passId)) return false;
    // Whoever makes them up by the thousand fills the log, and not the memory.
    if (this.#reported.size >= mostPasses) this.#reported.clear();
    this.#reported.add(passId);
    return true;
  }

  /** What the record says is not yet what a restart would find. */
  get isBeingSaved(): boolean {
    return this.savesUnderWay > 0;
  }

  get isComplete(): boolean {
    return this.record.order.volumes.every(({ volumeId }) => volumeId in this.record.results);
  }

  /** Nothing is written: blocks that differ are noted. */
  get isComparing(): boolean {
    return this.record.order.mode === "compare";
  }

  confirm(volume: number, rootHash: string, differences: VolumeResult["differences"]): void {
    const { volumeId, sizeBytes } = this.#volume(volume);
    this.record.results[volumeId] = {
      ...this.#progressOf(volume),
      doneBytes: sizeBytes,
      rootHash,
      ...(differences === undefined ? {} : { differences }),
    };
  }

  end(state: "done" | "failed" | "stopped", at: Date, error?: ErrorFacts): void {
    if (!this.isRunning) return;
    this.record.state = state;
    this.record.endedAt = at.toISOString();
    if (error !== undefined) this.record.error = { code: error.code, params: { ...error.params } };
  }

  state(isAgentHere: boolean): SessionState {
    const { record } = this;
    switch (record.state) {
      case "done":
        return { state: "done", result: { volumes: this.#results(), seconds: this.#seconds() } };
      case "failed":
        return {
          state: "failed",
          error: record.error ?? { code: "internal.unexpected", params: {} },
        };
      case "stopped":
        return { state: "stopped" };
      case "running":
        return { state: "running", progress: this.#progress(isAgentHere) };
    }
  }

  #progress(isAgentHere: boolean) {
    return {
      volumes: this.record.order.volumes.map(
        ({ volumeId }, index) => this.record.results[volumeId] ?? this.#progressOf(index),
      ),
      rateBytesPerSecond: isAgentHere ? (this.status?.rateBytesPerSecond ?? 0) : 0,
      ...(isAgentHere && this.status?.etaSeconds !== undefined
        ? { etaSeconds: this.status.etaSeconds }
        : {}),
      bottleneck:
        bottlenecks.find((name) => name === this.status?.bottleneck) ?? ("unknown" as const),
      waitingForAgent: !isAgentHere,
    };
  }

  #progressOf(index: number) {
    const { diskId, volumeId, sizeBytes } = this.#volume(index);
    const counts = this.status?.volumes.find((volume) => volume.volumeId === volumeId) ?? noCounts;
    return {
      diskId,
      volumeId,
      totalBytes: sizeBytes,
      doneBytes: Math.min(counts.doneBytes, sizeBytes),
      readBytes: counts.readBytes,
      sentBytes: counts.sentBytes,
      writtenBytes: counts.writtenBytes,
      changedBytes: counts.changedBytes,
      skippedBytes: counts.skippedBytes,
    };
  }

  #results() {
    return this.record.order.volumes.flatMap(({ volumeId }) => this.record.results[volumeId] ?? []);
  }

  #seconds(): number {
    const endedAt = this.record.endedAt ?? this.record.startedAt;
    return (Date.parse(endedAt) - Date.parse(this.record.startedAt)) / 1000;
  }

  #volume(index: number) {
    const volume = this.record.order.volumes[index];
    if (volume === undefined) {
      throw new MigrationError("wire.protocol", {
        peer: "Agent",
        problem: `it speaks of volume ${index}`,
      });
    }
    return volume;
  }
}
