import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeHuawei, startFakeHuawei } from "#test/clouds/huawei/fake-huawei.ts";
import type { Provider } from "../provider.ts";
import { openProvider } from "../registry.ts";

const GiB = 1024 ** 3;
const consoleId = "console-under-test";

let cloud: FakeHuawei;
let provider: Provider;
beforeEach(async () => {
  cloud = await startFakeHuawei({ delays: { createMs: 1, snapshotMs: 30, bootMs: 5 } });
  provider = await open({});
});
afterEach(() => cloud.close());

async function open(launch: object): Promise<Provider> {
  const config = { ...cloud.target.config, launch };
  return openProvider("huawei", { config, secrets: cloud.keys, consoleId });
}

const naming = (token: string) => ({
  token,
  tags: { "hypermotion:console": consoleId, "hypermotion:owner": "srv-1", Name: token },
});

async function make(token: string, role: "system" | "data", sizeBytes: number, by = provider) {
  const { id } = await by.volumes.createVolume({ ...naming(token), role, sizeBytes });
  while ((await by.volumes.findVolume(id))?.state !== "ready");
  return id;
}

test("system disks have 40 GB to 1 TB, data disks 10 GB to 32 TB, and smaller ones are made as small as may be (R-194 to R-196)", async () => {
  const { volumes } = await provider.capabilities();
  expect(volumes.system).toEqual({ minBytes: 40 * GiB, maxBytes: 1024 * GiB, stepBytes: GiB });
  expect(volumes.data).toEqual({ minBytes: 10 * GiB, maxBytes: 32_768 * GiB, stepBytes: GiB });

  const system = await make("system", "system", 3 * GiB);
  const data = await make("data", "data", 3 * GiB);

  expect((await provider.volumes.findVolume(system))?.sizeBytes).toBe(40 * GiB);
  expect((await provider.volumes.findVolume(data))?.sizeBytes).toBe(10 * GiB);
});

test("a system disk is made as a carrier where it is to become one, and blank where an image is made of it", async () => {
  const blank = await make("blank", "system", GiB);
  const carrier = await make("carrier", "system", GiB, await open({ boot: "swap" }));
  const data = await make("data", "data", GiB, await open({ boot: "swap" }));

  const bootable = [blank, carrier, data].map((id) => cloud.project.volumes.get(id)?.bootable);
  expect(bootable).toEqual([false, true, false]);
});

test("a carrier is made of an image of the source's firmware", async () => {
  const swapping = await open({ boot: "swap" });

  const made: (string | undefined)[] = [];
  for (const firmware of ["bios", "uefi"] as const) {
    const boots = { firmware, os: "linux" as const };
    const order = { ...naming(`carrier-${firmware}`), role: "system" as const, sizeBytes: GiB };
    const { id } = await swapping.volumes.createVolume({ ...order, boots });
    made.push(cloud.project.volumes.get(id)?.firmware);
  }

  expect(made).toEqual(["bios", "uefi"]);
});

test("an order whose volume was deleted makes another, though the cloud remembers the first for hours", async () => {
  const first = await make("again", "data", GiB);
  await provider.volumes.deleteVolume(first);
  while ((await provider.volumes.findVolume(first)) !== undefined);

  const second = await make("again", "data", GiB);

  expect(second).not.toBe(first);
  expect((await provider.listOwned("srv-1")).map(({ id }) => id)).toEqual([second]);
});

test("tokens longer than a tag may be are told apart", async () => {
  const long = `hm-clone-${"x".repeat(40)}`;

  const first = await make(`${long}-aaaaaaaaaa`, "data", GiB);
  const second = await make(`${long}-bbbbbbbbbb`, "data", GiB);

  expect(second).not.toBe(first);
});

test("a volume whose snapshots are just being deleted is tried again", async () => {
  const volumeId = await make("v", "data", GiB);
  const { id } = await provider.volumes.createSnapshot({ ...naming("s"), volumeId });
  while ((await provider.volumes.findSnapshot(id))?.state !== "ready");
  await provider.volumes.deleteSnapshot(id);
  const snapshot = cloud.project.snapshots.get(id);
  if (snapshot === undefined) throw new Error("it is deleted already");
  snapshot.changesAt = Number.POSITIVE_INFINITY;

  await expect(provider.volumes.deleteVolume(volumeId)).rejects.toMatchObject({
    code: "cloud.transient",
  });
  snapshot.changesAt = 0;
  while ((await provider.volumes.findSnapshot(id)) !== undefined);
  await provider.volumes.deleteVolume(volumeId);
});

test("a clone is of its origin's type, whatever the target's settings say now", async () => {
  const volumeId = await make("v", "data", GiB);
  const { id: fromSnapshotId } = await provider.volumes.createSnapshot({
    ...naming("s"),
    volumeId,
  });
  while ((await provider.volumes.findSnapshot(fromSnapshotId))?.state !== "ready");
  const config = { ...cloud.target.config, volume: { type: "SSD" } };
  const later = await openProvider("huawei", { config, secrets: cloud.keys, consoleId });

  const order = { ...naming("clone"), role: "data" as const, sizeBytes: GiB, fromSnapshotId };
  const { id } = await later.volumes.createVolume(order);

  expect(cloud.project.volumes.get(id)?.type).toBe("SAS");
});

test("a server whose flavor is sold out ends with that word, and nothing of it is left", async () => {
  const [image] = cloud.project.images.values();
  const group = await provider.network.ensureSecurityGroup({ ...naming("group"), rules: [] });
  const { soldOut } = cloud.project;
  soldOut.add("c7.2xlarge.2");

  const order = {
    ...naming("server"),
    instanceType: "c7.2xlarge.2",
    securityGroupId: group.id,
    firmware: "bios" as const,
    strategy: "imageFromVolume" as const,
    volumeIds: [],
    imageId: image?.id ?? "",
  };

  await expect(provider.compute.launch(order)).rejects.toMatchObject({ code: "cloud.capacity" });
  await expect(provider.compute.launch(order)).rejects.toMatchObject({ code: "cloud.capacity" });
  expect(cloud.inventory()).toMatchObject({ instances: 0, volumes: 0 });
});
