import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { MigrationError } from "#domain/errors.ts";
import { type Edition, gatewayName, gatewayPorts } from "#domain/gateway-defaults.ts";
import { gatewayBootstrap } from "#domain/protocol/gateway.ts";
import {
  type FakeUCloud,
  type FakeUCloudOptions,
  startFakeUCloud,
} from "#test/clouds/ucloud/fake-ucloud.ts";
import { hyperDoorImageId } from "#test/clouds/ucloud/state.ts";
import type { LaunchSpec, Provider } from "../provider.ts";
import { openProvider } from "../registry.ts";

const GiB = 1024 ** 3;
const consoleId = "hm-0123456789";
const owner = "srv-owner";
const bootstrap = gatewayBootstrap.parse({
  gatewayId: "gateway-under-test",
  consoleUrl: "https://console.invalid",
  enrolmentCode: "not-a-real-code-0000",
  ports: {},
  software: { url: "https://console.invalid/it.tar.gz", sha256: "ab".repeat(32) },
});

let fake: FakeUCloud;
let provider: Provider;

afterEach(() => fake.close());

interface Opening extends FakeUCloudOptions {
  readonly credentials?: Readonly<Record<string, string>>;
  readonly edition?: Edition;
}

async function open(config: Record<string, unknown> = {}, options: Opening = {}): Promise<void> {
  fake = await startFakeUCloud(options);
  provider = await another(config, options);
}

/** As another process of the same console. */
async function another(
  config: Record<string, unknown> = {},
  { credentials, edition }: Opening = {},
): Promise<Provider> {
  return openProvider("ucloud", {
    config: { ...fake.target.config, ...config },
    secrets: { ...fake.target.credentials, ...credentials },
    consoleId,
    ...(edition === undefined ? {} : { edition }),
  });
}

const naming = (token: string, Name = token) => ({
  token,
  tags: { "hypermotion:console": consoleId, "hypermotion:owner": owner, Name },
});

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let looks = 0; looks < 200; looks += 1) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(10);
  }
  throw new Error("waited in vain");
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => "no error",
    (error) => (error instanceof MigrationError ? error.code : String(error)),
  );
}

async function makeGroup(): Promise<string> {
  const rules = Object.values(gatewayPorts).map((port) => ({ port, from: ["0.0.0.0/0"] }));
  return (await provider.network.ensureSecurityGroup({ ...naming("group"), rules })).id;
}

const running = (id: string) =>
  until(async () => {
    const found = await provider.compute.findInstance(id);
    return found?.state === "running" ? found : undefined;
  });

async function makeGateway(instanceType?: string): Promise<string> {
  const { id } = await provider.compute.createGateway({
    ...naming("gateway", gatewayName),
    securityGroupId: await makeGroup(),
    bootstrap,
    ...(instanceType === undefined ? {} : { instanceType }),
  });
  await running(id);
  return id;
}

async function makeVolume(token: string, more: { fromSnapshotId?: string } = {}): Promise<string> {
  const order = { ...naming(token), sizeBytes: GiB, role: "data" as const, ...more };
  const { id } = await provider.volumes.createVolume(order);
  await until(async () => {
    const found = await provider.volumes.findVolume(id);
    return found?.state === "ready" ? found : undefined;
  });
  return id;
}

async function makeSnapshot(volumeId: string): Promise<string> {
  const { id } = await provider.volumes.createSnapshot({ ...naming("s"), volumeId });
  await until(async () => {
    const found = await provider.volumes.findSnapshot(id);
    return found?.state === "ready" ? found : undefined;
  });
  return id;
}

async function launchOrder(volumeIds: string[], more: Partial<LaunchSpec> = {}) {
  const order: LaunchSpec = {
    ...naming("launch", "a server"),
    instanceType: "N-2-4",
    securityGroupId: await makeGroup(),
    firmware: "bios",
    strategy: "hyperDoorCopy",
    volumeIds,
    imageId: hyperDoorImageId,
    hyperDoor: { systemBytes: 30 * GiB, userData: '{"orders":"of one line"}' },
    ...more,
  };
  return order;
}

