/**
 * HyperDoor: the only program of a system that lives in an instance's memory. The instance was started
 * from HyperDoor's image; what hangs on it is the repaired clone of a source server's system disk.
 *
 *   find-orders.ts   user data: console, code, which disk       ─┐
 *   find-disks.ts    own disk by its label, the clone by size    ├─▶ run-door.ts ─▶ copy.ts, gpt.ts
 *   rescue.ts        SSH for who looks why it does not get on   ─┘
 *
 * Ends with 0 to restart into what was copied, with 3 when nobody waits for it; init tries again
 * after anything else.
 */
import { totalmem } from "node:os";
import { hyperDoorMark } from "#domain/boot-evidence.ts";
import { findOwnDisk, openDisks } from "./find-disks.ts";
import { findOrders } from "./find-orders.ts";
import { openRescue } from "./rescue.ts";
import { runDoor } from "./run-door.ts";

const reportEveryMs = 10_000;
const stopped = 3;

/** The mark tells the console's reader what was HyperDoor's and what is the copied system's. */
function say(words: string): void {
  process.stdout.write(`${hyperDoorMark}${words}\n`);
}

const { signal } = new AbortController();
const memoryBytes = totalmem();
say(`runs in memory, of ${Math.round(memoryBytes / 1024 ** 2)} MiB`);
const orders = await findOrders(say, signal);
if (orders.sshKeys.length > 0) await openRescue(orders.sshKeys, say);
const own = await findOwnDisk(signal);
say(`was started from ${own.path} of ${own.sizeBytes} bytes`);
const end = await runDoor({
  ...{ orders, memoryBytes, systemBytes: own.sizeBytes, signal, reportEveryMs, say },
  openDisks: () => openDisks(own, orders.volumeBytes, signal),
});
say(end === "restart" ? "restarts into the copied system" : "nobody waits for this copy any more");
process.exitCode = end === "restart" ? 0 : stopped;
