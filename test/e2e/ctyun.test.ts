import { afterEach, expect, test } from "vitest";
import { type FakeCtyun, startFakeCtyun } from "../clouds/ctyun/fake-ctyun.ts";
import { migrateAndCutOver } from "./cloud-migration.ts";
import { type CloudSite, openCloudSite } from "./cloud-site.ts";

let site: CloudSite<FakeCtyun>;

afterEach(() => site.close());

test("a server migrates to CTyun with every byte, boots there from the disk that HyperDoor copied and is cut over, and nothing else is left (R-114)", async () => {
  site = await openCloudSite((machines) => startFakeCtyun({ machines }));

  // The launched server with the system disk it was made with and its data volume, and the group it runs in.
  await migrateAndCutOver(site, {
    ...{ instances: 1, volumes: 2, snapshots: 0, images: 0, addresses: 0, groups: 1 },
  });

  const { pool } = site.cloud;
  const [server] = pool.servers.values();
  expect(server).toMatchObject({ status: "running", runs: "hyperDoor", onDemand: true });
  expect(
    [...pool.disks.values()].map(({ sizeGiB, isSystem, serverId }) => ({
      ...{ sizeGiB, isSystem, here: serverId === server?.id },
    })),
  ).toEqual([
    { sizeGiB: 10, isSystem: false, here: true },
    { sizeGiB: 40, isSystem: true, here: true },
  ]);
}, 300_000);

test("where CTyun's order for a server comes to nothing, the rehearsal says so, nothing of it stays, and the replica is as it was", async () => {
  site = await openCloudSite((machines) => startFakeCtyun({ machines }));
  const { operator, serverId, targetId, cloud } = site;
  await operator.succeeded(await operator.start(serverId, "migrate", { targetId }));
  const before = cloud.inventory();
  const paymentFailed = 22;
  for (const { name } of await site.provider.compute.listInstanceTypes()) {
    cloud.pool.failing.set(`id-of-${name}`, paymentFailed);
  }

  const run = await operator.ended(
    await operator.start(serverId, "launch", { kind: "test", repair: false }),
  );

  expect(run).toMatchObject({ state: "failed", error: { code: "cloud.payment" } });
  expect(cloud.inventory()).toEqual(before);
  await operator.succeeded(await operator.start(serverId, "clean-up"));
  expect(Object.values(cloud.inventory())).toEqual([0, 0, 0, 0, 0, 0]);
}, 300_000);
