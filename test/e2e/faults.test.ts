/** What goes wrong in real migrations: each ends in an error a person can act on, and nothing is lost. */
import { rename, rm, truncate } from "node:fs/promises";
import { afterEach, expect, test } from "vitest";
import {
  changeDisks,
  copies,
  openRunningSite,
  type RunningSite,
  type RunSeen,
  sha256,
  startAgent,
  until,
} from "./site.ts";

let site: RunningSite;

afterEach(() => site.close());

async function migrated(): Promise<void> {
  const { operator, serverId, targetId } = site;
  await operator.succeeded(await operator.start(serverId, "migrate", { targetId }));
}

/** Gives everything back, and sees that the target agrees. */
async function expectCleanUpLeavesNothing(): Promise<void> {
  const { operator, serverId, provider } = site;
  await operator.succeeded(await operator.start(serverId, "clean-up"));
  expect(await provider.listOwned()).toEqual([]);
  const server = await operator.server(serverId);
  expect(server.state).toBe("registered");
  expect(server.activeRunId).toBeUndefined();
}

async function expectExactCopies(): Promise<void> {
  for (const copy of copies(site, await site.operator.server(site.serverId))) {
    expect(await sha256(copy.volume, copy.sizeBytes), copy.volume).toBe(await sha256(copy.disk));
  }
}

async function failedRun(runId: string): Promise<RunSeen> {
  const run = await site.operator.ended(runId);
  expect(run.state).toBe("failed");
  expect(run.error?.hint).toMatch(/\w/);
  return run;
}

test("a second migration of a server that is being moved is refused and harms nothing", async () => {
  site = await openRunningSite();
  const { operator, serverId, targetId, standalone } = site;
  const first = await operator.start(serverId, "migrate", { targetId });

  await expect(operator.start(serverId, "migrate", { targetId })).rejects.toMatchObject({
    code: "server.busy",
    params: { run: first },
  });
  // Past the API, as from the AWS console: the lock is in the server's record.
  await standalone.deps.machines.start("migrate-server", "run-by-hand", { serverId, targetId });
  const byHand = await failedRun("run-by-hand");

  expect(byHand.error?.code).toBe("server.busy");
  await operator.succeeded(first);
  await expectExactCopies();
  await expectCleanUpLeavesNothing();
}, 240_000);

test("a launch before the first sync is refused with what to do instead", async () => {
  site = await openRunningSite();
  const { operator, serverId } = site;

  const launch = operator.start(serverId, "launch", { kind: "test", repair: false });

  await expect(launch).rejects.toMatchObject({
    code: expect.stringMatching(/^server\.(not-synced|wrong-state)$/),
  });
  expect((await operator.server(serverId)).state).toBe("registered");
}, 120_000);

test("a server can't be migrated to a target that is not there", async () => {
  site = await openRunningSite();
  const { operator, serverId } = site;

  const migration = operator.start(serverId, "migrate", { targetId: "tgt-nowhere" });

  await expect(migration).rejects.toMatchObject({ code: "record.not-found" });
}, 120_000);

test("a target whose folder has gone is reported as unreachable, and the server stays free", async () => {
  site = await openRunningSite();
  const { operator, serverId, targetId, targetFolder, provider } = site;
  expect(await provider.listOwned()).toEqual([]);
  await rename(targetFolder, `${targetFolder}-elsewhere`);

  const { error } = await failedRun(await operator.start(serverId, "migrate", { targetId }));
  await rename(`${targetFolder}-elsewhere`, targetFolder);

  expect(error?.code).toBe("target.unreachable");
  const server = await operator.server(serverId);
  expect(server.activeRunId).toBeUndefined();
  expect(server.lastError?.code).toBe("target.unreachable");
}, 120_000);

test("a disk that shrank since it was registered stops the sync, and the replica stays what it was", async () => {
  site = await openRunningSite();
  await migrated();
  const { operator, serverId, dataDisk } = site;
  const before = await operator.server(serverId);
  await truncate(dataDisk, 2 * 1024 ** 2);

  const run = await failedRun(await operator.start(serverId, "sync"));

  expect(run.error?.code).toBe("disk.shrunk");
  const after = await operator.server(serverId);
  expect(after).toMatchObject({ state: "ready-for-test", recoveryPointId: before.recoveryPointId });
  expect(after.activeRunId).toBeUndefined();
  await expectCleanUpLeavesNothing();
}, 240_000);

