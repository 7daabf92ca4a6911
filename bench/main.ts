/**
 * How fast blocks move, ours and the peers in turn, in one run:
 *
 *   npm run bench                        everything, three times: more than an hour on two cores
 *   npm run bench -- --quick             small disks, once
 *   npm run bench -- --only delta,memory
 *   npm run bench -- --report out.json   [{case, ours, peer, peerName, ratio, goal, reached}]
 *
 * Needs root (namespaces, loop devices, cold caches), and for the peers Debian's nbdkit, libnbd-bin, qemu-utils, rsync.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdir, open, rm, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { expectSame, forgetCaches, linuxDisk, makeImage, randomDisk, readThrough } from "./data.ts";
import { fuzzFrames } from "./fuzz.ts";
import { killSides } from "./kills.ts";
import { loopback, makeLine } from "./line.ts";
import type { BenchDisk } from "./our-side.ts";
import { Ours, type Pass } from "./ours.ts";
import { dd, ddCopy, nbdcopy, type PeerRun, qemuImg, rsync } from "./peers.ts";
import { type Planned, planMany } from "./placement.ts";
import { type Row, show } from "./table.ts";

const MiB = 1024 ** 2;
const GiB = 1024 ** 3;

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    only: { type: "string" },
    folder: { type: "string", default: "/var/tmp/hypermotion-bench" },
    report: { type: "string" },
    times: { type: "string" },
  },
});
/** The data stays there for the next run; what a run makes is its own. */
const { folder } = values;
const work = join(folder, `run-${process.pid}`);
const times = Number(values.times ?? (values.quick ? 1 : 3));
const linuxBytes = values.quick ? GiB : 4 * GiB;
const randomBytes = values.quick ? GiB / 2 : 2 * GiB;
/** More than a page cache takes in before it makes its writers wait. */
const largeBytes = values.quick ? 2 * GiB : 8 * GiB;
const deltaBytes = values.quick ? 2 * GiB : 8 * GiB;
const lineBytes = values.quick ? 64 * MiB : 512 * MiB;
const lineMbit = 100;

const rows: Row[] = [];
const volume = join(work, "volume.img");

function diskOf(path: string, sizeBytes: number, name = "0"): BenchDisk {
  return {
    ...{ diskId: `disk-${name}`, volumeId: `volume-${name}`, path, sizeBytes },
    volumePath: name === "0" ? volume : join(work, `volume-${name}.img`),
  };
}

const median = (figures: number[]) =>
  [...figures].sort((one, other) => one - other)[Math.floor(figures.length / 2)] ?? Number.NaN;

function tell(text: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
}

interface Compared {
  readonly name: string;
  readonly peerName: string;
  /** In `ours` and `peer` of the same unit; larger is better where `isRate`. */
  readonly unit: string;
  readonly isRate?: boolean;
  /** What ratio ours / peer is to be reached, if any: at least for rates, at most for the rest. */
  readonly goal?: number;
}

function compare(what: Compared, pairs: readonly { ours: number; peer: number }[]): void {
  const ratio = median(pairs.map(({ ours, peer }) => ours / peer));
  const { name, peerName, unit, isRate = false, goal } = what;
  rows.push({
    ...{ case: name, peerName, unit, ratio },
    ours: median(pairs.map(({ ours }) => ours)),
    peer: median(pairs.map(({ peer }) => peer)),
    ...(goal === undefined
      ? {}
      : {
          goal: `${isRate ? "≥" : "≤"} ${goal}`,
          reached: isRate ? ratio >= goal : ratio <= goal,
        }),
  });
}

/** A figure with a limit of its own. */
function limit(name: string, unit: string, figure: number, most: number): void {
  rows.push({
    ...{ case: name, unit, ours: figure, goal: `≤ ${most}`, reached: figure <= most },
  });
}

function note(name: string, unit: string, figure: number): void {
  rows.push({ case: name, unit, ours: figure });
}

