/**
 * The standalone edition as a process that can be killed: with `--die-after-writes N` it kills itself,
 * as `kill -9` would, right after the N-th write of the engine's journal in this life.
 */
import { writeSync } from "node:fs";
import { parseArgs } from "node:util";
import { startStandalone } from "#local/standalone.ts";

const { values } = parseArgs({
  options: { data: { type: "string" }, "die-after-writes": { type: "string" } },
});
const lastWrite = Number(values["die-after-writes"] ?? Number.POSITIVE_INFINITY);

const standalone = await startStandalone({
  dataFolder: values.data ?? "",
  port: 0,
  machinesPort: 0,
  onJournalWrite(writeNumber) {
    if (writeNumber < lastWrite) return;
    writeSync(1, `died after write ${writeNumber}\n`);
    process.kill(process.pid, "SIGKILL");
  },
});
const { url, newPassword } = standalone;
writeSync(1, `${JSON.stringify({ url, newPassword })}\n`);
process.on("SIGTERM", () => {
  void standalone.close().then(() => process.exit(0));
});