test("a disk that vanished stops the sync with its name", async () => {
  site = await openRunningSite();
  await migrated();
  const { operator, serverId, dataDisk } = site;
  await rm(dataDisk);

  const run = await failedRun(await operator.start(serverId, "sync"));

  expect(run.error?.code).toBe("disk.vanished");
  await expectCleanUpLeavesNothing();
}, 240_000);

test("a gateway and an agent killed in the middle of a copy take it up again by themselves", async () => {
  site = await openRunningSite();
  const { operator, serverId, targetId, agent, standalone, folder } = site;
  // Slow enough to be met in the middle.
  await operator.call("PATCH", `/v1/servers/${serverId}`, {
    limits: { rateBytesPerSecond: 400_000 },
  });
  const run = await operator.start(serverId, "migrate", { targetId });
  await until("the copy to be under way", async () => {
    const { replication } = await operator.server(serverId);
    return replication.status === "initial-sync" && (await operator.run(run)).step === "sync";
  });

  await agent.kill("SIGKILL");
  await killGateway(folder);
  const again = startAgent(site, { url: standalone.machinesUrl });
  try {
    await operator.succeeded(run, 180_000);
    await expectExactCopies();
    await expectCleanUpLeavesNothing();
  } finally {
    await again.kill("SIGTERM");
  }
}, 300_000);

/** The daemon, not its machine: the machine's keeper starts it again, as systemd would. */
async function killGateway(folder: string): Promise<void> {
  const { readdir, readFile } = await import("node:fs/promises");
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const command = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (command.includes("hypermotion-gateway") && command.includes(folder)) {
      process.kill(Number(pid), "SIGKILL");
    }
  }
}

test("a source whose root can't be found is refused by driver repair, and nothing of the launch stays", async () => {
  site = await openRunningSite();
  await migrated();
  const { operator, serverId, provider } = site;
  const before = (await provider.listOwned()).map(({ id }) => id).sort();

  const run = await failedRun(
    await operator.start(serverId, "launch", { kind: "test", instanceType: "nvme", repair: true }),
  );

  expect(run.error?.code).toBe("repair.no-root");
  const server = await operator.server(serverId);
  expect(server).toMatchObject({ state: "ready-for-test", launches: [] });
  expect((await provider.listOwned()).map(({ id }) => id).sort()).toEqual(before);
  await expectCleanUpLeavesNothing();
}, 240_000);

test("a server that does not boot fails its cutover, and stands where it stood before", async () => {
  site = await openRunningSite({
    says: "Kernel panic - not syncing: VFS: Unable to mount root fs",
  });
  await migrated();
  const { operator, serverId } = site;

  const run = await failedRun(
    await operator.start(serverId, "launch", {
      kind: "cutover",
      instanceType: "nvme",
      repair: false,
    }),
  );

  expect(run.error).toMatchObject({ code: "launch.not-booted" });
  expect(run.console).toContain("Kernel panic");
  const server = await operator.server(serverId);
  expect(server).toMatchObject({ state: "ready-for-test", launches: [] });
  await expectCleanUpLeavesNothing();
}, 240_000);

test("a cutover can be reverted, and cut over again with what changed meanwhile", async () => {
  site = await openRunningSite();
  await migrated();
  const { operator, serverId } = site;
  const cutOver = { kind: "cutover", instanceType: "virtio-blk", repair: false };
  await operator.succeeded(await operator.start(serverId, "launch", cutOver));

  await operator.succeeded(await operator.start(serverId, "revert"));
  const reverted = await operator.server(serverId);
  await changeDisks(site);
  await operator.succeeded(await operator.start(serverId, "launch", cutOver));

  expect(reverted).toMatchObject({ state: "ready-for-cutover", launches: [] });
  expect((await operator.server(serverId)).state).toBe("cut-over");
  await expectExactCopies();
}, 300_000);

test("a target with too few slots for a server's disks refuses it before anything is made", async () => {
  site = await openRunningSite({ target: { gatewayMaxVolumes: 1 } });
  const { operator, serverId, targetId, provider } = site;

  const run = await operator.start(serverId, "migrate", { targetId }).then(failedRun);

  expect(run.error?.code).toBe("check.blocked");
  expect(run.error?.message).toContain("2 volumes on one gateway (1)");
  expect(await provider.listOwned()).toEqual([]);
}, 120_000);
