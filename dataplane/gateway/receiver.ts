/**
 * The writing side of a copy: takes blocks from agents and keeps them on volumes.
 *
 *   agent ══ TLS ══▶ lane (thread) ──▶ volume file, block map      bytes
 *                      │ hello, claims, acknowledgements, ends
 *                      ▼
 *                    receiver ──▶ sessions on disk                 decisions
 */

import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { findJsonFile, writeJsonFile } from "#dataplane/json-file.ts";
import { type Hello, protocolVersion } from "#dataplane/wire/frames.ts";
import { blockBytes, blocksPerRange } from "#dataplane/wire/geometry.ts";
import type { Identity } from "#dataplane/wire/identity.ts";
import { protocolWaits, streamsPerSession, type Waits } from "#dataplane/wire/limits.ts";
import type { Welcome } from "#dataplane/wire/messages.ts";
import { type ErrorFacts, errorFromFacts, factsOf, MigrationError } from "#domain/errors.ts";
import type { VerifiedVolume } from "#domain/protocol/gateway.ts";
import { Claims } from "./receiving/claims.ts";
import { readFindings } from "./receiving/findings.ts";
import type { FromLane, LaneVolume } from "./receiving/lane-messages.ts";
import { Lanes } from "./receiving/lanes.ts";
import { BlockMaps, type FoundVolume } from "./receiving/maps.ts";
import {
  type ReceiverOrder,
  receiverOrder,
  Session,
  type SessionState,
  sessionRecord,
} from "./receiving/session.ts";
import { verifyOnThread } from "./receiving/verifying.ts";

export type { ReceiverOrder, SessionState };

/** What a receiver tells about itself; pino fits. */
export interface ReceiverLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

export interface ReceiverOptions {
  listen: string;
  /** 0 lets the system choose. */
  port: number;
  identity: Identity;
  /** Block maps and sessions are kept here. */
  stateFolder: string;
  gatewayId: string;
  log: ReceiverLog;
  /** The protocol's unless given. */
  waits?: Waits;
}

export interface Receiver {
  readonly port: number;
  /** Lets the agent in. May be repeated, also after a restart; a session that has ended stays ended. */
  open(sessionId: string, order: ReceiverOrder): Promise<void>;
  state(sessionId: string): SessionState | undefined;
  /** Resolves when the session is done, failed or stopped. */
  waitForEnd(sessionId: string): Promise<SessionState>;
  /** Ends a running session; what is acknowledged stays on its volumes. */
  /** @param failure what its agent is told, where it is not just that it was stopped */
  stop(sessionId: string, failure?: ErrorFacts): Promise<void>;
  /**
   * Keeps sessions off these volumes until the function it returns is called.
   * @throws `volume.in-use` when a session writes to one of them, `not-ready` when another verification has one
   */
  reserve(verificationId: string, volumeIds: readonly string[]): () => void;
  /**
   * Reads the volume again and compares it with its block map; changes neither.
   * @throws `volume.swapped` when the map speaks of another volume; what else opening it for a copy throws
   */
  verify(
    volume: VolumeToVerify,
    onBytes: (lengthBytes: number) => void,
    signal: AbortSignal,
  ): Promise<VerifiedVolume>;
  /** Forgets what the block map says where the volume was found to be unlike it, so that the next sync heals it. */
  distrust(found: VerifiedVolume): Promise<void>;
  /** Drops a volume's block map and the ended sessions that speak of it. */
  forget(volumeId: string): Promise<void>;
  sessions(): { sessionId: string; state: SessionState["state"] }[];
  close(): Promise<void>;
}

export interface VolumeToVerify {
  readonly diskId: string;
  readonly volumeId: string;
  readonly sizeBytes: number;
  readonly path: string;
  /** By which its device was found; absent when it was found by its place. */
  readonly serial?: string | undefined;
  /** Extents listed at most. */
  readonly limit: number;
}

