/** What was copied is proved, damage is found and healed, and a source is compared: with everything real. */
import { once } from "node:events";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { RecoveryPointView } from "#api/servers.ts";
import { keepSession } from "#cli/sessions.ts";
import type { Verification } from "#domain/verification.ts";
import { hostWith } from "#functions/deps.ts";
import {
  changeDisks,
  copies,
  Operator,
  openRunningSite,
  type RunningSite,
  runNode,
  sha256,
} from "./site.ts";

const MiB = 1024 ** 2;
const block = 64 * 1024;

let site: RunningSite;

afterEach(() => site.close());

async function migrated(): Promise<void> {
  const { operator, serverId, targetId } = site;
  await operator.succeeded(await operator.start(serverId, "migrate", { targetId }));
}

async function verified(wish: { source?: boolean; freeze?: boolean } = {}): Promise<Verification> {
  const { operator, serverId } = site;
  const run = await operator.succeeded(await operator.start(serverId, "verify", wish));
  const { verification } = run as unknown as { verification: Verification };
  return verification;
}

async function pointsOf(serverId: string): Promise<RecoveryPointView[]> {
  const path = `/v1/servers/${serverId}/recovery-points`;
  return (await site.operator.call<{ items: RecoveryPointView[] }>("GET", path)).items;
}

/** Changes bytes of a volume as a fault of the target would: nobody is told. */
async function damage(path: string, ...offsets: number[]): Promise<void> {
  const file = await open(path, "r+");
  for (const offsetBytes of offsets) {
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, offsetBytes);
    byte.writeUInt8(byte.readUInt8() ^ 0xff);
    await file.write(byte, 0, 1, offsetBytes);
  }
  await file.close();
}

/** The command line as a person has it, logged in. */
async function commandLine(): Promise<
  (...args: string[]) => Promise<{ status: number | null; output: string }>
> {
  const user = await site.operator.call<{ oneTimePassword: string }>("POST", "/v1/users", {
    ...{ name: "ada", role: "operator" },
  });
  const env = { XDG_CONFIG_HOME: join(site.folder, "ada"), LC_ALL: "C" };
  const { url } = site.standalone;
  const token = await new Operator(() => url).login("ada", user.oneTimePassword);
  await keepSession(env, url, { token, user: "ada" });
  return async (...args) => {
    const { child, output } = runNode(["cli/hypermotion.mjs", ...args, "--console", url], env);
    await once(child, "close");
    return { status: child.exitCode, output: output() };
  };
}

test("volumes are proved, damage is named, healed by the next sync, and then gone", async () => {
  site = await openRunningSite();
  await migrated();
  const { operator, serverId, standalone, systemDisk } = site;
  const hypermotion = await commandLine();
  const before = await operator.server(serverId);
  const [system] = copies(site, before);
  const [point] = await pointsOf(serverId);
  const [disk] = point?.disks ?? [];

  const proved = await verified();
  await damage(system?.volume ?? "", MiB + 1, 2 * MiB + 3, 2 * MiB + block);
  const told = await hypermotion("verify", "tiny");
  const again = await verified({ source: true });
  await operator.succeeded(await operator.start(serverId, "sync"));
  const session = await standalone.deps.store.sessions.get(
    (await operator.server(serverId)).replication.sessionId ?? "",
  );
  const healed = await verified({ source: true });
  const well = await hypermotion("verify", "tiny", "--source", "--json");
  const listed = await hypermotion("server", "points", "tiny");

  expect(proved).toMatchObject({ recoveryPointId: before.recoveryPointId });
  expect(proved.volumes[0]).toMatchObject({
    ...{ deviceName: "sda", sha256: await sha256(systemDisk), rootHash: disk?.rootHash },
    ...{ isAsRecorded: true, comparedBytes: disk?.sizeBytes, differences: { blocks: 0 } },
  });
  expect(told.status, told.output).toBe(9);
  expect(told.output).toContain("3 blocks (192 KiB) in 2 places are not what was copied");
  expect(told.output).toContain(`${block} bytes from byte ${MiB} on`);
  expect(told.output).toContain(`${2 * block} bytes from byte ${2 * MiB} on`);
  expect(told.output).toContain("Disks sda of tiny are not proved");
  // Not healed yet: the root tells, and the source names the same blocks.
  expect(again.volumes[0]).toMatchObject({ isAsRecorded: false, source: { blocks: 3 } });
  expect(again.volumes[0]?.source?.places.flatMap(({ extents }) => extents)).toMatchObject([
    { offsetBytes: MiB, lengthBytes: block },
    { offsetBytes: 2 * MiB, lengthBytes: 2 * block },
  ]);
  expect(session.result?.volumes[0]).toMatchObject({ writtenBytes: 3 * block });
  for (const volume of healed.volumes) {
    expect(volume).toMatchObject({
      ...{ isAsRecorded: true, differences: { blocks: 0 }, source: { blocks: 0 } },
    });
  }
  expect(well.status, well.output).toBe(0);
  expect(listed.output).toContain(disk?.rootHash);
  const events = await operator.call<{ items: { type: string }[] }>(
    "GET",
    `/v1/events?serverId=${serverId}&limit=100`,
  );
  const types = events.items.map(({ type }) => type);
  expect(types).toEqual(
    expect.arrayContaining(["verify.done", "verify.differs", "verify.source-done"]),
  );
}, 300_000);