const launched = (order: LaunchSpec) =>
  until(async () => {
    const { id, waitsFor } = await provider.compute.launch(order);
    return waitsFor === undefined ? id : undefined;
  });

const hostOf = (id: string) => fake.project.hosts.get(id);
const actionsMade = () => fake.calls.made.map(({ action }) => action);

test("a gateway is made as the document has it: pay-as-you-go, type N of 4 vCPU and 8 GiB, an SSD disk of 100 GB, called HyperGate (R-011 to R-013, R-115, R-210, S-04)", async () => {
  await open();

  const id = await makeGateway();

  expect(hostOf(id)).toMatchObject({ chargeType: "Dynamic", machine: "N-4-8192" });
  // The end of the name tells which order made it.
  expect(hostOf(id)?.name).toMatch(/^HyperGate\.[0-9a-f]{10}$/);
  expect([...fake.project.disks.values()]).toMatchObject([
    { isBoot: true, type: "CLOUD_SSD", sizeGiB: 100, hostId: id },
  ]);
});

test("nothing that hangs on a host is partitioned or mounted by UCloud's own start-up", async () => {
  await open();

  const id = await makeGateway();

  expect(hostOf(id)?.autoDataDiskInit).toBe("Off");
});

test("its group opens 12222, 18090, 3260 and 22, in the target's own region, VPC and subnet, where the gateway is too (R-010, S-04)", async () => {
  await open();

  const id = await makeGateway();

  const [firewall] = fake.project.firewalls.values();
  // The fake takes no other VPC and subnet than the target's.
  expect([...(firewall?.rules ?? [])].sort()).toEqual(
    ["12222", "18090", "22", "3260"].map((port) => `TCP|${port}|0.0.0.0/0|ACCEPT|HIGH|HyperMotion`),
  );
  expect(hostOf(id)?.firewallId).toBe(firewall?.id);
});

test("its address is public, billed by traffic at 5 Mbps, by the hour, and kept apart from the host (R-014, S-04, X-11)", async () => {
  await open();
  const instanceId = await makeGateway();

  const address = await provider.network.ensureAddress({ ...naming("address"), instanceId });
  await provider.compute.deleteInstance(instanceId);

  const [eip] = fake.project.eips.values();
  expect(eip).toMatchObject({
    ...{ bandwidth: 5, payMode: "Traffic", chargeType: "Dynamic", line: "BGP" },
  });
  expect(address).toEqual({ id: eip?.id, address: eip?.address });
});

test("where console and agents reach the subnet itself, no address is bought", async () => {
  await open({ gateway: { publicAddress: "none" } });
  const instanceId = await makeGateway();

  expect(await provider.network.ensureAddress({ ...naming("a"), instanceId })).toBeUndefined();
  expect(fake.project.eips.size).toBe(0);
});

test("the newest public image of the first family with cloud-init is taken, of 64 bit x86 (R-007, X-12)", async () => {
  await open();

  const id = await makeGateway();

  expect(hostOf(id)?.imageId).toBe("uimage-debian125");
  expect(hostOf(id)?.loginMode).toBe("Password");
});

test("the standalone edition's image is the newest HM_IMG with its own login; where there is none yet, the check says so (R-006, R-008, R-009)", async () => {
  await open({}, { edition: "standalone" });
  const id = await makeGateway();

  expect(hostOf(id)).toMatchObject({ imageId: "uimage-hmnewer", loginMode: "ImagePasswd" });
  fake.project.images.delete("uimage-hmnewer");
  fake.project.images.delete("uimage-hmolder");
  expect(await codeOf(provider.check())).toBe("gateway.image-missing");
});

