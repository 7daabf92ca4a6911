/**
 * `npm run demo`: a real server is built, migrated, rehearsed, cut over and cleaned up on this machine,
 * by the product as it is, and the proof of it is measured outside of the product: the disks' checksums
 * from the files themselves, the boots from what the guests say of themselves.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs, promisify } from "node:util";
import type { Client } from "#api/client.ts";
import type { RunDetails } from "#api/runs.ts";
import { describeError, errorTable, exitStatus, factsOf } from "#domain/errors.ts";
import type { SessionResult } from "#domain/protocol/facts.ts";
import type { Provider } from "#providers/provider.ts";
import { type Standalone, startStandalone } from "../standalone.ts";
import {
  countTransitions,
  followRun,
  loggedIn,
  registeredServer,
  startAgent,
  succeed,
} from "./moving.ts";
import { buildPlainDisks, changePlainDisks } from "./plain-disks.ts";
import { type BootSeen, type DemoReport, faults, renderReport } from "./report.ts";
import { createShow, type Show } from "./show.ts";
import { findBootReport } from "./source-server/boot-report.ts";
import {
  buildSourceServer,
  changeSourceServer,
  findSourceServerObstacle,
  type SourceServer,
} from "./source-server.ts";

const help = `npm run demo [-- options]: migrates a real server on this machine and proves it

  --quick           one boot instead of four (the cutover, on NVMe)
  --report <file>   writes the report as JSON
  --json            one JSON object a line instead of words
  --keep            leaves the demo's folder, with all logs, in place
  --help

Examples
  npm run demo
  npm run demo -- --quick --report report.json
`;

interface Options {
  quick: boolean;
  report?: string;
  json: boolean;
  keep: boolean;
}

function parseOptions(): Options | undefined {
  const { values } = parseArgs({
    options: {
      quick: { type: "boolean", default: false },
      report: { type: "string" },
      json: { type: "boolean", default: false },
      keep: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const { quick, json, keep, report } = values;
  return { quick, json, keep, ...(report === undefined ? {} : { report: resolve(report) }) };
}

/** How long after the login prompt the guest's own report may take to appear. */
const bootReportMs = 120_000;

/** What is migrated: a server that boots where one can be built, else disks that only hold data. */
interface Source {
  readonly disks: { systemDisk: string; dataDisk?: string };
  readonly server: SourceServer | undefined;
  change(): Promise<{ bytesWritten: number }>;
  /** Why nothing of it can be launched, if so. */
  readonly notBootable?: string;
}

interface Demo {
  options: Options;
  show: Show;
  folder: string;
  standalone: Standalone;
  client: Client;
  provider: Provider;
  source: Source;
  serverId: string;
  targetId: string;
  report: DemoReport;
}

async function migrate(demo: Demo): Promise<void> {
  const { client, show, serverId, targetId, report, source } = demo;
  const first = await show.step("Migrate: gateway, volumes, initial sync, recovery point", (view) =>
    succeed(client, client.migrate(serverId, { targetId }), serverId, view),
  );
  const initial = await lastSession(demo);
  report.initialSync = {
    bytesRead: sum(initial, "readBytes"),
    bytesSent: sum(initial, "sentBytes"),
    bytesWritten: sum(initial, "writtenBytes"),
    seconds: initial.seconds,
  };
  await show.step("Change files at the source", () => source.change());
  await show.step("Delta sync", (view) => succeed(client, client.sync(serverId), serverId, view));
  const delta = await lastSession(demo);
  report.deltaSync = {
    changedBytes: sum(delta, "changedBytes"),
    bytesSent: sum(delta, "sentBytes"),
    seconds: delta.seconds,
  };

  if (source.notBootable !== undefined) {
    report.notShown.push(`Launch, driver repair and boot: ${source.notBootable}`);
    report.transitions = await transitionsOf(demo, [first]);
    await compareDisks(demo);
    return;
  }
  if (!demo.options.quick) await rehearse(demo);
  await show.step("Change files at the source once more", () => source.change());
  const last = await boot(demo, "Cut over, driver repair, boot on nvme", {
    kind: "cutover",
    instanceType: "nvme",
    repair: true,
  });
  report.transitions = await transitionsOf(demo, [first, last]);
  await compareDisks(demo);
}

/** The control, and the repaired server on hardware that its source never had. */
async function rehearse(demo: Demo): Promise<void> {
  const { client, show, serverId } = demo;
  await boot(demo, "Control: launch without driver repair on nvme (is to fail)", {
    kind: "test",
    instanceType: "nvme",
    repair: false,
  });
  for (const instanceType of ["virtio-blk", "virtio-scsi"]) {
    await boot(demo, `Test launch, driver repair, boot on ${instanceType}`, {
      kind: "test",
      instanceType,
      repair: true,
    });
    const isLast = instanceType === "virtio-scsi";
    await show.step(isLast ? "Accept the rehearsal" : "Revert the rehearsal", (view) =>
      succeed(client, isLast ? client.accept(serverId) : client.revert(serverId), serverId, view),
    );
  }
}

