import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { errorFromFacts } from "#domain/errors.ts";
import type { VerifiedVolume } from "#domain/protocol/gateway.ts";
import type { VerifyTask } from "./verify.ts";
import type { FromVerify } from "./verify-thread.ts";

/** Runs `verifyVolume` on a thread. @throws what it throws, or the signal's reason; then the thread is gone */
export async function verifyOnThread(
  task: VerifyTask,
  onBytes: (lengthBytes: number) => void,
  signal: AbortSignal,
): Promise<VerifiedVolume> {
  signal.throwIfAborted();
  const worker = new Worker(new URL("./verify-thread.ts", import.meta.url), { workerData: task });
  const { promise, resolve, reject } = Promise.withResolvers<VerifiedVolume>();
  const exited = once(worker, "exit");
  const stop = () => reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  worker.on("message", (message: FromVerify) => {
    if (message.kind === "read") onBytes(message.bytes);
    else if (message.kind === "done") resolve(message.volume);
    else reject(errorFromFacts(message.facts));
  });
  worker.on("error", reject);
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", stop);
    await worker.terminate();
    await exited;
  }
}