test("a CentOS 7 image, which can't run a gateway, is refused by name (X-12)", async () => {
  await open({ gateway: { image: "uimage-centos75" } });

  expect(await codeOf(provider.check())).toBe("gateway.image-refused");
});

test("a gateway of less than 2 vCPU and 4 GiB is refused before it is made (R-011)", async () => {
  await open();

  expect(await codeOf(makeGateway("N-1-2"))).toBe("gateway.too-small");
  expect(fake.project.hosts.size).toBe(0);
});

test("a system disk under 40 GB is refused when the target is set up (R-012)", async () => {
  await open();

  expect(await codeOf(another({ gateway: { diskGiB: 39 } }))).toBe("input.invalid");
});

test("a gateway is of type N as long as the zone sells it, and then of another (R-210)", async () => {
  await open();
  fake.project.soldOut.add("N");

  const id = await makeGateway();

  expect(hostOf(id)?.machine).toBe("O-4-8192");
  expect([...fake.project.disks.values()]).toMatchObject([{ type: "CLOUD_RSSD" }]);
});

test("a gateway's named type that is sold out is said to be", async () => {
  await open({ gateway: { instanceType: "N-8-16" } });
  await provider.check();
  fake.project.soldOut.add("N");

  expect(await codeOf(makeGateway())).toBe("cloud.capacity");
});

test("people get onto gateways by the password or key of theirs, which the product never uses (S-04)", async () => {
  await open({}, { credentials: { gatewayPassword: "Own-Passw0rd" } });
  const byPassword = await makeGateway();
  expect(hostOf(byPassword)).toMatchObject({ loginMode: "Password", password: "Own-Passw0rd" });
  await fake.close();

  await open({ gateway: { keyPairId: "keypair-1" } });
  expect(hostOf(await makeGateway())).toMatchObject({ loginMode: "KeyPair", password: "" });
});

test("instance types are those for sale that boot our images and take our volumes: x86, without GPU, with a cloud disk", async () => {
  await open();

  const types = await provider.compute.listInstanceTypes();

  expect(types.map(({ name }) => name)).toEqual([
    ...["N-1-1", "N-1-2", "N-2-4", "O-2-4", "N-2-8", "N-4-8", "O-4-8", "OM-4-8"],
    ...["N-4-16", "N-8-16"],
  ]);
  expect(types.every(({ firmware }) => firmware.join() === "bios")).toBe(true);
});

test("a target may be held to some machine types", async () => {
  await open({ launch: { machineTypes: ["O"] } });

  const types = await provider.compute.listInstanceTypes();

  expect(types.map(({ name }) => name)).toEqual(["O-2-4", "O-4-8"]);
});

test("the platform itself sets no limit at 5 volumes: what is advised can be passed once it is acknowledged (R-211, X-24)", async () => {
  await open();

  const { gatewayMaxVolumes, gatewaySpareVolumes, volumes } = await provider.capabilities();

  // 26 cloud disks on a host, one of them its own.
  expect([gatewayMaxVolumes, gatewaySpareVolumes]).toEqual([20, 5]);
  expect(volumes.system.maxBytes).toBe(500 * GiB);
  expect(volumes.data).toMatchObject({ minBytes: GiB, maxBytes: 8000 * GiB, stepBytes: GiB });
});

test("replicas are SSD disks by the hour that snapshots can be taken of; clones are without", async () => {
  await open();

  const replica = await makeVolume("replica");
  const clone = await makeVolume("clone", { fromSnapshotId: await makeSnapshot(replica) });

  const common = { type: "CLOUD_SSD", chargeType: "Dynamic" };
  expect(fake.project.disks.get(replica)).toMatchObject({ ...common, hasSnapshots: true });
  expect(fake.project.disks.get(clone)).toMatchObject({ ...common, hasSnapshots: false });
});

