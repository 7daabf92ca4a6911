import { afterEach, expect, test } from "vitest";
import { type FakeAliyun, startFakeAliyun } from "../clouds/aliyun/fake-aliyun.ts";
import { migrateAndCutOver } from "./cloud-migration.ts";
import { type CloudSite, openCloudSite } from "./cloud-site.ts";

let site: CloudSite<FakeAliyun>;

afterEach(() => site.close());

test("a server migrates to Alibaba Cloud with every byte, boots there pay-as-you-go from an image of its disk and is cut over, and nothing else is left (R-151)", async () => {
  site = await openCloudSite((machines) => startFakeAliyun({ machines }));

  // The launched server with its two disks, and the group it runs in.
  await migrateAndCutOver(site, {
    ...{ instances: 1, volumes: 2, snapshots: 0, images: 0, addresses: 0, groups: 1 },
  });

  const { instances, disks } = site.cloud.account;
  const [launched] = [...instances.values()];
  expect(launched).toMatchObject({ state: "Running", chargeType: "PostPaid" });
  for (const disk of disks.values()) {
    expect(disk).toMatchObject({ instanceId: launched?.id, endsWithInstance: true });
  }
}, 300_000);
