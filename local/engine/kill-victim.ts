import { startEngine } from "./engine.ts";
import { killOptions } from "./kill-machines.ts";

/** An engine in a process of its own that is killed right after one of its journal writes. */
const [journalFile = "", tokenFile = "", epochMs = "", killAt = ""] = process.argv.slice(2);

const engine = await startEngine({
  ...killOptions({ journalFile, tokenFile, epochMs: Number(epochMs) }),
  afterWrite(writeNumber) {
    if (writeNumber === Number(killAt)) process.kill(process.pid, "SIGKILL");
  },
});
process.send?.(engine.endpoint);
process.on("disconnect", () => process.exit());