test("a volume is known on its gateway by the serial number of its place, or, where the target says so, by having appeared", async () => {
  await open();
  const gateway = await makeGateway();
  const [first, second] = [await makeVolume("v1"), await makeVolume("v2")];
  for (const id of [first, second]) await provider.volumes.attachVolume(id, gateway);
  const hanging = (id: string, by: Provider) =>
    until(async () => {
      const found = await by.volumes.findVolume(id);
      return fake.project.disks.get(id)?.state === "InUse" ? found : undefined;
    });

  // /dev/vda is the gateway's own.
  expect((await hanging(first, provider)).device).toEqual({
    ...{ by: "serial", serial: "UCLOUD_DISK_VDB" },
  });
  expect((await hanging(second, provider)).device).toMatchObject({ serial: "UCLOUD_DISK_VDC" });
  const byDifference = await another({ deviceMapping: "difference" });
  expect((await byDifference.capabilities()).deviceMapping).toBe("difference");
  expect(await hanging(first, byDifference)).not.toHaveProperty("device");
});

test("the operator gives two keys, project, region and zone, and HyperDoor's image; all of them are asked about when the target is added (S-16)", async () => {
  await open();

  await provider.check();

  expect(actionsMade()).toEqual(
    expect.arrayContaining(["GetRegion", "DescribeSubnet", "DescribeImage"]),
  );
  const codes = [
    await codeOf((await another({}, { credentials: { privateKey: "another-key" } })).check()),
    await codeOf((await another({ projectId: "org-other" })).check()),
    await codeOf((await another({ region: "cn-sh2" })).check()),
    await codeOf((await another({ zone: "cn-bj2-99" })).check()),
    await codeOf((await another({ subnetId: "subnet-other" })).check()),
    await codeOf((await another({ hyperDoor: { image: "uimage-none" } })).check()),
    await codeOf(another({ projectId: undefined })),
    await codeOf(another({}, { credentials: { publicKey: "" } })),
  ];
  expect(codes).toEqual([
    ...["cloud.credentials", "cloud.not-found", "cloud.refused", "input.invalid"],
    ...["cloud.not-found", "cloud.not-found", "input.invalid", "input.invalid"],
  ]);
});

test("a target without HyperDoor's image is told that no server could be launched there (S-16)", async () => {
  await open({ hyperDoor: undefined });

  expect((await provider.capabilities()).bootStrategies).toEqual({ bios: [], uefi: [] });
  await expect(provider.check()).rejects.toMatchObject({
    code: "cloud.refused",
    params: { problem: expect.stringContaining("hyperDoor.image is not set") },
  });
});

test("a HyperDoor image that is still being made is named", async () => {
  await open();
  const image = fake.project.images.get(hyperDoorImageId);
  if (image !== undefined) image.state = "Making";

  expect(await codeOf(provider.check())).toBe("cloud.wrong-state");
});

test("checking a target names every permission that is missing, at once (S-16, R-004)", async () => {
  await open();
  for (const action of ["AttachUDisk", "CreateUHostInstance", "ReleaseEIP"]) {
    fake.project.denied.add(action);
  }

  await expect(provider.check()).rejects.toMatchObject({
    code: "cloud.forbidden",
    params: { action: "udisk:AttachUDisk, uhost:CreateUHostInstance, unet:ReleaseEIP" },
  });
});

test("checking a target makes and changes nothing", async () => {
  await open();
  const before = fake.inventory();

  await provider.check();

  expect(fake.inventory()).toEqual(before);
});

test("a balance that ran out stops an order with UCloud's words", async () => {
  await open();
  fake.project.unpaid.set("CreateUDisk", 17063);

  await expect(makeVolume("v")).rejects.toMatchObject({
    code: "cloud.payment",
    params: { problem: expect.stringContaining("17063") },
  });
});

test("what is asked too often is told from what is refused", async () => {
  await open();
  fake.project.throttled.set("CreateUDisk", 1);

  expect(await codeOf(makeVolume("v"))).toBe("cloud.throttled");
  expect(await codeOf(makeVolume("v"))).toBe("no error");
});

