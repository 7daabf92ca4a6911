import { afterEach, expect, test } from "vitest";
import {
  type FakeOpenstack,
  type FakeOpenstackOptions,
  startFakeOpenstack,
} from "#test/clouds/openstack/fake-openstack.ts";
import type { Provider } from "../provider.ts";
import { openProvider } from "../registry.ts";

const GiB = 1024 ** 3;
const consoleId = "console-under-test";

let cloud: FakeOpenstack;
afterEach(() => cloud?.close());

async function open(options: FakeOpenstackOptions = {}, config: object = {}): Promise<Provider> {
  await cloud?.close();
  const delays = { createMs: 1, attachMs: 1, bootMs: 1, snapshotMs: 1, flattenMs: 30 };
  cloud = await startFakeOpenstack({ delays, ...options });
  const all = { ...cloud.target.config, ...config };
  return openProvider("openstack", { config: all, secrets: cloud.target.credentials, consoleId });
}

const naming = (token: string) => ({
  token,
  tags: { "hypermotion:console": consoleId, "hypermotion:owner": "srv-1", Name: token },
});

async function volume(provider: Provider, token: string, from: object = {}): Promise<string> {
  const order = { ...naming(token), role: "data" as const, sizeBytes: GiB, ...from };
  const { id } = await provider.volumes.createVolume(order);
  while ((await provider.volumes.findVolume(id))?.state !== "ready");
  return id;
}

async function snapshot(provider: Provider, volumeId: string): Promise<string> {
  const { id } = await provider.volumes.createSnapshot({ ...naming("s"), volumeId });
  while ((await provider.volumes.findSnapshot(id))?.state !== "ready");
  return id;
}

/** A replica with a recovery point, and a launched server's clone of it. */
async function chain(provider: Provider) {
  const replica = await volume(provider, "replica");
  const point = await snapshot(provider, replica);
  return { replica, point, clone: await volume(provider, "clone", { fromSnapshotId: point }) };
}

/** As the clean-up does: the snapshot, then its volume; what passes is tried again. */
async function cleanUp(provider: Provider, { replica, point }: { replica: string; point: string }) {
  for (;;) {
    try {
      await provider.volumes.deleteSnapshot(point);
      await provider.volumes.deleteVolume(replica);
    } catch (error) {
      if (Object(error).code !== "cloud.transient") throw error;
    }
    if ((await provider.volumes.findVolume(replica)) === undefined) return;
  }
}

test("on Ceph a clone is made at once, and Cinder flattens it before its snapshot and replica go (S-29)", async () => {
  const provider = await open({ backend: "flattens" });
  const made = await chain(provider);
  expect(cloud.project.volumes.get(made.clone)?.isChained).toBe(true);

  await cleanUp(provider, made);

  expect(cloud.project.volumes.get(made.clone)?.isChained).toBe(false);
  expect([...cloud.project.volumes.keys()]).toEqual([made.clone]);
  expect(cloud.project.snapshots.size).toBe(0);
});

test("where Cinder does not flatten, the clean-up stops with the command that does, and goes on when it was run (S-29)", async () => {
  const provider = await open({ backend: "chained" }, { volume: { cephPool: "fast" } });
  const made = await chain(provider);

  await expect(cleanUp(provider, made)).rejects.toMatchObject({
    code: "cloud.wrong-state",
    message: expect.stringContaining(`rbd flatten fast/volume-${made.clone}`),
  });
  expect(cloud.project.volumes.has(made.replica)).toBe(true);

  cloud.project.flatten(made.clone);
  await cleanUp(provider, made);

  expect([...cloud.project.volumes.keys()]).toEqual([made.clone]);
});

test("a clone that is deleted itself, as after a rehearsal, leaves no chain behind (S-29)", async () => {
  const provider = await open({ backend: "chained" });
  const made = await chain(provider);
  await provider.volumes.deleteVolume(made.clone);
  while ((await provider.volumes.findVolume(made.clone)) !== undefined);

  await cleanUp(provider, made);

  expect(cloud.inventory()).toMatchObject({ volumes: 0, snapshots: 0 });
});

test("volumes have 1 GiB and more, up to the project's own limit, and any size between is rounded up", async () => {
  const limited = await open({ quotas: { perVolumeGiB: 500 } });
  const rule = { minBytes: GiB, stepBytes: GiB };
  expect((await limited.capabilities()).volumes.data).toEqual({ ...rule, maxBytes: 500 * GiB });
  const order = { ...naming("big"), role: "data" as const, sizeBytes: 501 * GiB };
  await expect(limited.volumes.createVolume(order)).rejects.toMatchObject({
    code: "cloud.quota-exceeded",
  });

  const provider = await open();
  const id = await volume(provider, "odd", { sizeBytes: GiB + 1 });

  expect((await provider.capabilities()).volumes.system.maxBytes).toBe(65_536 * GiB);
  expect((await provider.volumes.findVolume(id))?.sizeBytes).toBe(2 * GiB);
});

test("quotas that may not be read leave Cinder's own measure", async () => {
  const provider = await open();
  cloud.project.denied.add("ShowVolumeQuotas");

  expect((await provider.capabilities()).volumes.system.maxBytes).toBe(65_536 * GiB);
});

test("a spent quota of volumes is not taken for throttling, though both are 413 with Retry-After", async () => {
  const provider = await open({ quotas: { volumes: 1 } });
  await volume(provider, "first");

  const order = { ...naming("second"), role: "data" as const, sizeBytes: GiB };
  await expect(provider.volumes.createVolume(order)).rejects.toMatchObject({
    code: "cloud.quota-exceeded",
  });
});

test("volumes are made in Cinder's zone and of the type that is asked for; a clone is of its origin's", async () => {
  const provider = await open({}, { volume: { type: "lvm" } });
  const { replica, clone } = await chain(provider);

  expect(cloud.project.volumes.get(replica)).toMatchObject({ zone: "nova", type: "lvm" });
  expect(cloud.project.volumes.get(clone)).toMatchObject({ snapshotId: expect.any(String) });
  expect((await provider.capabilities()).volumes.data.type).toBe("lvm");
});

test("two processes that make one volume in the same moment end with one, though it is deleted only when it is made", async () => {
  const provider = await open({
    delays: { createMs: 150, attachMs: 1, bootMs: 1, snapshotMs: 1, flattenMs: 30 },
  });
  const all = { config: cloud.target.config, secrets: cloud.target.credentials, consoleId };
  const another = await openProvider("openstack", all);
  const order = { ...naming("v"), role: "data" as const, sizeBytes: GiB };

  const made = await Promise.all([
    provider.volumes.createVolume(order),
    another.volumes.createVolume(order),
  ]);

  expect(new Set(made.map(({ id }) => id)).size).toBe(1);
  expect(await provider.listOwned()).toHaveLength(1);
});

test("a volume that is still being made into an image is deleted a little later", async () => {
  const provider = await open();
  const volumeId = await volume(provider, "v");
  await provider.images?.createImage({ ...naming("i"), volumeId, firmware: "uefi" });

  await expect(provider.volumes.deleteVolume(volumeId)).rejects.toMatchObject({
    code: "cloud.transient",
  });

  const [image] = [...cloud.project.images.values()].filter(({ isOurs }) => isOurs);
  expect(image?.properties).toMatchObject({ hw_firmware_type: "uefi", disk_format: "raw" });
});
