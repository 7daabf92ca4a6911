import { afterEach, beforeEach, expect, test } from "vitest";
import { gatewayPorts } from "#domain/gateway-defaults.ts";
import { gatewayBootstrap } from "#domain/protocol/gateway.ts";
import { type FakeZstack, startFakeZstack } from "#test/clouds/zstack/fake-zstack.ts";
import { imageServer, network } from "#test/clouds/zstack/state.ts";
import type { LaunchSpec, Provider } from "../provider.ts";
import { openProvider } from "../registry.ts";

let site: FakeZstack;
beforeEach(async () => {
  site = await startFakeZstack({
    delays: { createMs: 1, attachMs: 1, bootMs: 1, snapshotMs: 1, imageMs: 1, deleteMs: 1 },
  });
});
afterEach(() => site.close());

const GiB = 1024 ** 3;
const MiB = 1024 ** 2;
const consoleId = "console-under-test";
const naming = (token: string, Name = token) => ({
  token,
  tags: { "hypermotion:console": consoleId, "hypermotion:owner": "srv-1", Name },
});
const bootstrap = gatewayBootstrap.parse({
  gatewayId: "gw-1",
  consoleUrl: "https://console.invalid",
  enrolmentCode: "not-a-real-code-0000",
  ports: {},
  software: { url: "https://console.invalid/it.tar.gz", sha256: "ab".repeat(32) },
});

async function open(
  config: object = {},
  edition: "saas" | "standalone" = "saas",
): Promise<Provider> {
  const settings = { ...site.target.config, ...config };
  return openProvider("zstack", { config: settings, secrets: site.keys, consoleId, edition });
}

async function makeGateway(provider: Provider, token = "gateway"): Promise<string> {
  const { id: securityGroupId } = await provider.network.ensureSecurityGroup({
    ...naming(`group-${token}`, "HyperGate"),
    rules: Object.values(gatewayPorts).map((port) => ({ port, from: ["0.0.0.0/0"] })),
  });
  const order = { ...naming(token, "HyperGate"), securityGroupId, bootstrap };
  const { id } = await provider.compute.createGateway(order);
  while ((await provider.compute.findInstance(id))?.state !== "running");
  return id;
}

async function makeVolume(provider: Provider, token: string, change: object = {}): Promise<string> {
  const order = { ...naming(token), sizeBytes: MiB, role: "data" as const, ...change };
  const { id } = await provider.volumes.createVolume(order);
  while ((await provider.volumes.findVolume(id))?.state !== "ready");
  return id;
}

async function makeSnapshot(provider: Provider, token: string, volumeId: string): Promise<string> {
  const { id } = await provider.volumes.createSnapshot({ ...naming(token), volumeId });
  while ((await provider.volumes.findSnapshot(id))?.state !== "ready");
  return id;
}

async function launchOrder(provider: Provider, change: Partial<LaunchSpec>): Promise<LaunchSpec> {
  const { id: securityGroupId } = await provider.network.ensureSecurityGroup({
    ...naming("group"),
    rules: [],
  });
  return {
    ...naming("server"),
    ...{ instanceType: "2U4G", securityGroupId, firmware: "bios", strategy: "bootFromVolume" },
    volumeIds: [],
    ...change,
  };
}

async function launched(provider: Provider, order: LaunchSpec): Promise<string> {
  for (;;) {
    const { id, waitsFor } = await provider.compute.launch(order);
    if (waitsFor === undefined) return id;
  }
}

test("a gateway is HyperGate: of the smallest offering with 4 vCPUs and 8 GiB, with its disk, network, group and address, which is told (R-116, S-05, R-010 to R-014)", async () => {
  const { cloud } = site;
  const provider = await open();

  const id = await makeGateway(provider);
  const address = await provider.network.ensureAddress({ ...naming("address"), instanceId: id });

  const vm = cloud.vms.get(id);
  const [group] = cloud.groups.values();
  const offering = cloud.offerings.find(({ uuid }) => uuid === vm?.instanceOfferingUuid);
  expect(vm).toMatchObject({ name: "HyperGate", clusterUuid: cloud.cluster.uuid });
  expect(vm?.nic.l3NetworkUuid).toBe(cloud.network.uuid);
  expect([...(vm?.groups ?? [])]).toEqual([group?.uuid]);
  expect(offering?.name).toBe("4U8G");
  expect(cloud.volumes.get(vm?.rootVolumeUuid ?? "")?.size).toBe(100 * GiB);
  const opened = group?.rules.filter(({ protocol }) => protocol === "TCP");
  expect(opened?.map(({ dstPortRange }) => dstPortRange).sort()).toEqual([
    "12222",
    "18090",
    "22",
    "3260",
  ]);
  const [vip] = cloud.vips.values();
  expect(address).toEqual({ id: vip?.uuid, address: vip?.ip });
  expect((await provider.compute.findInstance(id))?.publicAddress).toBe(vip?.ip);
});

