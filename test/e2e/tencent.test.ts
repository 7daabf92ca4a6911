import { afterEach, expect, test } from "vitest";
import { type FakeTencent, startFakeTencent } from "../clouds/tencent/fake-tencent.ts";
import { hyperDoorImage } from "../clouds/tencent/state.ts";
import { migrateAndCutOver } from "./cloud-migration.ts";
import { type CloudSite, openCloudSite } from "./cloud-site.ts";

let site: CloudSite<FakeTencent>;

afterEach(() => site.close());

test("a server migrates to Tencent Cloud with every byte, boots there from an image of its disk and is cut over, and nothing else is left", async () => {
  site = await openCloudSite((machines) => startFakeTencent({ machines }));

  // The launched server with its system disk and its data volume, and the group it runs in.
  await migrateAndCutOver(site, {
    ...{ instances: 1, volumes: 2, snapshots: 0, images: 0, addresses: 0, groups: 1 },
  });

  const { account } = site.cloud;
  const [launched] = account.instances.values();
  expect(launched).toMatchObject({ state: "RUNNING", runs: "server", login: "image" });
  expect([...account.disks.values()].map(({ usage }) => usage).sort()).toEqual([
    "DATA_DISK",
    "SYSTEM_DISK",
  ]);
  for (const disk of account.disks.values()) {
    expect(disk).toMatchObject({ instanceId: launched?.id, deleteWithInstance: true });
  }
}, 300_000);

test("where Tencent makes no image of a replica, the rehearsal says so, nothing of it stays, and the replica is as it was", async () => {
  const habits = { systemSnapshots: "ignored" as const };
  site = await openCloudSite((machines) => startFakeTencent({ machines, habits }));
  const { operator, serverId, targetId, cloud } = site;
  await operator.succeeded(await operator.start(serverId, "migrate", { targetId }));
  const before = cloud.inventory();

  const run = await operator.ended(
    await operator.start(serverId, "launch", { kind: "test", repair: false }),
  );

  expect(run).toMatchObject({ state: "failed", error: { code: "cloud.wrong-state" } });
  expect(run.error?.message).toContain("it makes no image");
  expect(cloud.inventory()).toEqual(before);
  await operator.succeeded(await operator.start(serverId, "clean-up"));
  expect(Object.values(cloud.inventory())).toEqual([0, 0, 0, 0, 0, 0]);
}, 300_000);

test("where Tencent refuses an image of it, a server boots there from what HyperDoor copied, and nothing else is left (S-11)", async () => {
  const habits = { systemSnapshots: "refused" as const };
  site = await openCloudSite((machines) => startFakeTencent({ machines, habits }), {
    hyperDoor: { image: hyperDoorImage },
  });

  await migrateAndCutOver(site, {
    ...{ instances: 1, volumes: 2, snapshots: 0, images: 0, addresses: 0, groups: 1 },
  });

  const [launched] = site.cloud.account.instances.values();
  expect(launched).toMatchObject({ state: "RUNNING", imageId: hyperDoorImage, login: "image" });
}, 300_000);