async function ourPass(
  line: typeof loopback,
  disk: string,
  sizeBytes: number,
): Promise<Pass & { wireBytes: number }> {
  await makeImage(volume, sizeBytes);
  await forgetCaches();
  const ours = await Ours.start(line, work);
  try {
    const pass = await ours.pass([diskOf(disk, sizeBytes)]);
    const wireBytes = pass.progress.volumes.reduce((sum, { sentBytes }) => sum + sentBytes, 0);
    return { ...pass, wireBytes };
  } finally {
    await ours.end();
  }
}

async function peerPass(sizeBytes: number, work: () => Promise<PeerRun>): Promise<PeerRun> {
  await makeImage(volume, sizeBytes);
  await forgetCaches();
  return work();
}

type Peer = "tls" | "plain" | "qemu" | "copied";

async function initial(name: string, disk: string, sizeBytes: number): Promise<void> {
  const runs: ({ ours: Pass } & Record<Peer, PeerRun>)[] = [];
  // What lies under a virtual disk has caches of its own: nobody shall be the first to read from it.
  await readThrough(disk);
  for (let time = 0; time < times; time += 1) {
    tell(`${name}, loopback, ${time + 1} of ${times}`);
    const ours = await ourPass(loopback, disk, sizeBytes);
    await expectSame(disk, volume);
    const tls = await peerPass(sizeBytes, () => nbdcopy(loopback, work, disk, volume, true));
    await expectSame(disk, volume);
    const plain = await peerPass(sizeBytes, () => nbdcopy(loopback, work, disk, volume, false));
    const qemu = await peerPass(sizeBytes, () => qemuImg(loopback, disk, volume));
    const copied = await peerPass(sizeBytes, () => ddCopy(disk, volume));
    runs.push({ ours, tls, plain, qemu, copied });
  }
  const rate = ({ seconds }: { seconds: number }) => sizeBytes / MiB / seconds;
  const pairs = (peer: Peer) =>
    runs.map((run) => ({ ours: rate(run.ours), peer: rate(run[peer]) }));
  const what = { unit: "MiB/s", isRate: true } as const;
  const title = `initial sync, ${name}`;
  compare({ ...what, name: title, peerName: "nbdcopy, TLS", goal: 2.5 }, pairs("tls"));
  compare({ ...what, name: title, peerName: "nbdcopy, no TLS", goal: 0.8 }, pairs("plain"));
  compare({ ...what, name: title, peerName: "qemu-img, no TLS", goal: 0.8 }, pairs("qemu"));
  compare({ ...what, name: title, peerName: "dd, without a line" }, pairs("copied"));
  const perGiB = (cpuSeconds: number) => cpuSeconds / (sizeBytes / GiB);
  note(
    `${title}: CPU at the source`,
    "s/GiB",
    median(runs.map(({ ours }) => perGiB(ours.agent.cpuSeconds))),
  );
  note(
    `${title}: CPU of nbdcopy, TLS`,
    "s/GiB",
    median(runs.map(({ tls }) => perGiB(tls.source.cpuSeconds))),
  );
  note(
    `${title}: CPU at the gateway`,
    "s/GiB",
    median(runs.map(({ ours }) => perGiB(ours.gateway.cpuSeconds))),
  );
  note(
    `${title}: CPU of nbdkit, TLS`,
    "s/GiB",
    median(runs.map(({ tls }) => perGiB(tls.target.cpuSeconds))),
  );
  limit(
    `${title}: memory of the agent`,
    "MB",
    median(runs.map(({ ours }) => ours.agent.peakBytes / 1e6)),
    200,
  );
}