test("a source that went on is compared without copying: it differs, and its replica stays what it was", async () => {
  site = await openRunningSite();
  await migrated();
  const { operator, serverId } = site;
  const before = await operator.server(serverId);
  await changeDisks(site);

  const found = await verified({ source: true });
  const after = await operator.server(serverId);

  for (const volume of found.volumes) {
    expect(volume).toMatchObject({ isAsRecorded: true, differences: { blocks: 0 } });
    expect(volume.source).toMatchObject({ blocks: 2, extentCount: 1 });
    expect(volume.source?.places[0]?.extents).toMatchObject([
      { offsetBytes: 2 * MiB, lengthBytes: 2 * block },
    ]);
  }
  expect(after.recoveryPointId).toBe(before.recoveryPointId);
  expect(after.replication).toEqual(before.replication);
  const freeze = operator.start(serverId, "verify", { freeze: true });
  await expect(freeze).rejects.toMatchObject({ code: "input.invalid" });
}, 300_000);

test("a snapshot that fails leaves no half recovery point: the newest stays the newest", async () => {
  site = await openRunningSite();
  await migrated();
  const { operator, serverId, standalone } = site;
  const before = await operator.server(serverId);
  const pointsBefore = await pointsOf(serverId);
  let asked = 0;
  hostWith({
    ...standalone.deps,
    async providerFor(target, runId) {
      const provider = await standalone.deps.providerFor(target, runId);
      const createSnapshot: typeof provider.volumes.createSnapshot = async (request) => {
        asked += 1;
        if (asked === 2) throw new Error("the cloud lost the second disk's snapshot");
        return provider.volumes.createSnapshot(request);
      };
      return { ...provider, volumes: { ...provider.volumes, createSnapshot } };
    },
  });

  const failed = await operator.ended(await operator.start(serverId, "sync"));
  const after = await operator.server(serverId);
  const pointsAfter = await pointsOf(serverId);
  hostWith(standalone.deps);
  await operator.succeeded(await operator.start(serverId, "sync"));
  const [newest] = await pointsOf(serverId);

  expect(failed).toMatchObject({ state: "failed" });
  expect(asked).toBe(2);
  expect(after.recoveryPointId).toBe(before.recoveryPointId);
  expect(pointsAfter).toEqual(pointsBefore);
  expect(pointsBefore).toMatchObject([{ id: before.recoveryPointId, isNewest: true }]);
  for (const disk of newest?.disks ?? []) {
    expect(disk.snapshotId).not.toBe("");
    expect(disk.rootHash).toMatch(/^[0-9a-f]{64}$/);
    expect(disk.sizeBytes).toBeGreaterThan(0);
  }
  expect(newest?.disks).toHaveLength(2);
  expect(Date.parse(newest?.takenAt ?? "")).toBeGreaterThan(
    Date.parse(pointsBefore[0]?.takenAt ?? ""),
  );
}, 300_000);