/** Extents that a session lists of each of its volumes, of all together at most as many as a record holds. */
const mostExtents = 1000;

/** Ended sessions are kept this long, so that an agent that missed the end still hears of it. */
const keepEndedMs = 7 * 24 * 3600 * 1000;

/** Returns when it listens, with the sessions of the last start running again. */
export async function startReceiver(options: ReceiverOptions): Promise<Receiver> {
  const receiver = new BlockReceiver(options);
  await receiver.start();
  return receiver;
}

interface Visitor {
  readonly key: string;
  readonly lane: number;
  readonly connection: number;
  readonly session: Session;
  readonly fingerprint: string;
}

class BlockReceiver implements Receiver {
  readonly #options: ReceiverOptions;
  readonly #sessions = new Map<string, Session>();
  readonly #visitors = new Map<string, Visitor>();
  readonly #maps: BlockMaps;
  /** Volume id → the verification that reads it. */
  readonly #reserved = new Map<string, string>();
  readonly #claims = new Claims((owner) => this.#drop(owner));
  #lanes: Lanes | undefined;
  #opening: Promise<void> = Promise.resolve();
  /** Session files are written one after the other. */
  #saving: Promise<void> = Promise.resolve();

  constructor(options: ReceiverOptions) {
    this.#options = options;
    this.#maps = new BlockMaps(join(options.stateFolder, "maps"), options.gatewayId);
  }

  get port(): number {
    return this.#lanes?.port ?? this.#options.port;
  }