async function overLine(): Promise<void> {
  const disk = await linux();
  const line = makeLine(lineMbit);
  try {
    const runs: { ours: number; peer: number }[] = [];
    for (let time = 0; time < times; time += 1) {
      tell(`Linux disk, ${lineMbit} Mbit/s, ${time + 1} of ${times}`);
      const ours = await ourPass(line, disk, linuxBytes);
      await expectSame(disk, volume);
      const qemu = await peerPass(linuxBytes, () => qemuImg(line, disk, volume));
      runs.push({ ours: ours.seconds, peer: qemu.seconds });
    }
    const name = `initial sync, Linux disk, ${lineMbit} Mbit/s`;
    compare({ name, peerName: "qemu-img", unit: "s", goal: 0.5 }, runs);
  } finally {
    line.remove();
  }
}

/** A frame of Ethernet carries so much of TCP, with its timestamps; the line's rate counts the whole frame. */
const frameBytes = { whole: 1514, carried: 1448 };

async function incompressibleOverLine(): Promise<void> {
  const disk = await randomDisk(folder, lineBytes);
  const line = makeLine(lineMbit);
  try {
    const runs: { ours: number; peer: number }[] = [];
    const onWire = (lineBytes * frameBytes.whole) / frameBytes.carried;
    for (let time = 0; time < times; time += 1) {
      tell(`random, ${lineMbit} Mbit/s, ${time + 1} of ${times}`);
      const { seconds } = await ourPass(line, disk, lineBytes);
      await expectSame(disk, volume);
      runs.push({ ours: seconds, peer: (onWire * 8) / (lineMbit * 1e6) });
    }
    const name = `initial sync, random, ${lineMbit} Mbit/s`;
    compare({ name, peerName: "the line's limit", unit: "s", goal: 1.05 }, runs);
  } finally {
    line.remove();
  }
}

/** Writes so many of the disk's blocks, each at another place. @returns bytes */
async function change(path: string, sizeBytes: number, share: number): Promise<number> {
  const block = 64 * 1024;
  const count = Math.floor((sizeBytes / block) * share);
  const file = await open(path, "r+");
  const bytes = Buffer.alloc(block);
  const places = new Set<number>();
  while (places.size < count) places.add(Math.floor(Math.random() * (sizeBytes / block)));
  for (const place of places) {
    crypto.getRandomValues(bytes);
    await file.write(bytes, 0, block, place * block);
  }
  await file.sync();
  await file.close();
  return count * block;
}

async function delta(): Promise<void> {
  const image = await randomDisk(folder, deltaBytes);
  const device = execFileSync("losetup", ["--show", "-f", image]).toString().trim();
  const nothing: number[] = [];
  const shares: { ours: number; peer: number }[] = [];
  const wire: { ours: number; peer: number }[] = [];
  const rescans: { ours: number; peer: number }[] = [];
  const rescanWire: number[] = [];
  try {
    for (let time = 0; time < times; time += 1) {
      tell(`delta of ${deltaBytes / GiB} GiB, ${time + 1} of ${times}`);
      await makeImage(volume, deltaBytes);
      await forgetCaches();
      const disks = [diskOf(device, deltaBytes)];
      const sent = ({ progress }: Pass) =>
        progress.volumes.reduce((sum, each) => sum + each.sentBytes, 0);
      const tracking = await Ours.start(loopback, work);
      await tracking.track(disks);
      const first = await tracking.pass(disks);
      nothing.push((await tracking.pass(disks)).seconds);
      const changed = await change(device, deltaBytes, 0.01);
      const second = await tracking.pass(disks);
      shares.push({ ours: second.seconds, peer: first.seconds });
      wire.push({ ours: sent(second) / MiB, peer: changed / MiB });
      await tracking.end();
      await expectSame(image, volume);

      const comparing = await Ours.start(loopback, work);
      // The gateway began anew and knows nothing: this pass makes its map.
      await comparing.pass(disks);
      await forgetCaches();
      const rescan = await comparing.pass(disks);
      await comparing.end();
      await forgetCaches();
      const plain = await dd(device);
      rescans.push({
        ours: deltaBytes / MiB / rescan.seconds,
        peer: deltaBytes / MiB / plain.seconds,
      });
      rescanWire.push((sent(rescan) / deltaBytes) * 100);
      if (time === 0 && !values.quick) {
        await forgetCaches();
        const { seconds } = await rsync(image, volume);
        note("nothing changed: rsync --inplace", "s", seconds);
      }
    }
  } finally {
    execFileSync("losetup", ["-d", device]);
  }
  limit("delta with tracking, nothing changed", "s", median(nothing), 1);
  compare(
    { name: "delta with tracking, 1% changed", peerName: "initial sync", unit: "s", goal: 0.05 },
    shares,
  );
  compare(
    {
      name: "delta with tracking, 1% changed: the wire",
      peerName: "changed blocks",
      unit: "MiB",
      goal: 1.2,
    },
    wire,
  );
  compare(
    { name: "rescan without tracking", peerName: "dd", unit: "MiB/s", isRate: true, goal: 0.8 },
    rescans,
  );
  limit("rescan: share of the disk on the wire", "%", median(rescanWire), 0.1);
}

