/**
 * The life of a source server, as one table. `disconnected` is a health flag beside it, and a failed
 * run leaves the state where it was.
 *
 *   registered → replicating → ready-for-test ⇄ testing → ready-for-cutover ⇄ cutting-over → cut-over → finalized
 */
import { type Language, MigrationError } from "./errors.ts";

export const serverStates = [
  "registered",
  "replicating",
  "ready-for-test",
  "testing",
  "ready-for-cutover",
  "cutting-over",
  "cut-over",
  "finalized",
] as const;
export type ServerState = (typeof serverStates)[number];

/** What may happen to a server, by the state it leads from and to. A move onto itself may be repeated. */
export const transitions = {
  "start replication": { registered: "replicating", replicating: "replicating" },
  "finish initial sync": { replicating: "ready-for-test", "ready-for-test": "ready-for-test" },
  "start test launch": {
    "ready-for-test": "testing",
    testing: "testing",
    "ready-for-cutover": "testing",
  },
  "accept test": { testing: "ready-for-cutover", "ready-for-cutover": "ready-for-cutover" },
  "revert test": { testing: "ready-for-test", "ready-for-test": "ready-for-test" },
  "start cutover": {
    "ready-for-test": "cutting-over",
    "ready-for-cutover": "cutting-over",
    "cutting-over": "cutting-over",
  },
  "abandon cutover": {
    "cutting-over": "ready-for-cutover",
    "ready-for-cutover": "ready-for-cutover",
  },
  "abandon untested cutover": {
    "cutting-over": "ready-for-test",
    "ready-for-test": "ready-for-test",
  },
  "finish cutover": { "cutting-over": "cut-over", "cut-over": "cut-over" },
  "revert cutover": { "cut-over": "ready-for-cutover", "ready-for-cutover": "ready-for-cutover" },
  finalize: { "cut-over": "finalized", finalized: "finalized" },
  /** Clean-up gives everything at the target back; the server can be migrated anew. */
  "give up": {
    registered: "registered",
    replicating: "registered",
    "ready-for-test": "registered",
    testing: "registered",
    "ready-for-cutover": "registered",
    "cutting-over": "registered",
  },
} as const satisfies Record<string, Partial<Record<ServerState, ServerState>>>;

export type Transition = keyof typeof transitions;

/**
 * The state after a transition.
 * @throws `server.wrong-state`, naming the states it is allowed from.
 */
export function transition(
  server: { id: string; state: ServerState },
  action: Transition,
): ServerState {
  const moves: Partial<Record<ServerState, ServerState>> = transitions[action];
  const next = moves[server.state];
  if (next === undefined) {
    throw new MigrationError("server.wrong-state", {
      server: server.id,
      state: server.state,
      action,
      allowed: Object.keys(moves).join(", "),
    });
  }
  return next;
}

export const replicationStatuses = [
  "none",
  "initial-sync",
  "idle",
  "delta-sync",
  "paused",
  "rescan",
  "stalled",
] as const;

/** Where a copy is held up, so that a slow one says why. */
export const bottlenecks = [
  "source-disk",
  "source-cpu",
  "line",
  "gateway",
  "volume",
  /** What the operator set: a rate, a cap on the CPU, a pause. */
  "limit",
  "unknown",
] as const;

/** As what follows "held up by". */
export const bottleneckWords: Readonly<
  Record<Exclude<(typeof bottlenecks)[number], "unknown">, Record<Language, string>>
> = {
  "source-disk": { en: "the source's disk", zh: "源磁盘" },
  "source-cpu": { en: "the source's CPU", zh: "源服务器 CPU" },
  line: { en: "the line to the gateway", zh: "到网关的线路" },
  gateway: { en: "the gateway's CPU", zh: "网关 CPU" },
  volume: { en: "the volume at the target", zh: "目标卷" },
  limit: { en: "its own limits (server limit)", zh: "所设的限制（server limit）" },
};
