/**
 * HyperDoor's work, from the first report to the word to restart. It knows nothing of how it was started
 * or where its disks come from, so it runs alike in an instance's memory and over files in a test.
 */
import { factsOf, MigrationError } from "#domain/errors.ts";
import {
  type HyperDoorAnswer,
  type HyperDoorOrders,
  type HyperDoorReport,
  hyperDoorAnswer,
} from "#domain/protocol/hyperdoor.ts";
import { backoffMs, pause } from "../backoff.ts";
import { callPinned } from "../pinned-https.ts";
import { type CopyProgress, copyDisk, type Disk } from "./copy.ts";
import { moveBackupTable } from "./gpt.ts";

export interface DoorDisks {
  readonly source: Disk;
  readonly target: Disk;
  readonly sourceBytes: number;
  readonly targetBytes: number;
  /** How much of the system disk is HyperDoor's own. */
  readonly headBytes: number;
  close(): Promise<void>;
}

export interface Door {
  readonly orders: HyperDoorOrders;
  readonly systemBytes: number;
  readonly memoryBytes: number;
  /** Opens what is to be copied. @throws `hyperdoor.no-disk`, `volume.too-small` */
  readonly openDisks: () => Promise<DoorDisks>;
  /** What people see on the machine's console. */
  readonly say: (words: string) => void;
  readonly signal: AbortSignal;
  /** Between two reports. */
  readonly reportEveryMs: number;
}

const callTimeoutMs = 15_000;
/** Once it has copied, the server is down for as long as it waits. */
const askToRestartEveryMs = 2_000;
/** The console may know of this instance a moment later than it starts. */
const unknownForMs = 10 * 60_000;

/**
 * Returns what the console said at the end: `restart` into what was copied, or `stop`. Without a console
 * it copies on and waits. @throws the signal's reason
 */
export async function runDoor(door: Door): Promise<"restart" | "stop"> {
  const { systemBytes, memoryBytes } = door;
  const begun = await untilAnswered(door, { state: "started", memoryBytes, systemBytes });
  if (begun === "restart" || begun === "stop") return begun;
  const report = await copyAndTell(door);
  if (report === "stop") return "stop";
  for (;;) {
    const answer = await untilAnswered(door, report);
    if (answer === "restart" || answer === "stop") return answer;
    await pause(Math.min(door.reportEveryMs, askToRestartEveryMs), door.signal);
  }
}

async function copyAndTell(door: Door): Promise<HyperDoorReport | "stop"> {
  const unwanted = new AbortController();
  try {
    return await copy(door, unwanted);
  } catch (error) {
    door.signal.throwIfAborted();
    if (unwanted.signal.aborted) return "stop";
    const facts = factsOf(error);
    door.say(`failed: ${error instanceof Error ? error.message : facts.code}`);
    return { state: "failed", error: facts };
  }
}

async function copy(door: Door, unwanted: AbortController): Promise<HyperDoorReport> {
  const startedAt = performance.now();
  const disks = await door.openDisks();
  const signal = AbortSignal.any([door.signal, unwanted.signal]);
  const reporter = startReports(door, unwanted);
  try {
    const { source, target, targetBytes, headBytes } = disks;
    const sizeBytes = bytesToCopy(door.orders, disks);
    if (targetBytes < sizeBytes) {
      throw new MigrationError("volume.too-small", {
        ...{ volume: "system disk", sizeBytes: targetBytes, neededBytes: sizeBytes },
      });
    }
    door.say(`copies ${sizeBytes} bytes over the disk it was started from`);
    const onProgress = reporter.note;
    const done = await copyDisk({ source, target, sizeBytes, headBytes, signal, onProgress });
    const { diskBytes } = door.orders;
    const movedBackupTable = await moveBackupTable(target, { sizeBytes: diskBytes, targetBytes });
    const seconds = (performance.now() - startedAt) / 1000;
    door.say(`copied and read back, ${done.writtenBytes} bytes had to be written`);
    const { totalBytes, writtenBytes } = done;
    return { state: "copied", totalBytes, writtenBytes, seconds, movedBackupTable };
  } finally {
    await reporter.end();
    await disks.close();
  }
}

/** What `O_DIRECT` takes on disks of either sector size. */
const pageBytes = 4096;

/** The source's disk, and whatever else of HyperDoor would be left behind it on a small one. */
function bytesToCopy({ diskBytes }: HyperDoorOrders, disks: DoorDisks): number {
  const least = Math.max(Math.ceil(diskBytes / pageBytes) * pageBytes, disks.headBytes);
  return Math.min(least, disks.sourceBytes);
}

/** A report that is lost is not repeated: the next one says more. */
function startReports(door: Door, unwanted: AbortController) {
  const ending = new AbortController();
  const signal = AbortSignal.any([door.signal, ending.signal]);
  const startedAt = performance.now();
  let progress: CopyProgress | undefined;

  async function reportOn(): Promise<void> {
    while (!signal.aborted) {
      await pause(door.reportEveryMs, signal);
      if (signal.aborted || progress === undefined) continue;
      const seconds = (performance.now() - startedAt) / 1000;
      const rateBytesPerSecond = progress.doneBytes / seconds;
      door.say(`${progress.doneBytes} of ${progress.totalBytes} bytes`);
      const answer = await ask(door, { state: "copying", ...progress, rateBytesPerSecond }, signal);
      if (answer === "stop") unwanted.abort();
    }
  }

  const reporting = reportOn();
  return {
    note: (now: CopyProgress) => {
      progress = { ...now };
    },
    async end() {
      ending.abort();
      await reporting;
    },
  };
}

async function untilAnswered(door: Door, report: HyperDoorReport): Promise<HyperDoorAnswer["do"]> {
  const startedAt = performance.now();
  for (let attempt = 0; ; attempt += 1) {
    const answer = await ask(door, report, door.signal);
    door.signal.throwIfAborted();
    if (answer === "unknown" && performance.now() - startedAt > unknownForMs) return "stop";
    if (answer !== "unknown" && answer !== "lost") return answer;
    await pause(Math.min(backoffMs(attempt), door.reportEveryMs), door.signal);
  }
}

/** `unknown`: the console knows no copy with this code, or not yet. */
async function ask(
  { orders, say }: Door,
  body: HyperDoorReport,
  signal: AbortSignal,
): Promise<HyperDoorAnswer["do"] | "unknown" | "lost"> {
  try {
    const { status, body: told } = await callPinned(
      { url: orders.url, fingerprint: orders.consoleFingerprint },
      { method: "POST", body, token: orders.code, timeoutMs: callTimeoutMs, signal },
    );
    if (status === 404) return "unknown";
    const answer = hyperDoorAnswer.safeParse(told);
    if (status === 200 && answer.success) return answer.data.do;
    say(`the console answered with status ${status}`);
  } catch (error) {
    if (!(error instanceof MigrationError)) throw error;
    if (!signal.aborted) say(error.message);
  }
  return "lost";
}
