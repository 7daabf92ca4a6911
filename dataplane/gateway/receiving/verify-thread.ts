/** The thread that verifies one volume: reading all of it must not hold up anybody's copy. */
import { parentPort, workerData } from "node:worker_threads";
import { type ErrorFacts, factsOf } from "#domain/errors.ts";
import type { VerifiedVolume } from "#domain/protocol/gateway.ts";
import { type VerifyTask, verifyVolume } from "./verify.ts";

export type FromVerify =
  | { kind: "read"; bytes: number }
  | { kind: "done"; volume: VerifiedVolume }
  | { kind: "failed"; facts: ErrorFacts };

const tellEveryBytes = 16 * 1024 * 1024;

const tell = (message: FromVerify) => parentPort?.postMessage(message);
let untoldBytes = 0;
verifyVolume(workerData as VerifyTask, (lengthBytes) => {
  untoldBytes += lengthBytes;
  if (untoldBytes < tellEveryBytes) return;
  tell({ kind: "read", bytes: untoldBytes });
  untoldBytes = 0;
}).then(
  (volume) => tell({ kind: "done", volume }),
  (error: unknown) => tell({ kind: "failed", facts: factsOf(error) }),
);
