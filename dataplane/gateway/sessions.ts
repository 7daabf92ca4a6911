/**
 * Sessions from order to callback. An order is on disk before it is accepted, and how it ended before it
 * is reported; so a gateway that is killed takes everything up where it was.
 *
 *   PUT ─▶ record ─▶ receiver ─▶ heartbeats … ─▶ outcome in the record ─▶ callback until taken
 */
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { MigrationError } from "#domain/errors.ts";
import {
  type CallbackBody,
  type SessionOrder,
  type SessionState,
  sessionOrder,
  sessionState,
} from "#domain/protocol/gateway.ts";
import { pause } from "../backoff.ts";
import { deliver, sendHeartbeat } from "./callbacks.ts";
import { type DeviceFinder, findDevice, serialOf } from "./devices.ts";
import type { Log } from "./log.ts";
import type { Receiver, ReceiverOrder } from "./receiver.ts";
import type { RecordFolder } from "./record-folder.ts";

export const sessionRecord = z.object({
  order: sessionOrder,
  /** Of the machine when the order came; another one now means that it was restarted since. */
  openedBootId: z.string(),
  openedAt: z.string(),
  /** Absent while it runs. */
  outcome: sessionState.optional(),
  /** The console took the outcome, or nobody waits for it. */
  delivered: z.boolean().default(false),
});
type SessionRecord = z.output<typeof sessionRecord>;

export interface SessionDeps {
  readonly receiver: Receiver;
  readonly records: RecordFolder<SessionRecord>;
  readonly finder: DeviceFinder;
  readonly bootId: string;
  readonly log: Log;
  readonly heartbeatMs: number;
  /** How long a session may have no agent. */
  readonly agentLostMs: number;
  /** How long to wait for a volume's device to show up. */
  readonly deviceWaitMs: number;
  readonly now: () => Date;
}

interface SessionSummary {
  readonly sessionId: string;
  readonly state: SessionState["state"];
  /** True when the machine was restarted since the order came. */
  readonly restarted: boolean;
}

export interface Sessions {
  /** Takes up what a previous process left. */
  readonly resume: () => Promise<void>;
  /** May be repeated. A repeat with another callback moves the report there. */
  readonly open: (sessionId: string, order: SessionOrder) => Promise<SessionState>;
  readonly get: (sessionId: string) => SessionState;
  readonly stop: (sessionId: string) => Promise<void>;
  /** Stops what writes to this volume and drops the records of sessions that are over. */
  readonly releaseVolume: (volumeId: string) => Promise<void>;
  readonly list: () => SessionSummary[];
  readonly close: () => Promise<void>;
}

interface Session {
  record: SessionRecord;
  /** Resolves when the outcome is on disk. */
  ended: Promise<void>;
}