test("the account's quota of disks and of snapshots is said to be used up", async () => {
  await open({}, { quotas: { disks: 1, snapshots: 1 } });
  const volumeId = await makeVolume("v");
  await makeSnapshot(volumeId);

  expect(await codeOf(makeVolume("another"))).toBe("cloud.quota-exceeded");
  const more = { ...naming("more"), volumeId };
  expect(await codeOf(provider.volumes.createSnapshot(more))).toBe("cloud.quota-exceeded");
});

test.each([
  ["CreateUDisk", () => makeVolume("v"), () => fake.project.disks.size],
  ["CreateFirewall", makeGroup, () => fake.project.firewalls.size],
  ["CreateUHostInstance", makeGateway, () => fake.project.hosts.size],
])(
  "an answer to %s that was lost is looked for, and nothing is made twice, though UCloud takes no tokens",
  async (action, make, count) => {
    await open({}, { delays: { shownAfterMs: 60 } });
    fake.calls.fail({ action, nth: 1, when: "after", how: "cut" });

    await make();
    await make();

    expect(count()).toBe(1);
  },
);

test("of two processes that order the same at once, the later takes its own back, as soon as it is made", async () => {
  await open({}, { delays: { shownAfterMs: 100, createMs: 600 } });
  const other = await another();
  const order = { ...naming("v"), sizeBytes: GiB, role: "data" as const };

  const made = await Promise.all([
    provider.volumes.createVolume(order),
    other.volumes.createVolume(order),
  ]);

  expect(actionsMade().filter((action) => action === "CreateUDisk")).toHaveLength(2);
  expect(new Set(made.map(({ id }) => id)).size).toBe(1);
  expect([...fake.project.disks.keys()]).toEqual([made[0]?.id]);
});

test("a server starts by the hour from HyperDoor's image, with its orders as they are, a disk as large as its own, and the system volume alone", async () => {
  await open();
  const volumeIds = [await makeVolume("system"), await makeVolume("data")];

  const id = await launched(await launchOrder(volumeIds));

  expect(hostOf(id)).toMatchObject({
    ...{ imageId: hyperDoorImageId, machine: "N-2-4096", chargeType: "Dynamic" },
    ...{ loginMode: "ImagePasswd", autoDataDiskInit: "Off" },
    userData: '{"orders":"of one line"}',
  });
  const hanging = [...fake.project.disks.values()].filter(({ hostId }) => hostId === id);
  expect(hanging.map(({ isBoot, sizeGiB }) => [isBoot, sizeGiB]).sort()).toEqual([
    [false, 1],
    [true, 30],
  ]);
  expect(fake.project.disks.get(volumeIds[1] ?? "")?.hostId).toBeUndefined();
});

test("HyperDoor's own disk is never smaller than its image", async () => {
  await open();
  const order = await launchOrder([await makeVolume("system")], {
    hyperDoor: { systemBytes: GiB, userData: "{}" },
  });

  const id = await launched(order);

  const boot = [...fake.project.disks.values()].find(
    ({ hostId, isBoot }) => isBoot && hostId === id,
  );
  expect(boot?.sizeGiB).toBe(20);
});

test("a launch that is asked for again after the copy does not hang the system volume on once more", async () => {
  await open();
  const [system, data] = [await makeVolume("system"), await makeVolume("data")];
  const order = await launchOrder([system, data]);
  const id = await launched(order);
  await provider.volumes.detachVolume(system);
  await until(async () => {
    const found = await provider.volumes.findVolume(system);
    return found?.attachedTo === undefined ? found : undefined;
  });
  await provider.volumes.attachVolume(data, id);

  expect(await provider.compute.launch(order)).toEqual({ id });
  expect(fake.project.disks.get(system)?.hostId).toBeUndefined();
  await provider.volumes.deleteVolume(system);
  expect(await provider.compute.launch(order)).toEqual({ id });
});

