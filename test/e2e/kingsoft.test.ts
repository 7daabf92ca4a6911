import { afterEach, expect, test } from "vitest";
import { type FakeKingsoft, startFakeKingsoft } from "../clouds/kingsoft/fake-kingsoft.ts";
import { hyperDoorImage } from "../clouds/kingsoft/state.ts";
import { migrateAndCutOver } from "./cloud-migration.ts";
import { type CloudSite, openCloudSite } from "./cloud-site.ts";

let site: CloudSite<FakeKingsoft>;

afterEach(() => site.close());

test("a server migrates to Kingsoft Cloud with every byte, boots there from the system disk that HyperDoor copied and is cut over, and nothing else is left", async () => {
  site = await openCloudSite((machines) => startFakeKingsoft({ machines }));

  // The launched server with its system disk and its data volume, and the group it runs in.
  await migrateAndCutOver(site, {
    ...{ instances: 1, volumes: 2, snapshots: 0, images: 0, addresses: 0, groups: 1 },
  });

  const { instances, volumes } = site.cloud.account;
  const [launched] = instances.values();
  expect(launched).toMatchObject({
    ...{ state: "active", runs: "server", imageId: hyperDoorImage },
    ...{ chargeType: "HourlyInstantSettlement", login: "image" },
  });
  const left = [...volumes.values()].map(
    ({ category, sizeGiB, instanceId, deleteWithInstance }) => {
      expect({ instanceId, deleteWithInstance }).toEqual({
        instanceId: launched?.id,
        deleteWithInstance: true,
      });
      return `${category} ${sizeGiB}`;
    },
  );
  expect(left.sort()).toEqual(["data 10", "system 20"]);
}, 300_000);