test("where no public network is set, a gateway is reached at its own address; it is in the affinity group that is set (S-05)", async () => {
  const affinityGroupId = "ab".repeat(16);
  const provider = await open({ gateway: { affinityGroupId } });

  const id = await makeGateway(provider);

  expect(await provider.network.ensureAddress({ ...naming("a"), instanceId: id })).toBeUndefined();
  const { nic, systemTags } = site.cloud.vms.get(id) ?? {};
  expect(systemTags).toContain(`affinityGroupUuid::${affinityGroupId}`);
  expect(await provider.compute.findInstance(id)).toMatchObject({ privateAddress: nic?.ip });
});

test("the image is the edition's: one of a distribution for SaaS, HM_IMG_<date> for standalone, which must be imported first (R-006 to R-009, S-05)", async () => {
  const { cloud } = site;
  const nameOf = (id: string) => cloud.images.get(cloud.vms.get(id)?.imageUuid ?? "")?.name;

  // Older, whatever the letters of its month are.
  const older = cloud.newImage("debian-12-generic-older", "Sep 1, 2025 1:00:00 AM");
  cloud.images.set(older.uuid, older);

  const saas = nameOf(await makeGateway(await open(), "one"));
  const provider = await open({}, "standalone");
  const standalone = nameOf(await makeGateway(provider, "another"));
  for (const [id, { name }] of cloud.images) if (name.startsWith("HM_IMG")) cloud.images.delete(id);

  expect([saas, standalone]).toEqual(["debian-12-generic-amd64", "HM_IMG_20260101.qcow2"]);
  await expect(provider.check()).rejects.toMatchObject({ code: "gateway.image-missing" });
});

test("a gateway of CentOS 7.2 is refused when the target is saved (R-219)", async () => {
  const centos = [...site.cloud.images.values()].find(({ name }) => name.startsWith("CentOS"));

  const provider = await open({ gateway: { image: centos?.uuid } });

  await expect(provider.check()).rejects.toMatchObject({ code: "gateway.image-refused" });
});

test("a gateway that is too small is refused when the target is saved, the least is not (R-011, R-012, S-05)", async () => {
  const small = await open({ gateway: { instanceType: "small" } });
  await expect(small.check()).rejects.toMatchObject({ code: "gateway.too-small" });
  await expect(open({ gateway: { diskGiB: 39 } })).rejects.toMatchObject({ code: "input.invalid" });

  await (await open({ gateway: { instanceType: "2U4G", diskGiB: 40 } })).check();
});

test("a wrong image server is named when the target is saved, and before each image and launch (R-221, X-26)", async () => {
  const imageServerId = "0".repeat(32);
  const wrong = await open({ imageServerId });
  const refusal = { code: "cloud.not-found", params: { what: "image server", id: imageServerId } };
  const volumeId = await makeVolume(wrong, "v");
  const snapshotId = await makeSnapshot(wrong, "s", volumeId);

  await expect(wrong.check()).rejects.toMatchObject(refusal);
  await expect(
    wrong.images?.createImage({ ...naming("image"), snapshotId, firmware: "bios" }),
  ).rejects.toMatchObject(refusal);
  const order = await launchOrder(wrong, { volumeIds: [volumeId] });
  await expect(wrong.compute.launch(order)).rejects.toMatchObject(refusal);

  expect(site.cloud.vms.size).toBe(0);
  // Put right in the settings, the same launch goes on.
  await launched(await open(), order);
  expect(site.cloud.vms.size).toBe(1);
});

test("an image server of another zone is refused, and the zone's only one need not be told (S-18, X-26)", async () => {
  const { cloud } = site;
  const elsewhere = imageServer("elsewhere", "another-zone");
  cloud.imageServers.push(elsewhere);

  await (await open({ imageServerId: undefined })).check();
  await expect((await open({ imageServerId: elsewhere.uuid })).check()).rejects.toMatchObject({
    code: "cloud.refused",
  });
  cloud.imageServers.push(imageServer("second", cloud.zone.uuid));
  await expect((await open({ imageServerId: undefined })).check()).rejects.toThrow(
    /imageServerId must say which one: .*(image-store.*second|second.*image-store)/,
  );
});