test("a launch goes where its own network settings say, into another VPC too, behind one firewall; several are refused", async () => {
  await open();
  const other = await provider.network.ensureSecurityGroup({ ...naming("other"), rules: [] });
  const volumeIds = [await makeVolume("system")];
  const { subnets } = fake.project;
  const [own] = subnets;
  if (own === undefined) throw new Error("the fake has subnets");
  const subnetId = "subnet-other1";
  subnets.push({ ...own, id: subnetId, vpcId: "uvnet-other1" });
  const network = { subnetId, privateAddress: "10.0.0.77", securityGroupIds: [other.id] };
  const order = await launchOrder(volumeIds, { network });

  const id = await launched(order);

  expect(hostOf(id)).toMatchObject({
    ...{ subnetId, privateAddress: "10.0.0.77", firewallId: other.id },
  });
  const two = { ...network, securityGroupIds: [other.id, order.securityGroupId] };
  const refused = { ...order, ...naming("another"), network: two };
  expect(await codeOf(provider.compute.launch(refused))).toBe("cloud.refused");
});

test.each([
  ["by another strategy", { strategy: "imageFromVolume" as const }, "cloud.refused"],
  [
    "of more than 500 GiB",
    { hyperDoor: { systemBytes: 501 * GiB, userData: "{}" } },
    "cloud.refused",
  ],
  ["as a type whose disk the image can't have", { instanceType: "O-2-4" }, "cloud.refused"],
  ["as a type that takes no such volumes", { instanceType: "OPRO-4-8" }, "cloud.capacity"],
  ["as a type that is not for sale", { instanceType: "C-4-8" }, "cloud.capacity"],
  ["from an image that is not there any more", { imageId: "uimage-none" }, "cloud.not-found"],
  ["behind a firewall that is not there", { securityGroupId: "firewall-none" }, "cloud.not-found"],
  ["of a volume that is not there", { volumeIds: ["bsm-none"] }, "cloud.not-found"],
])("a launch %s is refused before anything is made", async (_, change, code) => {
  await open();
  const order = await launchOrder([await makeVolume("system")], change);

  expect(await codeOf(provider.compute.launch(order))).toBe(code);
  expect(fake.project.hosts.size).toBe(0);
});

test("deleting a launched server deletes its volumes, hanging or not, and none that somebody has hung on it since", async () => {
  await open();
  const volumeIds = [await makeVolume("system"), await makeVolume("data")];
  const id = await launched(await launchOrder(volumeIds));
  const stranger = await makeVolume("stranger");
  await provider.volumes.attachVolume(stranger, id);
  await until(async () => {
    const found = await provider.volumes.findVolume(stranger);
    return found?.device === undefined ? undefined : found;
  });

  await provider.compute.deleteInstance(id);

  expect(fake.project.hosts.size).toBe(0);
  expect([...fake.project.disks.keys()]).toEqual([stranger]);
});

test("a volume that is marked for a launch is still the one its order made", async () => {
  await open();
  const system = await makeVolume("system");
  await launched(await launchOrder([system]));

  expect(await makeVolume("system")).toBe(system);
  const listed = await provider.listOwned(owner);
  expect(listed.find(({ id }) => id === system)?.name).toBe("system");
});

test("what other consoles and people have in the project is not ours", async () => {
  await open();
  await makeGateway();
  await makeVolume("v");
  const otherConsole = await openProvider("ucloud", {
    config: fake.target.config,
    secrets: fake.target.credentials,
    consoleId: "hm-01234567",
  });

  expect(await otherConsole.listOwned()).toEqual([]);
  expect(await provider.listOwned("srv-other")).toEqual([]);
  expect((await provider.listOwned()).map(({ kind }) => kind).sort()).toEqual([
    ...["instance", "security-group", "volume"],
  ]);
});
