/** Slow parts for tests: a disk or volume that takes its time, a process that gets little CPU. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Mounts with FUSE: as root, and with nbdkit, nbdfuse and fusermount3. */
export const canSlowFiles: boolean =
  process.getuid?.() === 0 &&
  existsSync("/dev/fuse") &&
  ["nbdkit", "nbdfuse", "fusermount3"].every(isInstalled);

function isInstalled(program: string): boolean {
  return (process.env.PATH ?? "").split(":").some((folder) => existsSync(join(folder, program)));
}

/** The same file under another path, where each read or write is answered late. */
export async function slowFile(
  path: string,
  delay: { readMs?: number; writeMs?: number },
): Promise<{ path: string; [Symbol.asyncDispose](): Promise<void> }> {
  const folder = await mkdtemp(join(dirname(path), "slow-"));
  const slow = join(folder, "disk");
  const child = spawn(
    "nbdfuse",
    [
      ...[slow, "--command", "nbdkit", "--stdin", "--exit-with-parent", "--filter=delay"],
      ...["file", path, `rdelay=${delay.readMs ?? 0}ms`, `wdelay=${delay.writeMs ?? 0}ms`],
    ],
    { stdio: "inherit", detached: true },
  );
  const gone = once(child, "exit");
  const isMounted = async () => (await stat(slow).catch(() => undefined))?.isFile() === true;
  while (!(await isMounted())) {
    if (child.exitCode !== null) throw new Error(`nbdfuse ended with ${child.exitCode}`);
    await sleep(20);
  }
  return {
    path: slow,
    async [Symbol.asyncDispose]() {
      // Lazily: what a copy that was just ended still reads must not keep it.
      execFileSync("fusermount3", ["-u", "-z", folder]);
      // With its nbdkit, and not asked: both would wait for what is still delayed.
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      await gone;
      await rm(folder, { recursive: true });
    },
  };
}

/** Lets a process have this share of one CPU: by a control group, or where there is none, by stopping it. */
export function rationCpu(pid: number, percent: number): Disposable {
  return byGroup(pid, percent) ?? byStopping(pid, percent);
}

const periodUs = 100_000;

function byGroup(pid: number, percent: number): Disposable | undefined {
  const quotaUs = (periodUs * percent) / 100;
  const ways = [
    { root: "/sys/fs/cgroup/cpu", file: "cpu.cfs_quota_us", text: `${quotaUs}` },
    { root: "/sys/fs/cgroup", file: "cpu.max", text: `${quotaUs} ${periodUs}` },
  ];
  for (const { root, file, text } of ways) {
    const group = join(root, `hypermotion-test-${pid}`);
    try {
      mkdirSync(group);
    } catch {
      // Not ours to write, or not there.
      continue;
    }
    if (existsSync(join(group, file))) {
      writeFileSync(join(group, file), text);
      writeFileSync(join(group, "cgroup.procs"), `${pid}`);
      return {
        [Symbol.dispose]() {
          writeFileSync(join(root, "cgroup.procs"), `${pid}`);
          rmdirSync(group);
        },
      };
    }
    rmdirSync(group);
  }
  return undefined;
}

function byStopping(pid: number, percent: number): Disposable {
  const periodMs = periodUs / 1000;
  const timers = new Set<NodeJS.Timeout>();
  const period = setInterval(() => {
    process.kill(pid, "SIGCONT");
    const stop = setTimeout(
      () => {
        timers.delete(stop);
        process.kill(pid, "SIGSTOP");
      },
      (periodMs * percent) / 100,
    );
    timers.add(stop);
  }, periodMs);
  return {
    [Symbol.dispose]() {
      clearInterval(period);
      for (const timer of timers) clearTimeout(timer);
      process.kill(pid, "SIGCONT");
    },
  };
}