export function createSessions(deps: SessionDeps): Sessions {
  const { receiver, records, log } = deps;
  const sessions = new Map<string, Session>();
  const closing = new AbortController();
  const underWay = new Set<Promise<void>>();
  const turns = new Map<string, Promise<unknown>>();

  /** Two requests about one session follow each other. */
  function inTurn<T>(sessionId: string, work: () => Promise<T>): Promise<T> {
    const turn = (turns.get(sessionId) ?? Promise.resolve()).then(work, work);
    turns.set(sessionId, turn);
    return turn;
  }

  function inBackground(what: string, work: Promise<void>): void {
    const guarded = work
      .catch((error: unknown) => log.error({ what, error }, "unexpected trouble"))
      .finally(() => underWay.delete(guarded));
    underWay.add(guarded);
  }

  async function save(sessionId: string, session: Session, change: Partial<SessionRecord>) {
    session.record = { ...session.record, ...change };
    await records.save(sessionId, session.record);
  }

  /** Lets the agent in, and sees the session through to its outcome. */
  async function begin(sessionId: string, session: Session, volumes: ReceiverOrder["volumes"]) {
    const { serverId, mode, agentFingerprint } = session.record.order;
    await receiver.open(sessionId, { serverId, mode, agentFingerprint, volumes });
    session.ended = seeThrough(sessionId, session);
    inBackground(`session ${sessionId}`, session.ended);
  }

  async function seeThrough(sessionId: string, session: Session): Promise<void> {
    const over = new AbortController();
    const watching = watch(sessionId, session, AbortSignal.any([over.signal, closing.signal]));
    const closed = new Promise<undefined>((resolve) => {
      closing.signal.addEventListener("abort", () => resolve(undefined), { once: true });
    });
    const end = await Promise.race([receiver.waitForEnd(sessionId), closed]);
    over.abort();
    const verdict = await watching;
    if (end === undefined) return;
    await conclude(sessionId, session, verdict ?? { outcome: end, isWanted: true });
  }

  async function conclude(
    sessionId: string,
    session: Session,
    verdict: { outcome: SessionState; isWanted: boolean },
  ): Promise<void> {
    const { outcome, isWanted } = verdict;
    await save(sessionId, session, { outcome, delivered: !isWanted });
    if (isWanted) inBackground(`report of session ${sessionId}`, report(sessionId, session));
  }

  /** Heartbeats, and the judgement that a session has been left alone for too long. */
  async function watch(
    sessionId: string,
    session: Session,
    signal: AbortSignal,
  ): Promise<{ outcome: SessionState; isWanted: boolean } | undefined> {
    let aloneSince: number | undefined;
    while (!signal.aborted) {
      const state = receiver.state(sessionId);
      if (state?.state !== "running") return undefined;
      const { progress } = state;
      aloneSince = progress.waitingForAgent ? (aloneSince ?? performance.now()) : undefined;
      if (aloneSince !== undefined && performance.now() - aloneSince >= deps.agentLostMs) {
        const server = session.record.order.serverId;
        const seconds = Math.round(deps.agentLostMs / 1000);
        const lost = new MigrationError("sync.agent-lost", { server, seconds });
        log.warn({ sessionId }, lost.message);
        await receiver.stop(sessionId);
        return { outcome: { state: "failed", error: lost.facts }, isWanted: true };
      }
      const heartbeat = { kind: "heartbeat", progress } as const;
      const answer = await sendHeartbeat(session.record.order.callback, heartbeat, log, signal);
      if (answer === "unwanted") {
        log.warn({ sessionId }, "nobody waits for this session any more: it is stopped");
        await receiver.stop(sessionId);
        return { outcome: { state: "stopped" }, isWanted: false };
      }
      await pause(deps.heartbeatMs, signal);
    }
    return undefined;
  }

  async function report(sessionId: string, session: Session): Promise<void> {
    const { outcome, order } = session.record;
    if (outcome === undefined || outcome.state === "running") return;
    const body = reportOf(outcome, order.serverId);
    const isTaken = await deliver(order.callback, body, log, closing.signal);
    if (!isTaken || session.record.order.callback.url !== order.callback.url) return;
    await save(sessionId, session, { delivered: true });
  }

  async function findVolumes(
    order: SessionOrder,
    waitMs: number,
  ): Promise<ReceiverOrder["volumes"]> {
    return Promise.all(
      order.volumes.map(async ({ diskId, volumeId, sizeBytes, device }) => ({
        diskId,
        volumeId,
        sizeBytes,
        path: await waitForDevice(deps.finder, volumeId, device, waitMs, log, closing.signal),
        ...serialOf(device),
      })),
    );
  }

  async function takeUp(sessionId: string, session: Session): Promise<void> {
    const { record } = session;
    if (record.openedBootId !== deps.bootId) {
      log.warn(
        { sessionId },
        "the machine was restarted since this session began (its boot id changed)",
      );
    }
    try {
      // Looked for anew: after a restart of the machine a volume may have another name.
      const volumes = await findVolumes(record.order, deps.deviceWaitMs);
      await begin(sessionId, session, volumes);
      log.info({ sessionId }, "the session goes on after a restart");
    } catch (error) {
      if (!(error instanceof MigrationError) || closing.signal.aborted) throw error;
      const outcome: SessionState = { state: "failed", error: error.facts };
      // The receiver remembers it too, and would keep its volumes from every later session. Its agent, which
      // may have been quicker than our report, hears the same from it.
      session.record = { ...session.record, outcome };
      if (receiver.state(sessionId)?.state === "running") {
        await receiver.stop(sessionId, error.facts);
      }
      await conclude(sessionId, session, { outcome, isWanted: true });
    }
  }

  async function openNew(sessionId: string, order: SessionOrder): Promise<Session> {
    const volumes = await findVolumes(order, Math.min(deps.deviceWaitMs, 5_000));
    const record: SessionRecord = {
      order,
      openedBootId: deps.bootId,
      openedAt: deps.now().toISOString(),
      delivered: false,
    };
    const session: Session = { record, ended: Promise.resolve() };
    await records.save(sessionId, record);
    try {
      await begin(sessionId, session, volumes);
    } catch (error) {
      await records.remove(sessionId);
      throw error;
    }
    sessions.set(sessionId, session);
    log.info({ sessionId, mode: order.mode, volumes: volumes.length }, "a session was opened");
    return session;
  }

  async function moveCallback(sessionId: string, session: Session, order: SessionOrder) {
    const { callback, ...rest } = session.record.order;
    const { callback: asked, ...askedRest } = order;
    if (!isDeepStrictEqual(rest, askedRest)) {
      throw new MigrationError("record.exists", { kind: "session", id: sessionId });
    }
    if (isDeepStrictEqual(callback, asked)) return;
    await save(sessionId, session, { order, delivered: false });
    if (session.record.outcome !== undefined) {
      inBackground(`report of session ${sessionId}`, report(sessionId, session));
    }
  }

  function find(sessionId: string): Session {
    const session = sessions.get(sessionId);
    if (session === undefined) {
      throw new MigrationError("record.not-found", { kind: "session", id: sessionId });
    }
    return session;
  }

  function stateOf(sessionId: string, session: Session): SessionState {
    return session.record.outcome ?? receiver.state(sessionId) ?? notYet;
  }

  async function stop(sessionId: string): Promise<void> {
    const session = find(sessionId);
    if (session.record.outcome !== undefined) return;
    await receiver.stop(sessionId);
    await session.ended;
  }

  return {
    async resume() {
      for (const [sessionId, record] of await records.loadAll()) {
        const session: Session = { record, ended: Promise.resolve() };
        sessions.set(sessionId, session);
        if (record.outcome === undefined) {
          inBackground(
            `session ${sessionId}`,
            inTurn(sessionId, () => takeUp(sessionId, session)),
          );
        } else if (!record.delivered) {
          inBackground(`report of session ${sessionId}`, report(sessionId, session));
        }
      }
    },
    open: (sessionId, order) =>
      inTurn(sessionId, async () => {
        const known = sessions.get(sessionId);
        if (known !== undefined) await moveCallback(sessionId, known, order);
        return stateOf(sessionId, known ?? (await openNew(sessionId, order)));
      }),
    get: (sessionId) => stateOf(sessionId, find(sessionId)),
    stop: (sessionId) => inTurn(sessionId, () => stop(sessionId)),
    async releaseVolume(volumeId) {
      for (const [sessionId, session] of sessions) {
        if (!session.record.order.volumes.some((volume) => volume.volumeId === volumeId)) continue;
        await inTurn(sessionId, () => stop(sessionId));
        if (!session.record.delivered) continue;
        sessions.delete(sessionId);
        await records.remove(sessionId);
      }
    },
    list: () =>
      [...sessions].map(([sessionId, session]) => ({
        sessionId,
        state: stateOf(sessionId, session).state,
        restarted: session.record.openedBootId !== deps.bootId,
      })),
    async close() {
      closing.abort();
      await Promise.all(underWay);
    },
  };
}

