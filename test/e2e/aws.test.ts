import { afterEach, expect, test } from "vitest";
import { type FakeAws, startFakeAws } from "../clouds/aws/fake-aws.ts";
import { migrateAndCutOver } from "./cloud-migration.ts";
import { type CloudSite, openCloudSite } from "./cloud-site.ts";

let site: CloudSite<FakeAws>;

afterEach(() => site.close());

test.each(["task", "swap", "image"] as const)(
  "a server migrates to AWS with every byte, boots there by %s in the gateway's subnet and group from gp2 volumes, is cut over, and nothing else is left (R-001, R-161, R-166)",
  async (boot) => {
    site = await openCloudSite((machines) => startFakeAws({ machines }), { launch: { boot } });

    // The launched server with its two volumes, and the group it runs in.
    await migrateAndCutOver(site, {
      ...{ instances: 1, volumes: 2, snapshots: 0, images: 0, addresses: 0, groups: 1 },
    });

    const { account } = site.cloud;
    const [launched] = [...account.instances.values()].filter(({ state }) => state === "running");
    const gateway = [...account.instances.values()].find(({ userData }) =>
      userData.includes("hypermotion-gateway"),
    );
    const { zone, subnetId, groupIds } = gateway ?? {};
    expect(launched).toMatchObject({ zone, subnetId, groupIds });
    for (const volume of account.volumes.values()) {
      expect(volume).toMatchObject({
        type: "gp2",
        attachment: { instanceId: launched?.id, deleteOnTermination: true },
      });
    }
  },
  300_000,
);