  async start(): Promise<void> {
    await this.#loadSessions();
    const { listen, port, gatewayId, identity, waits = protocolWaits } = this.#options;
    const { certificatePem, privateKeyPem } = identity;
    // Two threads even on one CPU, so that one that waits for a volume leaves the other.
    const count = Math.min(4, Math.max(2, availableParallelism()));
    const settings = { listen, port, gatewayId, certificatePem, privateKeyPem, waits };
    this.#lanes = await Lanes.start(settings, count, (lane, event) => {
      if (event.kind === "message") this.#onLane(lane, event.message);
      else this.#onLaneDeath(lane, event.problem);
    });
    await this.#allow();
  }

  // --- what the daemon asks ---

  open(sessionId: string, order: ReceiverOrder): Promise<void> {
    const open = () => this.#open(sessionId, receiverOrder.parse(order));
    // One after the other: two that make the same volume's map at once would undo each other's.
    this.#opening = this.#opening.then(open, open);
    return this.#opening;
  }

  async #open(sessionId: string, asked: ReceiverOrder): Promise<void> {
    const known = this.#sessions.get(sessionId);
    if (known !== undefined && !known.isRunning) return;
    this.#refuseSharing(sessionId, asked);
    for (const { volumeId } of asked.volumes) this.#refuseReserved(volumeId, sessionId);
    const found = new Map<string, FoundVolume>();
    for (const volume of asked.volumes) {
      found.set(volume.volumeId, await this.#maps.ensure(volume, known !== undefined));
    }
    const session = this.#sessions.get(sessionId) ?? newSession(sessionId, asked);
    if (session.isComparing) await this.#makeFindings(session);
    // Devices may have other names after a restart, and an agent another certificate.
    session.record.order = asked;
    session.found = found;
    this.#sessions.set(sessionId, session);
    await this.#save(session);
    await this.#allow();
    for (const { key, fingerprint } of this.#visitorsOf(session)) {
      if (fingerprint !== asked.agentFingerprint) this.#drop(key);
    }
  }

  state(sessionId: string): SessionState | undefined {
    const session = this.#sessions.get(sessionId);
    return session?.state(this.#visitorsOf(session).length > 0);
  }

  async waitForEnd(sessionId: string): Promise<SessionState> {
    const session = this.#get(sessionId);
    await session.ended.promise;
    return session.state(false);
  }

  async stop(sessionId: string, failure?: ErrorFacts): Promise<void> {
    const session = this.#get(sessionId);
    await this.#end(session, failure === undefined ? "stopped" : "failed", failure);
  }

  reserve(verificationId: string, volumeIds: readonly string[]): () => void {
    for (const volumeId of volumeIds) {
      const writing = this.#runningSessionOf(volumeId);
      if (writing !== undefined)
        throw new MigrationError("volume.in-use", { volume: volumeId, session: writing.id });
      this.#refuseReserved(volumeId, verificationId);
    }
    for (const volumeId of volumeIds) this.#reserved.set(volumeId, verificationId);
    return () => {
      for (const volumeId of volumeIds) this.#reserved.delete(volumeId);
    };
  }

  #refuseReserved(volumeId: string, by: string): void {
    const reader = this.#reserved.get(volumeId);
    if (reader === undefined || reader === by) return;
    throw new MigrationError("not-ready", {
      what: `volume ${volumeId}`,
      state: `verification ${reader} reads it`,
    });
  }

  async verify(
    volume: VolumeToVerify,
    onBytes: (lengthBytes: number) => void,
    signal: AbortSignal,
  ): Promise<VerifiedVolume> {
    const identity = await this.#maps.recognize(volume);
    const mapPath = this.#maps.pathOf(volume.volumeId);
    const { gatewayId } = this.#options;
    return verifyOnThread({ ...volume, identity, mapPath, gatewayId }, onBytes, signal);
  }

  distrust({ volumeId, differences }: VerifiedVolume): Promise<void> {
    return this.#maps.distrust(volumeId, differences);
  }

  async forget(volumeId: string): Promise<void> {
    const using = this.#runningSessionOf(volumeId);
    if (using !== undefined)
      throw new MigrationError("volume.in-use", { volume: volumeId, session: using.id });
    await this.#maps.forget(volumeId);
    for (const session of [...this.#sessions.values()]) {
      if (!session.record.order.volumes.some((volume) => volume.volumeId === volumeId)) continue;
      this.#sessions.delete(session.id);
      await rm(this.#fileOf(session.id), { force: true });
      await this.#removeFindings(session);
    }
    await this.#allow();
  }

  sessions(): { sessionId: string; state: SessionState["state"] }[] {
    return [...this.#sessions.values()].map(({ id, record }) => ({
      sessionId: id,
      state: record.state,
    }));
  }

  async close(): Promise<void> {
    await this.#lanes?.close();
    await this.#saving;
  }

  // --- what lanes tell ---

  #onLane(lane: number, message: FromLane): void {
    switch (message.kind) {
      case "listening":
      case "allowed":
        return;
      case "log":
        this.#options.log[message.level](message.facts, message.message);
        return;
      case "hello":
        this.#onHello(lane, message);
        return;
      case "closed":
        this.#forgetVisitor(keyOf(lane, message.connection));
        return;
    }
    const visitor = this.#visitors.get(keyOf(lane, message.connection));
    if (visitor === undefined) return;
    const { session, key } = visitor;
    switch (message.kind) {
      case "claim": {
        const { connection, volume, range } = message;
        if (!session.isRunning) {
          this.#drop(key);
          return;
        }
        this.#claims.claim(this.#rangeKey(session, volume, range), key, () =>
          this.#lanes?.send(lane, { kind: "claimed", connection, volume, range }),
        );
        return;
      }
      case "acknowledged":
        this.#claims.release(this.#rangeKey(session, message.volume, message.range), key);
        return;
      case "status":
        session.status = message.status;
        return;
      case "passEnd":
        // One after the other: a session's connections may all say so, of each of its volumes.
        session.confirming = session.confirming.then(() =>
          this.#background(session, this.#onPassEnd(visitor, message.volume, message.root)),
        );
        return;
      case "failed":
        void this.#background(session, this.#end(session, "failed", message.facts));
        return;
    }
  }

  #onHello(lane: number, message: FromLane & { kind: "hello" }): void {
    const { connection, hello, address } = message;
    const refuse = (facts: ErrorFacts) =>
      this.#lanes?.send(lane, { kind: "refuse", connection, facts });
    const session = this.#sessions.get(hello.sessionId);
    if (session === undefined) {
      // The agent's order may be faster than ours: it tries again.
      refuse(
        new MigrationError("not-ready", { what: "session", state: "not open here yet" }).facts,
      );
      return;
    }
    if (session.record.order.agentFingerprint !== message.fingerprint) {
      this.#options.log.warn(
        { address, sessionId: session.id },
        "an agent asked for a session of another agent",
      );
      // Not a byte: whoever it is learns nothing about a session that is not its own.
      this.#lanes?.send(lane, { kind: "drop", connection });
      return;
    }
    const mismatch = mismatchOf(hello);
    if (mismatch !== undefined) {
      refuse(
        new MigrationError("wire.protocol", { peer: `The agent at ${address}`, problem: mismatch })
          .facts,
      );
      return;
    }
    if (session.isBeingSaved) {
      // A welcome says what is done, and an agent that hears so goes home: it must be true after a kill too.
      refuse(
        new MigrationError("not-ready", { what: "session", state: "its record is being written" })
          .facts,
      );
      return;
    }
    if (session.record.state === "failed" || session.record.state === "stopped") {
      refuse(endFacts(session));
      return;
    }
    if (session.isRunning && session.found === undefined) {
      refuse(
        new MigrationError("not-ready", { what: "session", state: "its volumes are looked for" })
          .facts,
      );
      return;
    }
    const standing = session.meet(hello.passId);
    const present = this.#visitorsOf(session);
    if (standing === "older" && present.length > 0) {
      // Were it let in, two agents with one identity would push each other out for ever.
      if (session.isFirstReport(hello.passId)) {
        this.#options.log.warn(
          { address, sessionId: session.id },
          "a former pass came back while a newer one is at work: do two agents share one identity?",
        );
      }
      refuse(
        new MigrationError("not-ready", { what: "session", state: "used by a newer pass" }).facts,
      );
      return;
    }
    if (standing !== "current") {
      // The agent was started anew; what its former self still had on the way is not wanted any more.
      for (const visitor of present) this.#drop(visitor.key);
      session.letIn(hello.passId);
    }
    if (this.#visitorsOf(session).length >= streamsPerSession) {
      this.#options.log.warn(
        { address, sessionId: session.id },
        "closed a connection: too many streams",
      );
      this.#lanes?.send(lane, { kind: "drop", connection });
      return;
    }
    const key = keyOf(lane, connection);
    const { fingerprint } = message;
    this.#visitors.set(key, { key, lane, connection, session, fingerprint });
    this.#lanes?.send(lane, {
      kind: "welcome",
      connection,
      volumes: this.#laneVolumes(session),
      welcome: { ...welcomeOf(session), lane, lanes: this.#lanes?.count ?? 1, probes: true },
    });
    this.#options.log.info(
      { address, sessionId: session.id, stream: hello.stream },
      "agent connected",
    );
  }

  /** All blocks of a volume were acknowledged: both sides must have come to the same root. */
  async #onPassEnd(visitor: Visitor, volume: number, root: string): Promise<void> {
    const { session, lane, connection } = visitor;
    const volumeId = session.record.order.volumes[volume]?.volumeId;
    if (volumeId === undefined) return;
    if (!session.isRunning) {
      // Said again on another stream: the answer may have been on a line that broke.
      if (session.isComplete) this.#lanes?.send(lane, { kind: "volumeDone", connection, volume });
      return;
    }
    const kept = await this.#maps.root(volumeId);
    // What a comparison met may be a volume that no sync has finished.
    const isIncomplete = session.isComparing && !("root" in kept);
    if (!isIncomplete && (!("root" in kept) || kept.root !== root)) {
      const problem =
        "root" in kept
          ? `root hash ${root}, the gateway has ${kept.root}`
          : `range ${kept.missingRange} was never sent`;
      this.#options.log.error({ sessionId: session.id, volumeId }, problem);
      await this.#end(
        session,
        "failed",
        new MigrationError("wire.protocol", { peer: "The agent", problem }).facts,
      );
      return;
    }
    const confirmed = session.record.order.volumes[volume];
    if (confirmed !== undefined) await this.#maps.leave(confirmed);
    session.confirm(volume, root, await this.#findingsOf(session, volume));
    if (session.isComplete) await this.#end(session, "done");
    else await this.#save(session);
    this.#lanes?.send(lane, { kind: "volumeDone", connection, volume });
  }

  #onLaneDeath(lane: number, problem: string): void {
    this.#options.log.error(
      { lane, problem },
      "a thread of the receiver died; its agents come again",
    );
    for (const visitor of [...this.#visitors.values()]) {
      if (visitor.lane === lane) this.#forgetVisitor(visitor.key);
    }
  }

  // --- sessions ---

  async #end(
    session: Session,
    state: "done" | "failed" | "stopped",
    facts?: ErrorFacts,
  ): Promise<void> {
    if (!session.isRunning) return;
    session.end(state, new Date(), facts);
    await this.#save(session);
    await this.#removeFindings(session);
    if (state !== "done") {
      for (const { lane, connection } of this.#visitorsOf(session)) {
        this.#lanes?.send(lane, { kind: "refuse", connection, facts: endFacts(session) });
      }
    }
    this.#options.log.info({ sessionId: session.id, state, ...(facts ?? {}) }, "session ended");
    session.ended.resolve();
  }

  /** Work that nobody waits for; when it fails, so does its session. */
  #background(session: Session, work: Promise<void>): Promise<void> {
    return work.catch((error: unknown) => {
      this.#options.log.error(
        { sessionId: session.id, problem: String(error) },
        "a session failed unexpectedly",
      );
      session.end("failed", new Date(), factsOf(error));
      session.ended.resolve();
    });
  }

  #refuseSharing(sessionId: string, order: ReceiverOrder): void {
    for (const { volumeId, path } of order.volumes) {
      for (const other of this.#sessions.values()) {
        if (other.id === sessionId || !other.isRunning) continue;
        if (
          other.record.order.volumes.some(
            (volume) => volume.volumeId === volumeId || volume.path === path,
          )
        ) {
          throw new MigrationError("volume.in-use", { volume: volumeId, session: other.id });
        }
      }
    }
  }

  #runningSessionOf(volumeId: string): Session | undefined {
    return [...this.#sessions.values()].find(
      (session) =>
        session.isRunning &&
        session.record.order.volumes.some((volume) => volume.volumeId === volumeId),
    );
  }

  #get(sessionId: string): Session {
    const session = this.#sessions.get(sessionId);
    if (session === undefined)
      throw new MigrationError("record.not-found", { kind: "session", id: sessionId });
    return session;
  }

  async #loadSessions(): Promise<void> {
    const folder = join(this.#options.stateFolder, "sessions");
    for (const name of await filesIn(folder)) {
      if (!name.endsWith(".json")) continue;
      const record = await findJsonFile(join(folder, name), sessionRecord);
      if (record === undefined) continue;
      const endedAt = record.endedAt === undefined ? Date.now() : Date.parse(record.endedAt);
      if (Date.now() - endedAt > keepEndedMs) await rm(join(folder, name), { force: true });
      else this.#sessions.set(record.sessionId, new Session(record));
    }
  }

  #fileOf(sessionId: string): string {
    return join(this.#options.stateFolder, "sessions", `${encodeURIComponent(sessionId)}.json`);
  }

  // --- what comparisons find ---

  #findingsPath(session: Session, volume: number): string {
    const name = `${encodeURIComponent(session.id)}-${volume}.jsonl`;
    return join(this.#options.stateFolder, "findings", name);
  }

  async #makeFindings(session: Session): Promise<void> {
    await mkdir(join(this.#options.stateFolder, "findings"), { recursive: true, mode: 0o700 });
    for (const volume of session.record.order.volumes.keys())
      await writeFile(this.#findingsPath(session, volume), "", { flag: "a", mode: 0o600 });
  }

  async #findingsOf(session: Session, volume: number) {
    const sizeBytes = session.record.order.volumes[volume]?.sizeBytes;
    if (!session.isComparing || session.passId === undefined || sizeBytes === undefined)
      return undefined;
    const limit = Math.max(10, Math.floor(mostExtents / session.record.order.volumes.length));
    return readFindings(this.#findingsPath(session, volume), session.passId, sizeBytes, limit);
  }

  async #removeFindings(session: Session): Promise<void> {
    if (!session.isComparing) return;
    for (const volume of session.record.order.volumes.keys())
      await rm(this.#findingsPath(session, volume), { force: true });
  }

  async #save(session: Session): Promise<void> {
    const save = () => writeJsonFile(this.#fileOf(session.id), session.record);
    session.savesUnderWay += 1;
    // One that failed was reported to its own caller.
    this.#saving = this.#saving.then(save, save);
    try {
      await this.#saving;
    } finally {
      session.savesUnderWay -= 1;
    }
  }

  async #allow(): Promise<void> {
    const fingerprints = [...this.#sessions.values()].map(
      ({ record }) => record.order.agentFingerprint,
    );
    await this.#lanes?.allow([...new Set(fingerprints)]);
  }

  // --- connections ---

  #visitorsOf(session: Session): Visitor[] {
    return [...this.#visitors.values()].filter((visitor) => visitor.session === session);
  }

  #drop(key: string): void {
    const visitor = this.#visitors.get(key);
    if (visitor !== undefined)
      this.#lanes?.send(visitor.lane, { kind: "drop", connection: visitor.connection });
  }

  #forgetVisitor(key: string): void {
    this.#visitors.delete(key);
    this.#claims.releaseAll(key);
  }

  #rangeKey(session: Session, volume: number, range: number): string {
    return `${session.record.order.volumes[volume]?.volumeId}:${range}`;
  }

  #laneVolumes(session: Session): LaneVolume[] {
    return session.record.order.volumes.map(({ volumeId, sizeBytes, path }, index) => ({
      volumeId,
      sizeBytes,
      path,
      mapPath: this.#maps.pathOf(volumeId),
      identity: session.found?.get(volumeId)?.identity,
      ...(session.isComparing ? { findingsPath: this.#findingsPath(session, index) } : {}),
    }));
  }
}