/** What a session shows whose volumes are still looked for. */
const notYet: SessionState = {
  state: "running",
  progress: {
    volumes: [],
    rateBytesPerSecond: 0,
    bottleneck: "unknown",
    waitingForAgent: true,
  },
};

function reportOf(
  outcome: Exclude<SessionState, { state: "running" }>,
  server: string,
): CallbackBody {
  switch (outcome.state) {
    case "done":
      return { kind: "sync-done", result: outcome.result };
    case "failed":
      return { kind: "failed", error: outcome.error };
    case "stopped":
      return { kind: "failed", error: new MigrationError("sync.stopped", { server }).facts };
  }
}

async function waitForDevice(
  finder: DeviceFinder,
  volumeId: string,
  hint: Parameters<typeof findDevice>[2],
  waitMs: number,
  log: Log,
  signal: AbortSignal,
): Promise<string> {
  const until = performance.now() + waitMs;
  for (;;) {
    try {
      return await findDevice(finder, volumeId, hint);
    } catch (error) {
      // The kernel shows a disk a moment after the cloud has called it attached.
      const mayAppear = error instanceof MigrationError && error.code === "volume.not-attached";
      if (!mayAppear || signal.aborted || performance.now() >= until) throw error;
      log.info({ volumeId }, "waiting for a volume's device to appear");
      await pause(500, signal);
    }
  }
}
