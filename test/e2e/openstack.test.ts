import { afterEach, expect, test } from "vitest";
import { type FakeOpenstack, startFakeOpenstack } from "../clouds/openstack/fake-openstack.ts";
import { migrateAndCutOver } from "./cloud-migration.ts";
import { type CloudSite, openCloudSite } from "./cloud-site.ts";

let site: CloudSite<FakeOpenstack>;

afterEach(() => site.close());

test.each([
  {
    boot: "volume",
    refused: undefined,
    backend: "flattens",
    by: "the repaired volume itself, on Ceph, whose chain of snapshots is flattened (S-29)",
  },
  { boot: "image", refused: undefined, backend: "independent", by: "an image made of it" },
  {
    boot: "image",
    refused: "You are not authorized.",
    backend: "independent",
    by: "the volume, since no image could be made",
  },
] as const)(
  "a server migrates to OpenStack with every byte, is cut over, and nothing else is left: it boots there by $boot from $by (R-112)",
  async ({ boot, refused, backend }) => {
    site = await openCloudSite((machines) =>
      startFakeOpenstack({ machines, backend, launch: { boot } }),
    );
    const { project } = site.cloud;
    project.imagesRefused = refused;
    const ofImage = boot === "image" && refused === undefined;

    // The launched server with its volumes, and the group it runs in. An image's system is on the flavor's disk.
    await migrateAndCutOver(site, {
      ...{ instances: 1, volumes: ofImage ? 1 : 2, snapshots: 0, images: 0 },
      ...{ addresses: 0, groups: 1 },
    });

    const [server] = project.servers.values();
    const [group] = project.groups.values();
    expect(project.portsOf(server?.id ?? "")).toMatchObject([
      { subnetId: project.subnetId, groupIds: [group?.id] },
    ]);
    for (const volume of project.volumes.values()) {
      expect(volume.attachment).toMatchObject({ serverId: server?.id, deleteOnTermination: true });
      expect(volume.isChained).toBe(false);
    }
  },
  300_000,
);

test("a server whose disk HyperDoor copies runs on OpenStack from a volume of its own, and the clone is gone (R-202)", async () => {
  site = await openCloudSite((machines) =>
    startFakeOpenstack({ machines, hyperDoor: true, launch: { boot: "hyperDoor" } }),
  );

  await migrateAndCutOver(site, {
    ...{ instances: 1, volumes: 2, snapshots: 0, images: 0, addresses: 0, groups: 1 },
  });

  const { servers, volumes } = site.cloud.project;
  expect([...servers.values()]).toMatchObject([{ runs: "door" }]);
  for (const { attachment } of volumes.values()) {
    expect(attachment).toMatchObject({ deleteOnTermination: true });
  }
}, 300_000);