async function boot(
  demo: Demo,
  name: string,
  launch: { kind: "test" | "cutover"; instanceType: string; repair: boolean },
): Promise<RunDetails> {
  const { client, show, serverId, report } = demo;
  return show.step(name, async (view) => {
    const { id } = await client.launch(serverId, launch);
    const run = await followRun(client, id, serverId, view);
    report.boots.push(await bootSeen(demo, run, launch.instanceType, launch.repair));
    return run;
  });
}

async function bootSeen(
  { client, provider, serverId, source }: Demo,
  run: RunDetails,
  profile: string,
  repaired: boolean,
): Promise<BootSeen> {
  if (run.state !== "succeeded") {
    const why = run.error?.message ?? run.state;
    return { profile, repaired, booted: false, seconds: runSeconds(run), evidence: why };
  }
  const server = await client.getServer(serverId);
  const launched = server.launches.find((found) => found.runId === run.id);
  const seconds = launched?.bootSeconds ?? 0;
  const report = await guestReport(provider, launched?.instanceId ?? "");
  if (report === undefined) {
    return { profile, repaired, booted: true, seconds, evidence: launched?.evidence ?? "" };
  }
  const hasData = report.marker === source.server?.dataMarker;
  const isUp = report.address !== "" && hasData && report.failedUnits.length === 0;
  const evidence = `login prompt; root on ${report.root}, ${report.interface} has ${report.address || "no address"}, data disk ${hasData ? "mounted" : "NOT mounted"}, failed units: ${report.failedUnits.join(" ") || "none"}`;
  return { profile, repaired, booted: isUp, seconds, evidence };
}

function runSeconds(run: RunDetails): number {
  return (Date.parse(run.endedAt ?? run.startedAt) - Date.parse(run.startedAt)) / 1000;
}

/** What the guest says of itself after its login prompt: the target's own view of its serial line. */
async function guestReport(provider: Provider, instanceId: string) {
  const until = Date.now() + bootReportMs;
  while (Date.now() < until) {
    const report = findBootReport(await provider.compute.readConsole(instanceId));
    if (report !== undefined) return report;
    await sleep(500);
  }
  return undefined;
}

async function lastSession({ standalone, serverId }: Demo): Promise<SessionResult> {
  const server = await standalone.deps.store.servers.get(serverId);
  const session = await standalone.deps.store.sessions.get(server.replication.sessionId ?? "");
  if (session.result === undefined) throw new Error(`session ${session.id} has no result`);
  return session.result;
}

type Counted = "readBytes" | "sentBytes" | "writtenBytes" | "changedBytes";

function sum(result: SessionResult, what: Counted): number {
  return result.volumes.reduce((total, volume) => total + volume[what], 0);
}

async function transitionsOf({ client }: Demo, runs: readonly RunDetails[]): Promise<number> {
  const nested: RunDetails[] = [];
  for await (const run of client.listRuns()) {
    if (runs.some(({ id }) => id === run.parentRunId)) nested.push(await client.getRun(run.id));
  }
  return [...runs, ...nested].reduce((total, { history }) => total + countTransitions(history), 0);
}

/** Checksums of the files themselves: nothing of ours is asked. */
async function compareDisks({ client, serverId, source, report, show }: Demo): Promise<void> {
  const server = await client.getServer(serverId);
  const paths = [source.disks.systemDisk, source.disks.dataDisk];
  report.disks = await show.step("Compare every byte of disks and volumes", () =>
    Promise.all(
      server.volumes.map(async (volume, index) => ({
        name: volume.deviceName,
        bytes: volume.diskBytes,
        sourceSha256: await sha256(paths[index] ?? "", volume.diskBytes),
        volumeSha256: await sha256(
          volume.device?.by === "path" ? volume.device.path : "",
          volume.diskBytes,
        ),
      })),
    ),
  );
}

async function sha256(path: string, bytes: number): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { end: bytes - 1, highWaterMark: 1 << 20 })) {
    hash.update(chunk);
  }
  return hash.digest("hex");
}

/** What is still there when clean-up is done, but for what the cutover launched. */
async function cleanUp({ client, show, serverId, provider, report }: Demo): Promise<void> {
  await show.step("Clean up", (view) => succeed(client, client.cleanUp(serverId), serverId, view));
  const { launches } = await client.getServer(serverId);
  const asked = new Set(
    launches.flatMap(({ instanceId, volumeIds }) => [instanceId, ...volumeIds]),
  );
  const left = (await provider.listOwned()).filter(({ id }) => !asked.has(id));
  // The launched server runs in it, so it stays as long as the server does.
  const ofServer = launches.length > 0 ? "security-group" : undefined;
  report.leftovers = left
    .filter(({ kind }) => kind !== ofServer)
    .map(({ kind, id }) => `${kind} ${id}`);
}

