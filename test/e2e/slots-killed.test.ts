import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Gateway } from "#domain/records.ts";
import { replicasOn, roomOf } from "#domain/slots.ts";
import { startDatabase } from "#local/database.ts";
import { openStore, type Store } from "#store/store.ts";
import { inventory } from "../fixtures/console.ts";
import { type RunningProcess, runNode } from "./site.ts";

const targetId = "tgt-crowded";
const servers = 200;
const processes = 4;
/** Each process is killed as often at one of its own writes, and as often from outside. */
const deaths = 3;

let folder: string;
let database: Awaited<ReturnType<typeof startDatabase>>;
let store: Store;
let running: RunningProcess[];

beforeEach(async () => {
  running = [];
  folder = await mkdtemp(join(tmpdir(), "hypermotion-slots-"));
  database = await startDatabase(join(folder, "db"));
  store = openStore(database.clientConfig, () => new Date());
  await store.prepare();
});

afterEach(async () => {
  for (const started of running) await started.kill("SIGKILL");
  store.close();
  await database.close();
  await rm(folder, { recursive: true });
});

const disksOf = (index: number) => 1 + (index % 3);

async function addServers(): Promise<void> {
  await store.targets.create({
    ...{ id: targetId, name: "crowded", platform: "local", maxGateways: 8 },
    config: { folder: join(folder, "target"), minFreeBytes: 0 },
    ...{ gatewayIdleMinutes: 30, gatewayIds: [], gatewaysMade: 0 },
  });
  const [disk] = inventory.disks;
  if (disk === undefined) throw new Error("the fixture has no disk");
  for (let index = 0; index < servers; index++) {
    const disks = Array.from({ length: disksOf(index) }, (_, at) => ({
      ...disk,
      id: `disk-${at}`,
    }));
    const server = await store.servers.create({
      ...{ id: `srv-${index}`, name: `server-${index}`, state: "replicating", targetId },
      ...{ lastSeenAt: new Date().toISOString(), inventory: { ...inventory, disks } },
      ...{ agentVersion: "1", agentFingerprint: "ab".repeat(32), agentTokenHash: "-" },
      ...{ activeRunId: `run-${index}`, volumes: [], olderRecoveryPointIds: [], launches: [] },
      replication: {
        ...{ status: "none", totalBytes: 0, doneBytes: 0, rateBytesPerSecond: 0 },
        bottleneck: "unknown",
      },
      limits: {
        rateBytesPerSecond: 0,
        windows: [],
        timeZone: "UTC",
        cpuPercent: 100,
        paused: false,
      },
    });
    await store.runs.create({
      ...{ id: `run-${index}`, kind: "migrate-server", serverId: server.id, state: "running" },
      input: {},
    });
  }
}

async function gatewaysSeen(): Promise<Gateway[]> {
  const { gatewayIds } = await store.targets.get(targetId);
  return Promise.all(gatewayIds.map((id) => store.gateways.get(id)));
}

/** Starts a process until it has died as often as it is to, then once more until it is done. */
async function liveThrough(share: number): Promise<number> {
  let died = 0;
  for (;;) {
    const more = died < deaths;
    const life = runNode([
      "test/e2e/slot-takers.ts",
      ...["--database", join(folder, "db"), "--share", `${share}/${processes}`],
      ...(more ? ["--die-after-writes", String(5 + ((share * 37 + died * 53) % 90))] : []),
    ]);
    running.push(life);
    const [status, signal] = (await once(life.child, "exit")) as [number | null, string | null];
    if (status === 0) return died;
    if (signal !== "SIGKILL") throw new Error(`a process of slot takers failed: ${life.output()}`);
    died += 1;
  }
}

test("of two hundred migrations at once, killed in the middle, no slot is given twice and none is lost", async () => {
  await addServers();
  let isOver = false;
  let looks = 0;
  let fullest = 0;

  const watching = (async () => {
    while (!isOver) {
      const homes = new Map<string, string>();
      for (const gateway of await gatewaysSeen()) {
        const { replicas, kept, total, maxReplicas } = roomOf(gateway, true);
        expect(replicas).toBeLessThanOrEqual(maxReplicas);
        expect(replicas + kept).toBeLessThanOrEqual(total);
        fullest = Math.max(fullest, replicas);
        for (const [serverId, volumes] of replicasOn(gateway)) {
          // All of its disks, and all of them here.
          expect(volumes).toBe(disksOf(Number(serverId.slice("srv-".length))));
          homes.set(serverId, gateway.id);
        }
      }
      expect((await gatewaysSeen()).length).toBeLessThanOrEqual(8);
      looks += 1;
      await sleep(200);
    }
  })();
  const lives = Promise.all(Array.from({ length: processes }, (_, share) => liveThrough(share)));
  const died = await Promise.race([lives, watching.then(() => [])]);
  isOver = true;
  await watching;

  const left = (await gatewaysSeen()).flatMap(({ slots }) => Object.keys(slots));
  const unfinished: string[] = [];
  for await (const run of store.runs.all()) if (run.state !== "succeeded") unfinished.push(run.id);
  const waiting: string[] = [];
  for await (const { id } of store.placeRequests.all(targetId)) waiting.push(id);
  expect(unfinished).toEqual([]);
  expect(left).toEqual([]);
  expect(waiting).toEqual([]);
  expect(died).toEqual(Array.from({ length: processes }, () => deaths));
  // It was crowded, and it was seen.
  expect(fullest).toBeGreaterThan(14);
  expect(looks).toBeGreaterThan(20);
}, 240_000);
