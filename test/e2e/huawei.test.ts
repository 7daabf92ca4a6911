import { afterEach, expect, test } from "vitest";
import { type FakeHuawei, startFakeHuawei } from "../clouds/huawei/fake-huawei.ts";
import { hyperDoorImageId } from "../clouds/huawei/state.ts";
import { migrateAndCutOver } from "./cloud-migration.ts";
import { type CloudSite, openCloudSite } from "./cloud-site.ts";

let site: CloudSite<FakeHuawei>;

afterEach(() => site.close());

test.each([
  { boot: "image", refused: undefined, ends: "a system disk made of its image" },
  { boot: "swap", refused: undefined, ends: "the repaired disk itself" },
  { boot: "auto", refused: "OS is not supported", ends: "the disk, since no image could be made" },
] as const)(
  "a server migrates to Huawei Cloud with every byte, boots there by $boot from $ends and is cut over, and nothing else is left (R-193 to R-196)",
  async ({ boot, refused }) => {
    site = await openCloudSite((machines) => startFakeHuawei({ machines, launch: { boot } }));
    const { project } = site.cloud;
    project.imagesRefused = refused;

    // The launched server with its two volumes, and the group it runs in.
    await migrateAndCutOver(site, {
      ...{ instances: 1, volumes: 2, snapshots: 0, images: 0, addresses: 0, groups: 1 },
    });

    const [server] = project.servers.values();
    const sizes = [...project.volumes.values()].map(({ sizeGiB, attachment }) => {
      expect(attachment).toMatchObject({ serverId: server?.id, deleteOnTermination: true });
      return sizeGiB;
    });
    expect(sizes.sort((a, b) => a - b)).toEqual([10, 40]);
  },
  300_000,
);

test("where Huawei Cloud refuses an image of it, a server boots there from what HyperDoor copied, and nothing else is left (S-12)", async () => {
  site = await openCloudSite((machines) => startFakeHuawei({ machines }), {
    hyperDoor: { image: hyperDoorImageId },
  });
  const { project } = site.cloud;
  project.imagesRefused = "OS is not supported";

  await migrateAndCutOver(site, {
    ...{ instances: 1, volumes: 2, snapshots: 0, images: 0, addresses: 0, groups: 1 },
  });

  const [server] = project.servers.values();
  expect(server).toMatchObject({ status: "ACTIVE", runs: "guest", imageId: hyperDoorImageId });
  for (const { attachment } of project.volumes.values()) {
    expect(attachment).toMatchObject({ serverId: server?.id, deleteOnTermination: true });
  }
}, 300_000);
