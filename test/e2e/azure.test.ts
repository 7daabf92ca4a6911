import { afterEach, expect, test } from "vitest";
import { type FakeAzure, startFakeAzure } from "../clouds/azure/fake-azure.ts";
import { migrateAndCutOver } from "./cloud-migration.ts";
import { type CloudSite, openCloudSite } from "./cloud-site.ts";

let site: CloudSite<FakeAzure>;

afterEach(() => site.close());

test.each([
  { way: "by attaching its disk", boot: "attach", cloud: "public" },
  { way: "by a copy where Azure refuses its disk", boot: "auto", cloud: "china" },
] as const)(
  "a server migrates to Azure ($cloud) with every byte, boots there $way and is cut over, and nothing else is left (R-051, R-053, R-054, R-056, S-10, X-15)",
  async ({ boot, cloud }) => {
    site = await openCloudSite((machines) => startFakeAzure({ machines, cloud }), {
      launch: { boot },
    });
    const { subscription } = site.cloud;
    subscription.bootsCopiesOnly = boot === "auto";

    // The launched server with its two disks, and the group it runs in.
    await migrateAndCutOver(site, {
      ...{ instances: 1, volumes: 2, snapshots: 0, images: 0, addresses: 0, groups: 1 },
    });

    const [launched] = subscription.machines.all();
    for (const { attachment } of subscription.disks.all()) {
      expect(attachment).toMatchObject({ machine: launched?.name, deleteOption: "Delete" });
    }
    expect(launched?.interfaces).toMatchObject([{ deleteOption: "Delete" }]);
  },
  300_000,
);
