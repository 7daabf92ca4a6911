import type { z } from "zod";
import type { Identity } from "#dataplane/wire/identity.ts";
import { MigrationError } from "#domain/errors.ts";
import type { SyncMode } from "#domain/protocol/facts.ts";
import type { sessionState, verifyResponse } from "#domain/protocol/gateway.ts";

export type SessionState = z.output<typeof sessionState>;
export type VerifyResponse = z.output<typeof verifyResponse>;

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
}

export interface ReceiverVolume {
  diskId: string;
  volumeId: string;
  /** Of the source disk; the volume may be larger. */
  sizeBytes: number;
  /** A block device or a file, which must exist. */
  path: string;
}

export interface ReceiverOrder {
  serverId: string;
  mode: SyncMode;
  /** The certificate of the agent that may write. */
  agentFingerprint: string;
  volumes: ReceiverVolume[];
}

export interface Receiver {
  readonly port: number;
  /** Lets the agent in. May be repeated, also after a restart; a session that has ended stays ended. */
  open(sessionId: string, order: ReceiverOrder): Promise<void>;
  state(sessionId: string): SessionState | undefined;
  /** Resolves when the session is done, failed or stopped. */
  waitForEnd(sessionId: string): Promise<SessionState>;
  /** Ends a running session; what is acknowledged stays on its volumes. */
  stop(sessionId: string): Promise<void>;
  verify(volume: { volumeId: string; sizeBytes: number; path: string }): Promise<VerifyResponse>;
  /** Drops a volume's block map and the ended sessions that speak of it. */
  forget(volumeId: string): Promise<void>;
  sessions(): { sessionId: string; state: SessionState["state"] }[];
  close(): Promise<void>;
}

export async function startReceiver(options: ReceiverOptions): Promise<Receiver> {
  throw new MigrationError("internal.unexpected", {
    problem: `not yet able to listen on ${options.port}`,
  });
}
