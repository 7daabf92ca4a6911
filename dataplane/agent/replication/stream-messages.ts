/** What the copy and its streams say to each other. A stream is a thread with one connection. */
import type { Waits } from "#dataplane/wire/limits.ts";
import type { ErrorFacts } from "#domain/errors.ts";

export interface StreamSettings {
  stream: number;
  sessionId: string;
  passId: string;
  gateway: { id: string; host: string; port: number; certificateFingerprint: string };
  certificatePem: string;
  privateKeyPem: string;
  disks: { diskId: string; path: string; sizeBytes: number }[];
  pacing: SharedArrayBuffer;
  /** Tell what differs, and send nothing. */
  isComparing: boolean;
  waits: Waits;
}

/** A range of a disk; disks are numbered as in the settings. */
export interface Job {
  disk: number;
  range: number;
  /** Where changes are tracked. */
  since?: RangeSince;
  /** Blocks that nobody needs, one bit each; none where absent. */
  free?: Uint8Array;
}

/** What is known of a range since the last finished pass. */
export interface RangeSince {
  /** The range's digest then: if the gateway has another, all of its blocks are read. */
  digest: Uint8Array;
  /** Blocks that may differ, one bit each. */
  changed: Uint8Array;
}

export type ToStream =
  /** The welcome was fine. Tells which volume each disk has: its number, and the key of its hashes. */
  | { kind: "begin"; line: number; volumes: { number: number; hashKey: string | undefined }[] }
  /** Instead of begin: dial again, the gateway has threads that are less busy. */
  | { kind: "redial"; line: number }
  /** Instead of begin: the welcome says what no gateway may say. */
  | { kind: "refuse"; line: number; problem: string }
  | { kind: "job"; job: Job }
  | { kind: "passEnd"; disk: number; root: string }
  | { kind: "status"; status: unknown }
  | { kind: "end" };

/** Since the last message of this kind. */
export interface StreamCounts {
  /** Per thing waited for; `limit` is what the operator set: a rate, a cap on the CPU, a pause. */
  waitedMs: { disk: number; line: number; gateway: number; volume: number; limit: number };
  /** Worked, or wanted to and got no CPU. */
  computedMs: number;
}

export type FromStream =
  | { kind: "welcome"; line: number; welcome: unknown }
  /** Ready for one more job. */
  | { kind: "want" }
  | {
      kind: "covered";
      job: Job;
      /** Done with: read, or known to be unchanged. */
      bytes: number;
      readBytes: number;
      changedBytes: number;
      sentBytes: number;
      /** Not read because nobody needs it. */
      skippedBytes: number;
    }
  | { kind: "acknowledged"; job: Job; digest: Uint8Array; writtenBytes: number }
  | { kind: "volumeDone"; disk: number }
  /** The line is gone: these jobs go back, and those wishes are void. It is dialled again. */
  | { kind: "broken"; returned: Job[]; problem: string }
  /** It came when the line it was meant for was gone already. */
  | { kind: "returned"; job: Job }
  | { kind: "counts"; counts: StreamCounts }
  /** The whole copy can't go on. The gateway knows: it said so itself, or was told. */
  | { kind: "failed"; facts: ErrorFacts };
