/**
 * The kernel's trace of finished block requests, in an instance of our own: nobody else's tracing is
 * touched. Source: Documentation/trace/ftrace.rst.
 */
import { closeSync, constants, openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runTool } from "../../run-tool.ts";

const usualPlace = "/sys/kernel/tracing";
const prefix = "hypermotion-agent-";
const event = "events/block/block_rq_complete";

/** A block device as the trace names it. */
export interface DeviceNumber {
  readonly major: number;
  readonly minor: number;
}

export interface BlockTrace {
  /** What came since the last call. */
  drain(take: (chunk: Buffer) => void): void;
  /** Events that the kernel has thrown away since the trace began, for want of room. */
  lostEvents(): number;
  close(): Promise<void>;
}

/** @throws with the reason when the kernel has no such trace, or not for us */
export async function openBlockTrace(
  devices: readonly DeviceNumber[],
  bufferKiB: number,
): Promise<BlockTrace> {
  const place = await tracefs();
  const instances = join(place, "instances");
  await removeLeftovers(instances);
  const folder = join(instances, `${prefix}${process.pid}`);
  await mkdir(folder);
  const set = (name: string, value: string | number) => writeFile(join(folder, name), `${value}\n`);
  let pipe: number | undefined;
  try {
    await set("buffer_size_kb", bufferKiB);
    await set("options/context-info", 0);
    // Reads are not told: they would fill the buffer.
    const ours = devices.map(({ major, minor }) => `dev == ${major * 2 ** 20 + minor}`);
    await set(`${event}/filter`, `(${ours.join(" || ")}) && !(rwbs ~ "R*")`);
    await set(`${event}/enable`, 1);
    pipe = openSync(join(folder, "trace_pipe"), constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    await rmdir(folder);
    throw error;
  }
  return blockTrace(folder, pipe);
}

function blockTrace(folder: string, pipe: number): BlockTrace {
  const chunk = Buffer.alloc(64 * 1024);
  const cpus = readdirSync(join(folder, "per_cpu"));
  return {
    drain(take) {
      for (;;) {
        let length: number;
        try {
          length = readSync(pipe, chunk);
        } catch (error) {
          if (error instanceof Error && "code" in error && error.code === "EAGAIN") return;
          throw error;
        }
        if (length === 0) return;
        take(chunk.subarray(0, length));
      }
    },
    lostEvents() {
      return cpus.reduce((sum, cpu) => {
        const stats = readFileSync(join(folder, "per_cpu", cpu, "stats"), "utf8");
        const lost = [...stats.matchAll(/^(?:overrun|commit overrun|dropped events): (\d+)$/gm)];
        return sum + lost.reduce((all, [, count]) => all + Number(count), 0);
      }, 0);
    },
    async close() {
      closeSync(pipe);
      await writeFile(join(folder, `${event}/enable`), "0\n");
      await rmdir(folder);
    },
  };
}

/** Where tracefs is; mounts it where it is not. */
async function tracefs(): Promise<string> {
  const found = await mounted();
  if (found !== undefined) return found;
  await runTool("mount", ["-t", "tracefs", "nodev", usualPlace]);
  return usualPlace;
}

async function mounted(): Promise<string | undefined> {
  const mounts = await readFile("/proc/self/mounts", "utf8");
  return /^\S+ (\S+) tracefs /m.exec(mounts)?.[1];
}

/** Of an agent that was killed: its instance would keep its memory until the next boot. */
async function removeLeftovers(instances: string): Promise<void> {
  for (const name of await readdir(instances)) {
    const pid = new RegExp(`^${prefix}(\\d+)$`).exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    await rmdir(join(instances, name)).catch(() => undefined);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
