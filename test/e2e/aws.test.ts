import { afterEach, expect, test } from "vitest";
import { type FakeAws, startFakeAws } from "../clouds/aws/fake-aws.ts";
import { migrateAndCutOver } from "./cloud-migration.ts";
import { type CloudSite, openCloudSite } from "./cloud-site.ts";

let site: CloudSite<FakeAws>;

afterEach(() => site.close());

test.each(["task", "swap", "image"] as const)(
  "a server migrates to AWS with every byte, boots there by %s and is cut over, and nothing else is left",
  async (boot) => {
    site = await openCloudSite((machines) => startFakeAws({ machines }), { launch: { boot } });

    // The launched server with its two volumes, and the group it runs in.
    await migrateAndCutOver(site, {
      ...{ instances: 1, volumes: 2, snapshots: 0, images: 0, addresses: 0, groups: 1 },
    });

    const { account } = site.cloud;
    const [launched] = [...account.instances.values()].filter(({ state }) => state === "running");
    for (const volume of account.volumes.values()) {
      expect(volume.attachment).toMatchObject({
        instanceId: launched?.id,
        deleteOnTermination: true,
      });
    }
  },
  300_000,
);
