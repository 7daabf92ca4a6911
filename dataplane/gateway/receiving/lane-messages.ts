/**
 * What the receiver and its lanes say to each other. A lane is a thread with a TLS listener of its own
 * on the shared port; it moves bytes. The receiver decides: who may come in, which connection owns
 * which range, and when a session is over.
 */

import type { Hello } from "#dataplane/wire/frames.ts";
import type { Waits } from "#dataplane/wire/limits.ts";
import type { Status } from "#dataplane/wire/messages.ts";
import type { ErrorFacts } from "#domain/errors.ts";
import type { VolumeIdentity } from "./volume-identity.ts";

export interface LaneSettings {
  listen: string;
  port: number;
  gatewayId: string;
  certificatePem: string;
  privateKeyPem: string;
  waits: Waits;
}

/** A volume as a lane needs it. Its number in the welcome is its place in the list. */
export interface LaneVolume {
  volumeId: string;
  path: string;
  mapPath: string;
  sizeBytes: number;
  /** What was found at the path when the session was opened; nothing else there is touched. */
  identity?: VolumeIdentity | undefined;
  /** Of a comparison, which writes there and nowhere else. */
  findingsPath?: string;
}

export type ToLane =
  | { kind: "allow"; fingerprints: string[]; serial: number }
  | { kind: "welcome"; connection: number; volumes: LaneVolume[]; welcome: unknown }
  /** The session is over for this connection: say why, then close. */
  | { kind: "refuse"; connection: number; facts: ErrorFacts }
  /** Another connection takes its place: close without a word. */
  | { kind: "drop"; connection: number }
  | { kind: "claimed"; connection: number; volume: number; range: number }
  | { kind: "volumeDone"; connection: number; volume: number }
  | { kind: "close" };

export type FromLane =
  | { kind: "listening"; port: number }
  | { kind: "allowed"; serial: number }
  | { kind: "hello"; connection: number; fingerprint: string; hello: Hello; address: string }
  | { kind: "claim"; connection: number; volume: number; range: number }
  | {
      kind: "acknowledged";
      connection: number;
      volume: number;
      range: number;
      writtenBytes: number;
    }
  | { kind: "passEnd"; connection: number; volume: number; root: string }
  | { kind: "status"; connection: number; status: Status }
  /** Ends the session: the volume failed, or the agent said that its disk did. */
  | { kind: "failed"; connection: number; facts: ErrorFacts }
  /** Everything of this connection has come to rest; its claims are free. */
  | { kind: "closed"; connection: number }
  | {
      kind: "log";
      level: "info" | "warn";
      facts: Record<string, string | number>;
      message: string;
    };
