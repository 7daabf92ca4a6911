/** One side of a copy as a process, started by tests that kill it. The task is its first argument. */
import { noLimits } from "#domain/copy-limits.ts";
import type { LineMeasure } from "#domain/line.ts";
import { copy, type ProcessNews, type ProcessTask, receiverOrderOf } from "./copy-harness.ts";
import { startReceiver } from "./gateway/receiver.ts";

const task = JSON.parse(process.argv[2] ?? "{}") as ProcessTask;
const quiet = () => undefined;
const log = { info: quiet, warn: quiet, error: quiet };
const scene = { ...task.scene, logged: [], log, [Symbol.asyncDispose]: async () => quiet() };

function tell(news: ProcessNews): void {
  process.send?.(news);
}

// A test that dies leaves no process behind.
const abandoned = () => process.exit(1);
process.on("disconnect", abandoned);

if (task.role === "gateway") {
  const receiver = await startReceiver({
    listen: task.host ?? "127.0.0.1",
    port: task.port,
    identity: scene.gateway,
    stateFolder: `${scene.folder}/state`,
    gatewayId: "gateway-1",
    log,
  });
  const open = (sessionId: string) => receiver.open(sessionId, receiverOrderOf(scene, task.pairs));
  await open(task.sessionId);
  process.on("message", (sessionId: string) => void open(sessionId));
  tell({ kind: "listening", port: receiver.port });
} else {
  const { sessionId, port, host } = task;
  let { rate } = task;
  process.on("message", (now: number) => {
    rate = now;
  });
  const progress = await copy(scene, task.pairs, {
    sessionId,
    port,
    ...(host === undefined ? {} : { host }),
    limits: () => ({ ...noLimits, rateBytesPerSecond: rate }),
    ...(task.measureLine === true
      ? { onLine: (line: LineMeasure) => tell({ kind: "line", line }) }
      : {}),
    onProgress: (soFar) => tell({ kind: "progress", progress: soFar }),
    onAcknowledged: (diskId, range) => tell({ kind: "acknowledged", diskId, range }),
  });
  tell({ kind: "done", progress });
  process.off("disconnect", abandoned);
  process.disconnect();
}