test.each([
  ["zoneId", "zone"],
  ["clusterId", "cluster"],
  ["networkId", "L3 network"],
])("a wrong %s is named when the target is saved (S-18)", async (name, what) => {
  const id = "0".repeat(32);

  await expect((await open({ [name]: id })).check()).rejects.toMatchObject({
    params: { what, id },
  });
});

test("a network without user data can have no gateway, and the target is refused for it", async () => {
  const networkId = site.cloud.publicNetwork.uuid;

  await expect((await open({ networkId })).check()).rejects.toMatchObject({
    code: "cloud.refused",
    params: { problem: "its network service Userdata is not enabled" },
  });
});

test.each([
  ["of another cluster", "Private", "not attached to cluster cluster-1"],
  ["of the system's", "System", "a system network"],
] as const)(
  "a network %s can have no gateway, and the target is refused for it",
  async (name, category, problem) => {
    const { cloud } = site;
    const services = ["DHCP", "Userdata", "SecurityGroup"];
    const l2Networks = category === "System" ? [cloud.l2Network.uuid] : [];
    const found = network(name, category, cloud.zone.uuid, services, "10.0.3.0/24", ...l2Networks);
    cloud.networks.push(found);

    await expect((await open({ networkId: found.uuid })).check()).rejects.toMatchObject({
      code: "cloud.refused",
      params: { what: `L3 network ${name}`, problem: expect.stringContaining(problem) },
    });
  },
);

test("pools are the storages that the cluster's hosts share; a volume is made in the one it is told (R-215)", async () => {
  const { cloud } = site;
  const [shared, ceph] = cloud.pools;
  const provider = await open();

  const pools = await provider.volumes.listPools?.();
  const id = await makeVolume(provider, "v", { pool: ceph?.uuid });
  const clone = await makeVolume(provider, "clone", {
    fromSnapshotId: await makeSnapshot(provider, "s", id),
  });

  expect(pools).toEqual(
    [shared, ceph]
      .map((pool) => ({ id: pool?.uuid ?? "", freeBytes: pool?.availableCapacity ?? 0 }))
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
  );
  for (const one of [id, clone]) {
    expect(cloud.volumes.get(one)?.primaryStorageUuid).toBe(ceph?.uuid);
  }
  expect((await provider.capabilities()).onePool).toBe(true);
});

test("where the storage is the hosts' own, all is made on the one that is set", async () => {
  const [, , local] = site.cloud.pools;
  const provider = await open({ hostId: "ab".repeat(16), pools: [local?.uuid] });
  await provider.check();

  const id = await makeVolume(provider, "v");

  expect(site.cloud.volumes.get(id)?.primaryStorageUuid).toBe(local?.uuid);
  await expect((await open({ pools: [local?.uuid] })).check()).rejects.toThrow(/set hostId/);
});

test("a gateway takes 15 volumes, eight more for clones under repair, and 24 disks with its own (R-223, R-224)", async () => {
  const provider = await open();
  const gateway = await makeGateway(provider);
  const attach = async (n: number) =>
    provider.volumes.attachVolume(await makeVolume(provider, `v${n}`), gateway);
  for (let n = 1; n <= 23; n += 1) await attach(n);

  await expect(attach(24)).rejects.toMatchObject({ code: "cloud.quota-exceeded" });
  expect(await provider.capabilities()).toMatchObject({
    gatewayMaxVolumes: 15,
    gatewaySpareVolumes: 8,
  });
  expect(site.cloud.vms.get(gateway)?.dataVolumeUuids).toHaveLength(23);
});

test("a volume says nothing of itself unless the hosts are told to give serials; a gateway is never restarted (R-212, R-216, R-222, X-25)", async () => {
  const provider = await open();
  const volume = await makeVolume(provider, "v");
  await provider.volumes.attachVolume(volume, await makeGateway(provider));
  const bySerial = await open({ volume: { device: "serial" } });

  expect((await provider.volumes.findVolume(volume))?.device).toBeUndefined();
  expect((await provider.capabilities()).deviceMapping).toBe("difference");
  expect(provider.compute.restartInstance).toBeUndefined();
  const seen = await bySerial.volumes.findVolume(volume);
  expect(seen?.device).toEqual({ by: "serial", serial: volume });
  expect((await bySerial.capabilities()).deviceMapping).toBe("identity");
});