/** What a cap on the source's CPU leaves, of all CPUs, while a copy runs under it. */
async function cap(): Promise<void> {
  tell("a cap of 20% on the CPU");
  const bytes = randomBytes / 4;
  const disk = await randomDisk(folder, bytes);
  const little = await randomDisk(folder, MiB);
  const first = diskOf(little, MiB, "1");
  await makeImage(volume, bytes);
  await makeImage(first.volumePath, MiB);
  const ours = await Ours.start(loopback, work);
  // What it takes to start is not what is capped.
  const before = await ours.pass([first]);
  const { seconds, agent } = await ours.pass([diskOf(disk, bytes)], { cpuPercent: 20 });
  await ours.end();
  const usedSeconds = agent.cpuSeconds - before.agent.cpuSeconds;
  const share = (usedSeconds / seconds / availableParallelism()) * 100;
  limit("a cap of 20%: CPU of the agent", "%", share, 22);
}

async function memory(): Promise<void> {
  tell("memory: 20 volumes at once, and 1 TiB");
  const each = values.quick ? 64 * MiB : 512 * MiB;
  const source = await randomDisk(folder, each);
  const disks = Array.from({ length: 20 }, (_, index) => diskOf(source, each, `m${index}`));
  for (const { volumePath, sizeBytes } of disks) await makeImage(volumePath, sizeBytes);
  const many = await Ours.start(loopback, work);
  const twenty = await many.pass(disks);
  await many.end();
  for (const { volumePath } of disks) await rm(volumePath);
  limit("20 volumes at once: memory of the agent", "MB", twenty.agent.peakBytes / 1e6, 200);
  limit("20 volumes at once: memory of the gateway", "MB", twenty.gateway.peakBytes / 1e6, 400);

  const size = values.quick ? 32 * GiB : 1024 * GiB;
  const sparse = join(work, "sparse.img");
  await makeImage(sparse, size);
  await makeImage(volume, size);
  const large = await Ours.start(loopback, work);
  const pass = await large.pass([diskOf(sparse, size)]);
  await large.end();
  await rm(sparse);
  note(`${size / GiB} GiB sparse: time`, "s", pass.seconds);
  limit(`${size / GiB} GiB sparse: memory of the agent`, "MB", pass.agent.peakBytes / 1e6, 200);
  limit(`${size / GiB} GiB sparse: memory of the gateway`, "MB", pass.gateway.peakBytes / 1e6, 400);
}

/** Anything but a refusal ends the run. */
async function fuzz(): Promise<void> {
  const frames = values.quick ? 1e5 : 1e7;
  tell(`${frames} hostile frames`);
  const startedAt = performance.now();
  const { decoded, refused, peakBytes } = fuzzFrames(frames);
  note("hostile frames: refused or taken without a fault", "millions", (decoded + refused) / 1e6);
  note("hostile frames: a second", "thousands", frames / (performance.now() - startedAt));
  limit("hostile frames: memory", "MB", peakBytes / 1e6, 400);
}

