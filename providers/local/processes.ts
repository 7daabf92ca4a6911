/**
 * Processes that outlive ours, told apart for certain. A process id is used again after its process
 * ended; id and start time together are not, within one start of the machine, and the kernel's boot id
 * tells the starts apart. Nothing is ever signalled by its number alone.
 */
import { readdirSync, readFileSync } from "node:fs";
import { z } from "zod";

export const processIdentity = z.object({
  pid: z.number().int().positive(),
  /** In clock ticks since the machine started: field 22 of /proc/<pid>/stat (proc(5)). */
  startTime: z.string(),
  /** Of the machine: /proc/sys/kernel/random/boot_id. */
  machineBootId: z.string(),
});
export type ProcessIdentity = z.output<typeof processIdentity>;

function readProc(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, "utf8");
  } catch {
    // It ended while we looked, or belongs to somebody else: in either case it is not ours.
    return undefined;
  }
}

export function machineBootId(): string {
  return (readProc("sys/kernel/random/boot_id") ?? "unknown").trim();
}

/** Fields 3 (state) and 22 (start time); the name before them may hold blanks and brackets. */
function statOf(pid: number): { state: string; startTime: string } | undefined {
  const stat = readProc(`${pid}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, startTime] = [fields?.[0], fields?.[19]];
  return state === undefined || startTime === undefined ? undefined : { state, startTime };
}

/** Who a process is, so that it can be found again; undefined when it is gone. */
export function identify(pid: number): ProcessIdentity | undefined {
  const stat = statOf(pid);
  return stat && { pid, startTime: stat.startTime, machineBootId: machineBootId() };
}

/** A zombie, which only waits to be reaped by its parent, does not run any more. */
export function isRunning(identity: ProcessIdentity): boolean {
  const stat = statOf(identity.pid);
  return (
    stat !== undefined &&
    stat.startTime === identity.startTime &&
    stat.state !== "Z" &&
    machineBootId() === identity.machineBootId
  );
}

/** Signals the process if it still is the one meant; tells whether it was. */
export function signal(identity: ProcessIdentity, name: NodeJS.Signals): boolean {
  if (!isRunning(identity)) return false;
  try {
    process.kill(identity.pid, name);
    return true;
  } catch {
    // It ended between the look and the signal.
    return false;
  }
}

/** Every running process that was started with this variable in its environment. */
export function processesWith(variable: string, value: string): ProcessIdentity[] {
  const wanted = `${variable}=${value}`;
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => readProc(`${pid}/environ`)?.split("\0").includes(wanted))
    .map((pid) => identify(Number(pid)))
    .filter((identity) => identity !== undefined)
    .filter(isRunning);
}