test("a volume that somebody took off by hand is seen to hang nowhere (R-217)", async () => {
  const { cloud } = site;
  const provider = await open();
  const gateway = await makeGateway(provider);
  const id = await makeVolume(provider, "v");
  await provider.volumes.attachVolume(id, gateway);
  const volume = cloud.volumes.get(id);
  cloud.vms.get(gateway)?.dataVolumeUuids.splice(0);
  delete volume?.vmInstanceUuid;

  expect((await provider.volumes.findVolume(id))?.attachedTo).toBeUndefined();
});

test("a deleted gateway's volumes stay even where the site deletes data volumes with their VMs", async () => {
  const { cloud } = site;
  cloud.deletesDataVolumesWithVms = true;
  const provider = await open();
  const gateway = await makeGateway(provider);
  const id = await makeVolume(provider, "v");
  await provider.volumes.attachVolume(id, gateway);

  await provider.compute.deleteInstance(gateway);
  while ((await provider.compute.findInstance(gateway)) !== undefined);

  expect(await provider.volumes.findVolume(id)).toMatchObject({ state: "ready" });
  expect([...cloud.volumes.keys()]).toEqual([id]);
});

test("what is deleted is expunged, also where the order for that was lost", async () => {
  const provider = await open();
  const id = await makeVolume(provider, "v");
  site.calls.fail({ nth: 1, action: "ExpungeDataVolume", when: "before", how: "cut" });

  await expect(provider.volumes.deleteVolume(id)).rejects.toMatchObject({
    code: "cloud.transient",
  });
  expect(site.cloud.volumes.get(id)?.status).toBe("Deleted");
  while ((await provider.volumes.findVolume(id)) !== undefined);

  expect(site.cloud.volumes.size).toBe(0);
});

test("pruning an old recovery point leaves the newer ones, which are built on it; it goes with the last of them", async () => {
  const { cloud } = site;
  const [shared] = cloud.pools;
  const provider = await open();
  const volume = await makeVolume(provider, "v", { pool: shared?.uuid });
  const [first, second, third] = [
    await makeSnapshot(provider, "s1", volume),
    await makeSnapshot(provider, "s2", volume),
    await makeSnapshot(provider, "s3", volume),
  ];

  await provider.volumes.deleteSnapshot(first);
  await provider.volumes.deleteSnapshot(second);

  expect(await provider.volumes.findSnapshot(first)).toBeUndefined();
  expect(await provider.volumes.findSnapshot(third)).toMatchObject({ state: "ready" });
  await makeVolume(provider, "clone", { fromSnapshotId: third });
  await provider.volumes.deleteSnapshot(third);
  expect(cloud.snapshots.size).toBe(0);
});

test("the pool of a launched server's other disks is its root volume's too (R-215, R-218, R-220)", async () => {
  const { cloud } = site;
  const [, ceph] = cloud.pools;
  const provider = await open();
  const system = await makeVolume(provider, "system", { pool: ceph?.uuid, role: "system" });
  const data = await makeVolume(provider, "data", { pool: ceph?.uuid });
  const snapshotId = await makeSnapshot(provider, "s", system);
  const image = await provider.images?.createImage({
    ...{ ...naming("image"), snapshotId, firmware: "bios" as const },
  });
  while ((await provider.images?.findImage(image?.id ?? ""))?.state !== "ready");

  const id = await launched(
    provider,
    await launchOrder(provider, {
      ...{ strategy: "imageFromSnapshot", volumeIds: [data] },
      ...(image === undefined ? {} : { imageId: image.id }),
    }),
  );

  const vm = cloud.vms.get(id);
  expect(cloud.images.get(image?.id ?? "")?.backupStorageUuid).toBe(cloud.imageServer.uuid);
  expect(cloud.volumes.get(vm?.rootVolumeUuid ?? "")?.primaryStorageUuid).toBe(ceph?.uuid);
  expect(vm?.dataVolumeUuids).toEqual([data]);
});

test("a server of UEFI, of Windows, in a place of its own, is launched as such", async () => {
  const { cloud } = site;
  const provider = await open();
  const boots = { firmware: "uefi", os: "windows" } as const;
  const system = await makeVolume(provider, "system", { role: "system", boots });

  const id = await launched(
    provider,
    await launchOrder(provider, {
      ...{ firmware: "uefi", volumeIds: [system] },
      network: { privateAddress: "127.200.0.9" },
    }),
  );

  expect(cloud.vms.get(id)).toMatchObject({
    platform: "WindowsVirtio",
    nic: { ip: "127.200.0.9" },
  });
  expect(cloud.vms.get(id)?.systemTags).toContain("bootMode::UEFI");
  expect(cloud.vms.get(id)?.rootVolumeUuid).toBe(system);
});

