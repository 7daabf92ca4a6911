import { afterEach, expect, test } from "vitest";
import { type FakeZstack, startFakeZstack } from "../clouds/zstack/fake-zstack.ts";
import { migrateAndCutOver } from "./cloud-migration.ts";
import { type CloudSite, openCloudSite } from "./cloud-site.ts";

let site: CloudSite<FakeZstack>;

afterEach(() => site.close());

test.each([
  {
    way: "a root volume made of its image, as the document has it",
    madeOf: "an image of its own",
  },
  {
    way: "the repaired disk itself, once the limit is opened",
    opened: true,
    madeOf: "no image",
  },
  {
    way: "a root volume that HyperDoor copied, since no image could be made",
    refused: "not supported by the image server",
    madeOf: "HyperDoor's",
  },
])(
  "a server migrates to ZStack with every byte, its volumes known by having appeared, boots there from $way and is cut over, and nothing else is left (R-215 to R-217, R-220, S-18)",
  async ({ opened, refused, madeOf }) => {
    site = await openCloudSite((machines) => startFakeZstack({ machines, hasHyperDoor: true }));
    const { cloud } = site.cloud;
    cloud.imagesRefused = refused;
    if (opened) {
      await site.operator.call("PUT", `/v1/targets/${site.targetId}/limits/bootFromVolume`, {
        value: true,
        reason: "this ZStack can",
      });
    }

    // The launched server with its two volumes, and the group it runs in.
    await migrateAndCutOver(site, {
      ...{ instances: 1, volumes: 2, snapshots: 0, images: 0, addresses: 0, groups: 1 },
    });

    const [vm] = cloud.vms.values();
    const [group] = cloud.groups.keys();
    const volumes = [...cloud.volumes.values()];
    expect(volumes.map(({ type }) => type).sort()).toEqual(["Data", "Root"]);
    expect(volumes.map(({ vmInstanceUuid }) => vmInstanceUuid)).toEqual([vm?.uuid, vm?.uuid]);
    expect(new Set(volumes.map(({ primaryStorageUuid }) => primaryStorageUuid)).size).toBe(1);
    expect([...(vm?.groups ?? [])]).toEqual([group]);
    const image =
      vm?.imageUuid === cloud.hyperDoorImage.uuid ? "HyperDoor's" : "an image of its own";
    expect(vm?.imageUuid === undefined ? "no image" : image).toBe(madeOf);
  },
  300_000,
);