function newSession(sessionId: string, order: ReceiverOrder): Session {
  return new Session({
    sessionId,
    order,
    state: "running",
    startedAt: new Date().toISOString(),
    results: {},
  });
}

function welcomeOf(session: Session): Pick<Welcome, "version" | "volumes"> {
  return {
    version: protocolVersion,
    volumes: session.record.order.volumes.map(({ volumeId, sizeBytes }) => ({
      volumeId,
      sizeBytes,
      hashKey: session.found?.get(volumeId)?.hashKey,
      done: volumeId in session.record.results,
    })),
  };
}

function endFacts(session: Session): ErrorFacts {
  const { state, error, order } = session.record;
  if (state === "failed" && error !== undefined) return errorFromFacts(error).facts;
  return new MigrationError("sync.stopped", { server: order.serverId }).facts;
}

function mismatchOf(hello: Hello): string | undefined {
  if (hello.version !== protocolVersion)
    return `version ${hello.version}, this gateway speaks ${protocolVersion}`;
  if (hello.blockBytes === blockBytes && hello.blocksPerRange === blocksPerRange) return undefined;
  return `blocks of ${hello.blockBytes} bytes, ${hello.blocksPerRange} per range`;
}

function keyOf(lane: number, connection: number): string {
  return `${lane}:${connection}`;
}

async function filesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