test("a server is launched into another of the networks that are listed, and into a group that was in none", async () => {
  const { cloud } = site;
  const { uuid: zoneId } = cloud.zone;
  const at = [zoneId, ["SecurityGroup"], "10.0.3.0/24", cloud.l2Network.uuid] as const;
  cloud.networks.push(network("second", "Private", ...at));
  const provider = await open();
  const group = await provider.network.ensureSecurityGroup({ ...naming("web"), rules: [] });
  cloud.groups.get(group.id)?.networks.clear();
  const system = await makeVolume(provider, "system", { role: "system" });
  const subnet = (await provider.network.listSubnets?.())?.find(({ label }) =>
    label.startsWith("second"),
  );

  const id = await launched(
    provider,
    await launchOrder(provider, {
      volumeIds: [system],
      network: { subnetId: subnet?.value ?? "", securityGroupIds: [group.id] },
    }),
  );

  const vm = cloud.vms.get(id);
  expect(vm?.nic.l3NetworkUuid).toBe(cloud.networks.at(-1)?.uuid);
  expect([...(vm?.groups ?? [])]).toEqual([group.id]);
});

test("HyperDoor starts from its image, with a system disk as large as the clone, its orders as they are, and only the clone on it", async () => {
  const { cloud } = site;
  const provider = await open({ hyperDoor: { image: cloud.hyperDoorImage.uuid } });
  const clone = await makeVolume(provider, "clone");
  const data = await makeVolume(provider, "data");
  const hyperDoor = { systemBytes: 12 * GiB, userData: '{"orders":"€"}' };

  const id = await launched(
    provider,
    await launchOrder(provider, {
      ...{ strategy: "hyperDoorCopy", imageId: cloud.hyperDoorImage.uuid },
      ...{ volumeIds: [clone, data], hyperDoor },
    }),
  );

  const vm = cloud.vms.get(id);
  expect(vm?.dataVolumeUuids).toEqual([clone]);
  expect(vm?.userData).toBe(hyperDoor.userData);
  expect(cloud.volumes.get(vm?.rootVolumeUuid ?? "")?.size).toBe(12 * GiB);
});

test("how a server may boot is what this ZStack has learned, and what the settings say (R-220)", async () => {
  const { cloud } = site;
  const hyperDoor = { image: cloud.hyperDoorImage.uuid };
  const ways = async (config: object) => (await (await open(config)).capabilities()).bootStrategies;

  expect((await ways({ hyperDoor })).bios).toEqual([
    "bootFromVolume",
    "imageFromSnapshot",
    "hyperDoorCopy",
  ]);
  expect((await ways({ launch: { boot: "image" } })).uefi).toEqual(["imageFromSnapshot"]);
  cloud.bootsFromVolumes = false;
  expect((await ways({})).bios).toEqual(["imageFromSnapshot"]);
  expect(cloud.vms.size).toBe(0);
});

test("a target that launches by HyperDoor alone must say which image that is", async () => {
  const launch = { boot: "hyperDoor" };

  await expect((await open({ launch })).check()).rejects.toThrow(/hyperDoor.image/);
  await expect(
    (await open({ launch, hyperDoor: { image: "0".repeat(32) } })).check(),
  ).rejects.toMatchObject({ params: { what: "HyperDoor image" } });
  await (await open({ launch, hyperDoor: { image: site.cloud.hyperDoorImage.uuid } })).check();
});

test("an offering that no host has room for is a want of capacity, a spent quota is a quota", async () => {
  const { cloud } = site;
  const provider = await open();
  cloud.full.add("2U4G");
  const volumeIds = [await makeVolume(provider, "v")];
  cloud.quota = 1;

  await expect(
    provider.compute.launch(await launchOrder(provider, { volumeIds })),
  ).rejects.toMatchObject({ code: "cloud.capacity" });
  await expect(makeVolume(provider, "one more")).rejects.toMatchObject({
    code: "cloud.quota-exceeded",
  });
});

test("offerings with one name are told apart by their uuids; those for routers are left out", async () => {
  const { cloud } = site;
  const [first] = cloud.offerings;
  if (first === undefined) throw new Error("the fake has offerings");
  cloud.offerings.push({ ...first, uuid: "f".repeat(32) });

  const types = await (await open()).compute.listInstanceTypes();

  expect(types.map(({ name }) => name).sort()).toEqual(
    ["2U4G", "4U8G", "8U16G", first.uuid, "f".repeat(32)].sort(),
  );
});