/** A sync that fails or hangs ends the run. */
async function kills(): Promise<void> {
  const wanted = values.quick ? 100 : 1000;
  tell(`${wanted} kills of either side`);
  const startedAt = performance.now();
  const counts = await killSides(wanted, 1);
  note("kills: of the agent", "kills", counts.agentKills);
  note("kills: of the gateway", "kills", counts.gatewayKills);
  note("kills: with some of the sync acknowledged", "kills", counts.midway);
  note("kills: syncs, each brought to its end", "syncs", counts.syncs);
  note("kills: time", "s", (performance.now() - startedAt) / 1000);
  note("kills: acknowledged blocks compared", "millions", counts.comparedBlocks / 1e6);
  limit("kills: acknowledged blocks lost", "blocks", counts.lostBlocks, 0);
  note("kills: sent", "MiB", counts.sentBytes / MiB);
  note("kills: sent again", "MiB", counts.vainBytes / MiB);
  const excess = counts.mostExcessBytes / 1024;
  limit("kills: sent after one beyond what the volume lacked", "KiB", excess, 256);
}

/** The worst of the rounds: a plan is made while a person waits for it. */
async function placement(): Promise<void> {
  tell("a plan for 10,000 servers");
  const rounds = <T>(work: () => T): T[] => Array.from({ length: times }, work);
  const enough = rounds(() => planMany(10_000, 10_000));
  const scarce = rounds(() => planMany(10_000, 100));
  const worst = (runs: readonly Planned[]) => Math.max(...runs.map(({ seconds }) => seconds));
  limit("a plan for 10,000 servers, room for all", "s", worst(enough), 2);
  limit("a plan for 10,000 servers, 100 gateways", "s", worst(scarce), 2);
  note("10,000 servers: gateways needed", "gateways", enough[0]?.gateways ?? Number.NaN);
  note("10,000 servers, 100 gateways: who waits", "servers", scarce[0]?.waiting ?? Number.NaN);
}

const linux = () => linuxDisk(folder, linuxBytes);
const initialOfLinux = async (bytes: number) =>
  initial(`Linux disk of ${bytes / GiB} GiB`, await linuxDisk(folder, bytes), bytes);
const initialOfRandom = async (bytes: number) =>
  initial(`random, ${bytes / GiB} GiB`, await randomDisk(folder, bytes), bytes);
const cases: Record<string, () => Promise<void>> = {
  linux: () => initialOfLinux(linuxBytes),
  "linux-large": () => initialOfLinux(largeBytes),
  random: () => initialOfRandom(randomBytes),
  "random-large": () => initialOfRandom(largeBytes),
  line: overLine,
  "line-random": incompressibleOverLine,
  delta,
  cap,
  memory,
  fuzz,
  kills,
  placement,
};

const withoutPeers = new Set(["cap", "memory", "fuzz", "kills", "placement"]);

if (process.getuid?.() !== 0) throw new Error("the benchmark needs root");
const chosen = values.only?.split(",") ?? Object.keys(cases);
const packages = {
  nbdkit: "nbdkit",
  nbdcopy: "libnbd-bin",
  "qemu-img": "qemu-utils",
  rsync: "rsync",
};
const missing = Object.entries(packages)
  .filter(([command]) => spawnSync("which", [command]).status !== 0)
  .map(([, name]) => name);
if (missing.length > 0 && chosen.some((name) => !withoutPeers.has(name))) {
  throw new Error(`missing: apt-get install -y --no-install-recommends ${missing.join(" ")}`);
}
await mkdir(work, { recursive: true });
try {
  for (const name of chosen) {
    const run = cases[name];
    if (run === undefined) throw new Error(`there is no ${name}; there are ${Object.keys(cases)}`);
    await run();
  }
} finally {
  await rm(work, { recursive: true, force: true });
}
process.stdout.write(show(rows));
if (values.quick)
  tell("small disks, in which the start of threads counts: the goals are those of a whole run");
if (values.report !== undefined)
  await writeFile(values.report, `${JSON.stringify(rows, null, 2)}\n`);
