/** What a process used, looked up until it ends: CPU seconds of all its threads, and its highest memory. */
import { readFileSync } from "node:fs";

/** Of the kernel's times. Source: proc(5), sysconf(_SC_CLK_TCK) is 100 on every Linux there is. */
const ticksPerSecond = 100;

export interface Usage {
  cpuSeconds: number;
  /** Of these, in the kernel. */
  systemSeconds: number;
  peakBytes: number;
}

export function usageOf(pid: number): Usage | undefined {
  try {
    // The name may hold spaces; what follows it does not.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
    if (peak === undefined) return undefined;
    return {
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / ticksPerSecond,
      systemSeconds: Number(fields[12]) / ticksPerSecond,
      peakBytes: Number(peak) * 1024,
    };
  } catch {
    return undefined;
  }
}

/** Looks until `stop`, which gives the last that was seen. */
export function watchUsage(pid: number): () => Usage {
  let last: Usage = usageOf(pid) ?? { cpuSeconds: 0, systemSeconds: 0, peakBytes: 0 };
  const look = () => {
    last = usageOf(pid) ?? last;
  };
  const timer = setInterval(look, 20);
  return () => {
    clearInterval(timer);
    look();
    return last;
  };
}
