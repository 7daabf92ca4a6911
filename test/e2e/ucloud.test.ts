import { afterEach, expect, test } from "vitest";
import { type FakeUCloud, startFakeUCloud } from "../clouds/ucloud/fake-ucloud.ts";
import { hyperDoorImageId } from "../clouds/ucloud/state.ts";
import { migrateAndCutOver } from "./cloud-migration.ts";
import { type CloudSite, openCloudSite } from "./cloud-site.ts";

let site: CloudSite<FakeUCloud>;

afterEach(() => site.close());

test("a server migrates to UCloud with every byte, boots there from the system disk that HyperDoor copied and is cut over, and nothing else is left", async () => {
  site = await openCloudSite((machines) => startFakeUCloud({ machines }));

  // The launched server with its own disk and its data volume, and the firewall it runs behind.
  await migrateAndCutOver(site, {
    ...{ instances: 1, volumes: 2, snapshots: 0, images: 0, addresses: 0, groups: 1 },
  });

  const { hosts, disks } = site.cloud.project;
  const [launched] = hosts.values();
  expect(launched).toMatchObject({
    ...{ state: "Running", runs: "server", imageId: hyperDoorImageId },
    ...{ chargeType: "Dynamic", loginMode: "ImagePasswd", autoDataDiskInit: "Off" },
  });
  const left = [...disks.values()].map(({ isBoot, sizeGiB, hostId }) => {
    expect(hostId).toBe(launched?.id);
    return `${isBoot ? "boot" : "data"} ${sizeGiB}`;
  });
  expect(left.sort()).toEqual(["boot 20", "data 1"]);
}, 300_000);
