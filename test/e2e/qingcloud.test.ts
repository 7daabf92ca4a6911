import { afterEach, expect, test } from "vitest";
import { type FakeQingcloud, startFakeQingcloud } from "../clouds/qingcloud/fake-qingcloud.ts";
import { hyperDoorImageId, isGone } from "../clouds/qingcloud/state.ts";
import { migrateAndCutOver } from "./cloud-migration.ts";
import { type CloudSite, openCloudSite } from "./cloud-site.ts";

let site: CloudSite<FakeQingcloud>;

afterEach(() => site.close());

test("a server migrates to QingCloud with every byte, boots there from an image of its disk, behind the firewall of its gateway, and is cut over, and nothing else is left (R-208)", async () => {
  site = await openCloudSite((machines) => startFakeQingcloud({ machines }));
  const { account } = site.cloud;

  // The launched server with its data volume (its system disk is part of it), and the firewall it is behind.
  await migrateAndCutOver(site, {
    ...{ instances: 1, volumes: 1, snapshots: 0, images: 0, addresses: 0, groups: 1 },
  });

  const [launched] = [...account.instances.values()].filter((one) => !isGone(one));
  const [group] = account.groups.values();
  expect(launched).toMatchObject({ status: "running", runs: "server", groupId: group?.id });
  expect([...account.volumes.values()].filter((volume) => !isGone(volume))).toMatchObject([
    { instanceId: launched?.id, status: "in-use" },
  ]);
}, 300_000);

test("where QingCloud refuses an image of it, a server boots there from what HyperDoor copied, and nothing else is left (R-205, R-206)", async () => {
  site = await openCloudSite((machines) => startFakeQingcloud({ machines }), {
    hyperDoor: { image: hyperDoorImageId },
  });
  const { account } = site.cloud;
  account.imagesRefused = "the snapshot holds no operating system";

  await migrateAndCutOver(site, {
    ...{ instances: 1, volumes: 1, snapshots: 0, images: 0, addresses: 0, groups: 1 },
  });

  const [launched] = [...account.instances.values()].filter((one) => !isGone(one));
  expect(launched).toMatchObject({ status: "running", imageId: hyperDoorImageId });
  expect(launched?.userData?.type).toBe("plain");
}, 300_000);
