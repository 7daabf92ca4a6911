import { execFile } from "node:child_process";
import { open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { afterEach, expect, test } from "vitest";
import type { Rescue } from "#api/servers.ts";
import { countTransitions } from "#local/demo/moving.ts";
import { defaultCacheFolder } from "#local/demo/source-server/root-tree.ts";
import { ensureDoorImage, findDoorImageObstacle } from "#local/door-image/build.ts";
import { openRunningSite, type RunningSite, sha256, until } from "./site.ts";

const MiB = 1024 ** 2;
const runProgram = promisify(execFile);
/** HyperDoor's own part of the disk is copied last, and the other half of it is full. */
const systemMiB = 384;
const obstacle = await findDoorImageObstacle();
const skipped = obstacle === undefined ? "" : ` (skipped: ${obstacle})`;
let site: RunningSite | undefined;

afterEach(async () => {
  await site?.close();
  site = undefined;
});

test.skipIf(obstacle !== undefined)(
  `where no volume can become a system disk HyperDoor copies it, a power cut in the middle included, and the copied server boots with its data disk (R-179, S-19)${skipped}`,
  async () => {
    const image = await ensureDoorImage(defaultCacheFolder(), () => {});
    site = await openRunningSite({
      systemMiB,
      target: { config: { hyperDoor: { image } } },
    });
    const { operator, serverId, targetId, provider } = site;
    await operator.succeeded(await operator.start(serverId, "migrate", { targetId }));
    const launch = await operator.start(serverId, "launch", { kind: "test", repair: false });
    const instanceId = await until(
      "HyperDoor to copy",
      () => copying(site as RunningSite),
      180_000,
    );
    const disk = join(site.targetFolder, "instances", instanceId, "system.raw");

    expect(await firstBytes(disk)).not.toEqual(await firstBytes(site.systemDisk));
    await provider.compute.restartInstance?.(instanceId);
    const ending = new AbortController();
    const rescued = logIn(site, ending.signal);
    const run = await operator.succeeded(launch, 300_000).finally(() => ending.abort());

    // By the run's key, in a system that lives in memory and can see both disks.
    expect(await rescued).toMatch(/^root on (tmpfs|rootfs|ramfs)/);
    expect(run.console).toContain("tiny login:");
    expect(run.console).not.toContain("HyperDoor");
    expect(await sha256(disk, systemMiB * MiB)).toBe(await sha256(site.systemDisk));
    const events = (await site.standalone.deps.store.events.list(serverId, { limit: 1000 })).map(
      ({ type }) => type,
    );
    const copies = events.filter(
      (type) => type.startsWith("hyperdoor.") && !type.endsWith("shown"),
    );
    expect(copies).toHaveLength(3);
    expect(copies).toContain("hyperdoor.started-again");
    const [launched] = (await operator.server(serverId)).launches;
    const [clone = "", data = ""] = launched?.volumeIds ?? [];
    expect(await provider.volumes.findVolume(clone)).toBeUndefined();
    expect((await provider.volumes.findVolume(data))?.attachedTo).toBe(instanceId);
    expect(countTransitions(run.history)).toBeLessThanOrEqual(30);
  },
  600_000,
);

/** The instance, once HyperDoor has said that it copies and before it says anything more. */
async function copying({ operator, provider, serverId }: RunningSite): Promise<string | undefined> {
  const [launched] = (await operator.server(serverId)).launches;
  if (launched?.instanceId === undefined) return undefined;
  const shown = await provider.compute.readConsole(launched.instanceId);
  return shown.includes("HyperDoor: copies") ? launched.instanceId : undefined;
}

/** What HyperDoor says by SSH; undefined where nobody got in before the end. */
async function logIn(
  { folder, operator, serverId }: RunningSite,
  signal: AbortSignal,
): Promise<string | undefined> {
  const key = join(folder, "rescue.key");
  const options = ["StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "ConnectTimeout=30"];
  const asked = `echo "$(whoami) on $(stat -f -c %T /)"`;
  while (!signal.aborted) {
    try {
      // Its machine has another address each time it starts.
      const way = await operator.call<Rescue>("POST", `/v1/servers/${serverId}/rescue`);
      const [host = "", port = "22"] = way.address?.split(":") ?? [];
      await writeFile(key, way.privateKey, { mode: 0o600 });
      const { stdout } = await runProgram("ssh", [
        ...["-i", key, "-p", port, "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes"],
        ...options.flatMap((option) => ["-o", option]),
        ...[`${way.user}@${host}`, asked],
      ]);
      return stdout.trim();
    } catch {
      // It has not started yet, or has restarted into what it copied.
      await delay(1000);
    }
  }
  return undefined;
}

async function firstBytes(path: string): Promise<Buffer> {
  const file = await open(path, "r");
  const bytes = Buffer.alloc(512);
  await file.read(bytes, 0, bytes.length, 0).finally(() => file.close());
  return bytes;
}
