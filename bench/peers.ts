/** Others that copy block devices over a network, from Debian's packages, and the disk's own limit. */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Place } from "./line.ts";
import { type Usage, watchUsage } from "./usage.ts";

export interface PeerRun {
  readonly seconds: number;
  readonly source: Usage;
  readonly target: Usage;
}

const none: Usage = { cpuSeconds: 0, systemSeconds: 0, peakBytes: 0 };
const port = 18_809;

async function measured(
  inside: readonly string[],
  command: string[],
): Promise<{ seconds: number; usage: Usage }> {
  const [program = "", ...args] = [...inside, ...command];
  const startedAt = performance.now();
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "inherit"] });
  const stop = watchUsage(child.pid ?? 0);
  const [status] = await once(child, "exit");
  const seconds = (performance.now() - startedAt) / 1000;
  if (status !== 0) throw new Error(`${command.join(" ")} ended with status ${status}`);
  return { seconds, usage: stop() };
}

/** What `work` does against an nbdkit that writes the volume. */
async function withNbdkit(
  line: { near: Place; far: Place },
  options: string[],
  volume: string,
  command: string[],
): Promise<PeerRun> {
  const folder = await mkdtemp(join(tmpdir(), "hypermotion-nbdkit-"));
  const pidFile = join(folder, "pid");
  const [program = "", ...args] = [
    ...[...line.far.inside, "nbdkit", "-f", "-P", pidFile],
    ...["--ipaddr", line.far.host, "-p", `${port}`, ...options, "file", volume],
  ];
  const server = spawn(program, args, { stdio: ["ignore", "ignore", "inherit"] });
  const stop = watchUsage(server.pid ?? 0);
  try {
    await listening(server, pidFile);
    const { seconds, usage } = await measured(line.near.inside, command);
    return { seconds, source: usage, target: stop() };
  } finally {
    const gone = once(server, "exit");
    server.kill("SIGTERM");
    await gone;
    await rm(folder, { recursive: true });
  }
}

/** nbdkit writes the file when it takes connections. Source: nbdkit(1), --pidfile. */
async function listening(server: ChildProcess, pidFile: string): Promise<void> {
  for (let tries = 0; tries < 200 && server.exitCode === null; tries += 1) {
    if (existsSync(pidFile)) return;
    await sleep(25);
  }
  throw new Error("nbdkit does not listen");
}

export async function nbdcopy(
  line: { near: Place; far: Place },
  folder: string,
  disk: string,
  volume: string,
  tls: boolean,
): Promise<PeerRun> {
  if (!tls) {
    const uri = `nbd://${line.far.host}:${port}`;
    return withNbdkit(line, [], volume, ["nbdcopy", "--flush", disk, uri]);
  }
  const keys = join(folder, "keys.psk");
  await writeFile(keys, `alice:${randomBytes(32).toString("hex")}\n`);
  const uri = `nbds://alice@${line.far.host}:${port}/?tls-psk-file=${keys}`;
  return withNbdkit(line, ["--tls=require", `--tls-psk=${keys}`], volume, [
    ...["nbdcopy", "--flush", disk, uri],
  ]);
}

export async function qemuImg(
  line: { near: Place; far: Place },
  disk: string,
  volume: string,
): Promise<PeerRun> {
  const uri = `nbd://${line.far.host}:${port}`;
  return withNbdkit(line, [], volume, [
    ...["qemu-img", "convert", "-n", "-f", "raw", "-O", "raw", disk, uri],
  ]);
}

/** Only between files, and over no line: what it reads again to find changes. */
export async function rsync(disk: string, volume: string): Promise<PeerRun> {
  const { seconds, usage } = await measured(
    [],
    ["rsync", "--inplace", "--no-whole-file", disk, volume],
  );
  return { seconds, source: usage, target: none };
}

/** How fast the disks can be copied at all, here and in the clear: what both of them and their bus can do. */
export async function ddCopy(disk: string, volume: string): Promise<PeerRun> {
  const { seconds, usage } = await measured(
    [],
    [
      ...["dd", `if=${disk}`, `of=${volume}`, "bs=1M", "iflag=direct", "oflag=direct"],
      ...["conv=notrunc,fsync", "status=none"],
    ],
  );
  return { seconds, source: usage, target: none };
}

/** How fast the disk can be read at all. */
export async function dd(disk: string): Promise<PeerRun> {
  const { seconds, usage } = await measured(
    [],
    [...["dd", `if=${disk}`, "of=/dev/null", "bs=1M", "iflag=direct"]],
  );
  return { seconds, source: usage, target: none };
}