/** The server that was cut over to is the user's; the demo's user switches it off at the end. */
async function emptyTarget(provider: Provider): Promise<void> {
  for (const kind of ["instance", "volume", "snapshot", "security-group"] as const) {
    for (const { id } of (await provider.listOwned()).filter((found) => found.kind === kind)) {
      if (kind === "instance") {
        await provider.compute.deleteInstance(id);
        while ((await provider.compute.findInstance(id)) !== undefined) await sleep(200);
      } else if (kind === "volume") await provider.volumes.deleteVolume(id);
      else if (kind === "snapshot") await provider.volumes.deleteSnapshot(id);
      else await provider.network.deleteSecurityGroup(id);
    }
  }
}

async function buildSource(show: Show, folder: string): Promise<Source> {
  const obstacle = await findSourceServerObstacle();
  if (obstacle !== undefined) {
    const disks = await show.step("Make two disks (no server can be built here)", () =>
      buildPlainDisks(folder),
    );
    const notBootable = `no source server can be built here: ${obstacle}`;
    return { disks, server: undefined, notBootable, change: () => changePlainDisks(disks) };
  }
  const server = await show.step("Build the source server", (view) =>
    buildSourceServer({
      folder,
      variant: "ext4",
      dataDisk: true,
      onStep: (doing) => view.update({ doing }),
    }),
  );
  const source = { disks: server, server, change: () => changeSourceServer(server) };
  const noMachine = await findMachineObstacle();
  return noMachine === undefined ? source : { ...source, notBootable: noMachine };
}

async function findMachineObstacle(): Promise<string | undefined> {
  try {
    await promisify(execFile)("qemu-system-x86_64", ["--version"]);
    return undefined;
  } catch (error) {
    return `qemu-system-x86_64 does not run here: ${error instanceof Error ? error.message : error}`;
  }
}

async function run(options: Options): Promise<DemoReport> {
  const show = createShow(process.stdout, options.json);
  const folder = await mkdtemp(join(tmpdir(), "hypermotion-demo-"));
  show.say(`The demo works in ${folder}`);
  const started: (() => Promise<unknown>)[] = [];
  const end = endOnce(started, folder, options.keep, show);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      show.say(`${signal}: switching everything off`);
      void end().then(() => process.exit(128 + (signal === "SIGINT" ? 2 : 15)));
    });
  }
  try {
    const source = await buildSource(show, join(folder, "source"));
    const standalone = await show.step("Start the console", () =>
      startStandalone({ dataFolder: join(folder, "console"), port: 0, machinesPort: 0 }),
    );
    started.push(() => standalone.close());
    const client = await loggedIn(standalone);
    const target = await show.step("Add this machine as a target", () =>
      client.createTarget({
        name: "this machine",
        platform: "local",
        config: { folder: join(folder, "target") },
      }),
    );
    const record = await standalone.deps.store.targets.get(target.id);
    const provider = await standalone.deps.providerFor(record, "demo");
    started.push(() => emptyTarget(provider));
    const serverId = await show.step("Register the source server by its agent", async () => {
      const disks = [
        { name: "sda", path: source.disks.systemDisk },
        ...(source.disks.dataDisk === undefined
          ? []
          : [{ name: "sdb", path: source.disks.dataDisk }]),
      ];
      const agent = startAgent(folder, await client.createCode({}), disks);
      started.push(() => agent.stop());
      return registeredServer(client);
    });
    const report: DemoReport = {
      disks: [],
      initialSync: { bytesRead: 0, bytesSent: 0, bytesWritten: 0, seconds: 0 },
      deltaSync: { changedBytes: 0, bytesSent: 0, seconds: 0 },
      boots: [],
      transitions: 0,
      steps: show.steps,
      leftovers: [],
      notShown: [],
    };
    const demo = {
      options,
      show,
      folder,
      standalone,
      client,
      provider,
      source,
      serverId,
      targetId: target.id,
      report,
    };
    await migrate(demo);
    await cleanUp(demo);
    return report;
  } finally {
    await end();
  }
}

/** Gateways and launched servers outlive a console by design, so the demo has to end them itself. */
function endOnce(
  started: (() => Promise<unknown>)[],
  folder: string,
  keep: boolean,
  show: Show,
): () => Promise<void> {
  let ending: Promise<void> | undefined;
  const end = async () => {
    for (const stop of started.splice(0).reverse()) await stop();
    if (keep) show.say(`Kept: ${folder}`);
    else await rm(folder, { recursive: true, force: true });
  };
  return () => {
    ending ??= end();
    return ending;
  };
}

const options = parseOptions();
if (options === undefined) {
  process.stdout.write(help);
} else {
  try {
    const report = await run(options);
    if (options.report !== undefined) {
      await writeFile(options.report, `${JSON.stringify(report, null, 2)}\n`);
    }
    process.stdout.write(options.json ? `${JSON.stringify({ report })}\n` : renderReport(report));
    const found = faults(report);
    for (const fault of found) process.stderr.write(`✗ ${fault}\n`);
    process.exitCode = found.length === 0 ? 0 : exitStatus.data;
  } catch (error) {
    const facts = factsOf(error);
    const { message, hint } = describeError(facts);
    process.stderr.write(`${message}\n${hint}\n`);
    process.exitCode = exitStatus[errorTable[facts.code].exit];
  }
}
