import { afterEach, beforeEach, expect, test } from "vitest";
import { gatewayPorts } from "#domain/gateway-defaults.ts";
import { effectiveLimits } from "#domain/limits/effective.ts";
import { gatewayBootstrap } from "#domain/protocol/gateway.ts";
import { type FakeKingsoft, startFakeKingsoft } from "#test/clouds/kingsoft/fake-kingsoft.ts";
import { hyperDoorImage, uefiHyperDoorImage } from "#test/clouds/kingsoft/state.ts";
import type { LaunchSpec, Provider } from "../provider.ts";
import { openProvider } from "../registry.ts";
import { serialOf } from "./volumes.ts";

let cloud: FakeKingsoft;
beforeEach(async () => {
  cloud = await startFakeKingsoft({
    delays: { createMs: 1, attachMs: 1, bootMs: 1, deleteMs: 1, addressMs: 1, stopMs: 1 },
  });
});
afterEach(() => cloud.close());

const GiB = 1024 ** 3;
const consoleId = "console-under-test";
const naming = (token: string, Name = token) => ({
  token,
  tags: { "hypermotion:console": consoleId, "hypermotion:owner": "gw-1", Name },
});
const bootstrap = gatewayBootstrap.parse({
  gatewayId: "gw-1",
  consoleUrl: "https://console.invalid",
  enrolmentCode: "not-a-real-code-0000",
  ports: {},
  software: { url: "https://console.invalid/it.tar.gz", sha256: "ab".repeat(32) },
});

async function open(
  change: object = {},
  more: { edition?: "saas" | "standalone"; secrets?: object } = {},
): Promise<Provider> {
  const { edition = "saas", secrets = {} } = more;
  return openProvider("kingsoft", {
    config: { ...cloud.target.config, ...change },
    secrets: { ...cloud.keys, ...secrets },
    ...{ consoleId, edition },
  });
}

async function makeGroup(provider: Provider): Promise<string> {
  const { id } = await provider.network.ensureSecurityGroup({
    ...naming("group", "HyperGate"),
    rules: Object.values(gatewayPorts).map((port) => ({ port, from: ["0.0.0.0/0"] })),
  });
  return id;
}

async function running(provider: Provider, id: string): Promise<string> {
  while ((await provider.compute.findInstance(id))?.state !== "running");
  return id;
}

async function makeGateway(provider: Provider, token = "gateway"): Promise<string> {
  const securityGroupId = await makeGroup(provider);
  const order = { ...naming(token, "HyperGate"), securityGroupId, bootstrap };
  return running(provider, (await provider.compute.createGateway(order)).id);
}

async function makeVolume(provider: Provider, token: string, sizeBytes = 10 * GiB) {
  const order = { ...naming(token), sizeBytes, role: "data" as const };
  const { id } = await provider.volumes.createVolume(order);
  while ((await provider.volumes.findVolume(id))?.state !== "ready");
  return id;
}

async function attached(provider: Provider, volumeId: string, instanceId: string) {
  await provider.volumes.attachVolume(volumeId, instanceId);
  while ((await provider.volumes.findVolume(volumeId))?.device === undefined);
}

/** As steps carry a launch on. */
async function launched(provider: Provider, spec: LaunchSpec): Promise<string> {
  for (;;) {
    const { id, waitsFor } = await provider.compute.launch(spec);
    if (waitsFor === undefined) return id;
  }
}

async function orderOf(
  provider: Provider,
  volumeIds: readonly string[],
  change: Partial<LaunchSpec> = {},
): Promise<LaunchSpec> {
  return {
    ...naming("server", "web-1"),
    instanceType: "S6.2B",
    securityGroupId: await makeGroup(provider),
    firmware: "bios",
    strategy: "hyperDoorCopy",
    imageId: hyperDoorImage,
    hyperDoor: { systemBytes: 42 * GiB, userData: '{"hyperdoor":1}' },
    volumeIds,
    ...change,
  };
}

test("a gateway is HyperGate: paid by the hour, of 4 vCPU and 8 GiB, on 100 GB of SSD cloud disk, with a new elastic address of 5 Mbps by traffic, which is told (R-095, R-098 to R-100, R-102 to R-106, R-108, R-111, X-04, X-10)", async () => {
  const { account } = cloud;
  const provider = await open();

  const id = await makeGateway(provider);
  const address = await provider.network.ensureAddress({
    ...naming("address", "HyperGate"),
    instanceId: id,
  });

  const instance = account.instances.get(id);
  const [group] = account.groups.values();
  const [disk] = account.volumes.values();
  const [eip] = account.addresses.values();
  expect(instance).toMatchObject({
    ...{ type: "S6.4B", chargeType: "HourlyInstantSettlement", login: "password" },
    ...{ name: expect.stringMatching(/^HyperGate-hmg/), groupIds: [group?.id] },
  });
  expect(Object.fromEntries(instance?.tags ?? [])).toEqual(naming("", "HyperGate").tags);
  expect(disk).toMatchObject({ category: "system", sizeGiB: 100, type: "SSD3.0" });
  expect(eip).toMatchObject({
    ...{ instanceId: id, mbps: 5, chargeType: "TrafficMonthly" },
    lineId: account.lines.find(({ name }) => name === "BGP")?.id,
  });
  expect(address).toEqual({ id: eip?.id, address: eip?.publicIp });
  expect((await provider.compute.findInstance(id))?.publicAddress).toBe(eip?.publicIp);
});

test("its security group opens TCP 12222, 18090, 3260 and 22 and lets all out, and what is wanted no more is closed (R-010, R-108)", async () => {
  const provider = await open();

  const id = await makeGroup(provider);
  const entries = () =>
    [...(cloud.account.groups.get(id)?.entries.values() ?? [])]
      .map(({ direction, protocol, from, ports }) =>
        [direction, protocol, from, ...(ports ?? [])].join(" "),
      )
      .sort();
  const opened = entries();
  await provider.network.ensureSecurityGroup({
    ...naming("group", "HyperGate"),
    rules: [{ port: 22, from: ["192.0.2.1/32"] }],
  });

  expect(opened).toEqual([
    "in tcp 0.0.0.0/0 12222 12222",
    "in tcp 0.0.0.0/0 18090 18090",
    "in tcp 0.0.0.0/0 22 22",
    "in tcp 0.0.0.0/0 3260 3260",
    "out ip 0.0.0.0/0",
  ]);
  expect(entries()).toEqual(["in tcp 192.0.2.1/32 22 22", "out ip 0.0.0.0/0"]);
});

test("gateway and group are in the subnet's region and zone; a subnet elsewhere, of another kind or unknown is refused when the target is checked (R-096, R-097, S-13)", async () => {
  const { account } = cloud;
  const provider = await open({ zone: "cn-beijing-6a" });
  await provider.check();
  const id = await makeGateway(provider);

  expect(account.instances.get(id)?.subnetId).toBe(account.subnetId);
  expect((await provider.capabilities()).zone).toBe("cn-beijing-6a");
  await expect((await open({ zone: "cn-beijing-6b" })).check()).rejects.toMatchObject({
    ...{ code: "input.invalid", params: { where: "zone" } },
  });
  await expect((await open({ subnetId: account.reservedSubnetId })).check()).rejects.toMatchObject({
    code: "input.invalid",
    params: { where: "subnetId" },
  });
  const unknown = "00000000-0000-4000-8000-000000000000";
  await expect((await open({ subnetId: unknown })).check()).rejects.toMatchObject({
    ...{ code: "cloud.not-found", params: { what: "subnet" } },
  });
});

test("the image is the edition's: a public one with cloud-init for SaaS, HM_IMG_<date> with its login kept for standalone, which must be imported first (R-101)", async () => {
  const { account } = cloud;
  const seen = (id: string) => {
    const instance = account.instances.get(id);
    return [account.images.get(instance?.imageId ?? "")?.name, instance?.login];
  };

  const saas = seen(await makeGateway(await open(), "one"));
  const standalone = await open({}, { edition: "standalone" });
  const own = seen(await makeGateway(standalone, "two"));
  for (const { id, name } of [...account.images.values()]) {
    if (name.startsWith("HM_IMG")) account.images.delete(id);
  }

  expect(saas).toEqual(["Debian-12.8 64位", "password"]);
  expect(own).toEqual(["HM_IMG_20261001.qcow2", "image"]);
  await expect(standalone.check()).rejects.toMatchObject({ code: "gateway.image-missing" });
});

test("a person's way onto a gateway is a key or a password of theirs; one who gave none has none", async () => {
  const { account } = cloud;
  const keyId = "44444444-0000-4000-8000-000000000001";
  const loginOf = (id: string) => account.instances.get(id)?.login;

  expect(loginOf(await makeGateway(await open({ gateway: { keyId } }), "a"))).toBe("key");
  const secrets = { gatewayPassword: "Password1" };
  expect(loginOf(await makeGateway(await open({}, { secrets }), "b"))).toBe("password");
});

test("a gateway that is too small is refused when the target is checked, the least is not (R-098 to R-100, R-102)", async () => {
  const gateway = (instanceType: string, diskGiB = 40) =>
    open({ gateway: { instanceType, diskGiB } });

  await expect((await gateway("S6.1A")).check()).rejects.toMatchObject({
    code: "gateway.too-small",
  });
  await (await gateway("S6.2B")).check();
});

test("what is sold out is left out: its volumes, its type, and in the end the target says so", async () => {
  const { account } = cloud;
  const choice = async () => {
    const provider = await open();
    const types = (await provider.compute.listInstanceTypes()).map(({ name }) => name);
    return [types, (await provider.capabilities()).volumes.data.type];
  };

  // Without GPU, in our zone, and with a system disk that outlives its host.
  expect(await choice()).toEqual([["S6.1A", "S6.2B", "S6.4B"], "SSD3.0"]);
  account.soldOut.add("S6.4B SSD3.0");
  expect(await choice()).toEqual([["C7.4B"], "ESSD_PL1"]);
  account.soldOut.add("C7.4B");
  expect(await choice()).toEqual([["S6.2B", "S6.4B"], "EHDD"]);
  account.soldOut.add("S6.4B");
  await expect((await open()).check()).rejects.toMatchObject({ code: "gateway.no-type" });
  await expect((await open({ gateway: { instanceType: "S6.4B" } })).check()).rejects.toMatchObject({
    code: "cloud.capacity",
  });
});

test("a gateway holds as many volumes as its type attaches, two of them for clones under repair, and not one more", async () => {
  const provider = await open();
  const gateway = await makeGateway(provider);
  const { gatewayMaxVolumes, gatewaySpareVolumes } = await provider.capabilities();

  for (let n = 1; n <= 8; n += 1) {
    await attached(provider, await makeVolume(provider, `v${n}`), gateway);
  }

  expect([gatewayMaxVolumes, gatewaySpareVolumes]).toEqual([6, 2]);
  const tooMuch = provider.volumes.attachVolume(await makeVolume(provider, "v9"), gateway);
  await expect(tooMuch).rejects.toMatchObject({ code: "cloud.quota-exceeded" });
});

test("a gateway finds a volume by the first characters of its id, which ESSD volumes show behind a word", () => {
  const id = "04eb4eb8-9894-417f-8d1c-0a1b2c3d4e5f";

  expect(serialOf(id, "SSD3.0")).toBe("04eb4eb8-9894-417f-8");
  expect(serialOf(id, "ESSD_PL1")).toBe("volume-04eb4eb8-9894");
});

test("the document's 20 GB of system disk hold until they are acknowledged, then the platform's 500, beyond which nothing is made (R-199, X-23)", async () => {
  const provider = await open();
  const { volumes } = await provider.capabilities();
  const cloudGB = volumes.system.maxBytes / GiB;
  const most = (acknowledged: string[]) =>
    effectiveLimits({
      ...{ platform: "kingsoft", cloud: { systemDiskMaxGB: cloudGB }, acknowledged },
    }).value("systemDiskMaxGB");
  const volume = await makeVolume(provider, "v");
  const hyperDoor = { systemBytes: 501 * GiB, userData: "{}" };
  const tooLarge = provider.compute.launch(await orderOf(provider, [volume], { hyperDoor }));

  expect([most([]), most(["R-199"])]).toEqual([20, 500]);
  await expect(tooLarge).rejects.toMatchObject({ code: "cloud.refused" });
  expect(cloud.account.instances.size).toBe(0);
});

test("servers are launched by HyperDoor's copy, by its image's firmware; without the image the target says what is missing (S-13)", async () => {
  const strategies = async (change: object) =>
    (await (await open(change)).capabilities()).bootStrategies;
  const uefi = { hyperDoor: { image: uefiHyperDoorImage } };

  expect(await strategies({})).toEqual({ bios: ["hyperDoorCopy"], uefi: [] });
  expect(await strategies(uefi)).toEqual({ bios: [], uefi: ["hyperDoorCopy"] });
  expect(await strategies({ hyperDoor: undefined })).toEqual({ bios: [], uefi: [] });
  await expect((await open({ hyperDoor: undefined })).check()).rejects.toMatchObject({
    ...{ code: "input.invalid", params: { where: "hyperDoor.image" } },
  });
  const image = "00000000-0000-4000-8000-000000000000";
  await expect((await open({ hyperDoor: { image } })).check()).rejects.toMatchObject({
    ...{ code: "cloud.not-found", params: { what: "image", id: image } },
  });
});

test("a launch makes an instance of HyperDoor's image with a system disk as large as the server's, hands on its orders and hangs the first volume on it alone", async () => {
  const { account } = cloud;
  const provider = await open();
  const [first, second] = [await makeVolume(provider, "v1"), await makeVolume(provider, "v2")];
  const extra = await provider.network.ensureSecurityGroup({ ...naming("extra"), rules: [] });
  const group = await makeGroup(provider);
  const network = { privateAddress: "127.128.9.9", securityGroupIds: [group, extra.id] };

  const id = await launched(provider, await orderOf(provider, [first, second], { network }));

  expect(account.instances.get(id)).toMatchObject({
    ...{ imageId: hyperDoorImage, type: "S6.2B", userData: '{"hyperdoor":1}', login: "image" },
    ...{ privateAddress: "127.128.9.9", groupIds: [group, extra.id] },
    name: expect.stringMatching(/^web-1-hms/),
  });
  const hanging = [...account.volumes.values()].filter(({ instanceId }) => instanceId === id);
  expect(
    hanging.map((volume) => [volume.category, volume.sizeGiB, volume.deleteWithInstance]),
  ).toEqual([
    ["data", 10, true],
    ["system", 42, true],
  ]);
  // What the caller hangs on it later ends with it too.
  await attached(provider, second, id);
  expect(account.volumes.get(second)?.deleteWithInstance).toBe(true);
  expect(account.addresses.size).toBe(0);
});

test("a launch goes into whatever subnet and behind whatever groups are listed for it, and its volume hangs on it there", async () => {
  const { account } = cloud;
  const { vpcId, zone, subnetId } = account;
  const second = "9fd83a5e-33cf-4196-b8df-59fc57478491";
  account.subnets.push({ id: second, name: "more", type: "Normal", vpcId, zone });
  const provider = await open();
  const order = await orderOf(provider, [await makeVolume(provider, "v")]);
  const extra = await provider.network.ensureSecurityGroup({ ...naming("extra"), rules: [] });

  const subnets = (await provider.network.listSubnets?.())?.map(({ value }) => value);
  const securityGroupIds = (await provider.network.listSecurityGroups?.())?.map(
    ({ value }) => value,
  );
  const network = { subnetId: second, ...(securityGroupIds && { securityGroupIds }) };
  const id = await launched(provider, { ...order, network });

  expect(subnets).toEqual([subnetId, second]);
  expect(account.instances.get(id)).toMatchObject({
    subnetId: second,
    groupIds: [order.securityGroupId, extra.id],
  });
});

test.each([
  ["another way than HyperDoor's copy", { strategy: "imageFromVolume" }, "cloud.refused"],
  ["an image of another firmware", { imageId: uefiHyperDoorImage }, "cloud.refused"],
  ["a type that is sold out", { instanceType: "S6.4B" }, "cloud.capacity"],
] as const)("a launch by %s is refused before anything is made", async (_what, change, code) => {
  cloud.account.soldOut.add("S6.4B");
  const provider = await open({ gateway: { instanceType: "S6.2B" } });
  const order = await orderOf(provider, [await makeVolume(provider, "v")], change);

  await expect(provider.compute.launch(order)).rejects.toMatchObject({ code });

  expect(cloud.account.instances.size).toBe(0);
});

test("what was put into the bin is shown as going, and is deleted for good when deleted again", async () => {
  const provider = await open();
  const id = await makeVolume(provider, "v");
  const volume = cloud.account.volumes.get(id);
  if (volume === undefined) throw new Error("the volume is not there");
  volume.status = "recycling";

  const before = await provider.volumes.findVolume(id);
  const left = await provider.listOwned();
  await provider.volumes.deleteVolume(id);
  while ((await provider.volumes.findVolume(id)) !== undefined);

  expect(before?.state).toBe("deleting");
  expect(left).toEqual([{ kind: "volume", id, name: "v" }]);
  expect(cloud.account.volumes.size).toBe(0);
});

test("a gateway's address goes with it, though nobody asked for its name", async () => {
  const provider = await open();
  const id = await makeGateway(provider);
  await provider.network.ensureAddress({ ...naming("address"), instanceId: id });

  expect((await provider.listOwned()).map(({ kind }) => kind)).toContain("address");
  await provider.compute.deleteInstance(id);
  while ((await provider.compute.findInstance(id)) !== undefined);

  expect(cloud.account.addresses.size).toBe(0);
});

test("a gateway that can't be deleted while it is being made is to be deleted again", async () => {
  await cloud.close();
  cloud = await startFakeKingsoft({ delays: { bootMs: 300 } });
  cloud.account.keepsUnmade = true;
  const provider = await open({ gateway: { publicAddress: "none" } });
  const order = { ...naming("gateway"), securityGroupId: await makeGroup(provider), bootstrap };
  const { id } = await provider.compute.createGateway(order);

  const early = provider.compute.deleteInstance(id);

  await expect(early).rejects.toMatchObject({ code: "cloud.transient", retryable: true });
  await running(provider, id);
  await provider.compute.deleteInstance(id);
  while ((await provider.compute.findInstance(id)) !== undefined);
});

test("what is being deleted is still listed, and is not what a new order of its token returns", async () => {
  await cloud.close();
  cloud = await startFakeKingsoft({ delays: { bootMs: 1, deleteMs: 400 } });
  const provider = await open();
  const first = await makeGateway(provider);
  await provider.compute.deleteInstance(first);

  const left = (await provider.listOwned()).filter(({ kind }) => kind === "instance");
  const second = await makeGateway(provider);

  expect(left).toEqual([{ kind: "instance", id: first, name: "HyperGate" }]);
  expect(second).not.toBe(first);
  expect((await provider.compute.findInstanceByToken("gateway"))?.id).toBe(second);
});

test("where addresses are not wanted none is bought, and none is asked for", async () => {
  const provider = await open({ gateway: { publicAddress: "none" } });
  const instanceId = await makeGateway(provider);

  const address = await provider.network.ensureAddress({ ...naming("address"), instanceId });

  expect(address).toBeUndefined();
  expect(cloud.account.addresses.size).toBe(0);
});

test("permissions that are missing are all named when the target is checked, and nothing is made or changed by looking", async () => {
  const { account, calls } = cloud;
  for (const action of ["AttachVolume", "DescribeImages", "RunInstances", "ReleaseAddress"]) {
    account.denied.add(action);
  }

  const checked = (await open()).check();

  await expect(checked).rejects.toMatchObject({
    ...{ code: "cloud.forbidden" },
    params: {
      action: "ebs:AttachVolume, kec:DescribeImages, kec:RunInstances, eip:ReleaseAddress",
    },
  });
  expect(Object.values(cloud.inventory())).toEqual([0, 0, 0, 0, 0, 0]);
  const changed = calls.made.filter(
    ({ action, outcome }) => outcome === "ok" && !/^(Describe|Get)/.test(action),
  );
  expect(changed).toEqual([]);
});

test("a key that is not taken, and an account without money, are told as such", async () => {
  const wrong = await open({}, { secrets: { secretKey: "another" } });
  await expect(wrong.check()).rejects.toMatchObject({ code: "cloud.credentials" });

  cloud.account.unpaid.add("CreateVolume");
  const provider = await open();
  const order = { ...naming("v"), sizeBytes: GiB, role: "data" as const };
  await expect(provider.volumes.createVolume(order)).rejects.toMatchObject({
    ...{ code: "cloud.payment", message: expect.stringContaining("账户余额不足") },
  });
});

test("lists of more than a page are read to their end", async () => {
  const provider = await open();
  for (let n = 0; n < 105; n += 1) {
    const order = { ...naming(`v${n}`), sizeBytes: GiB, role: "data" as const };
    await provider.volumes.createVolume(order);
  }

  expect(await provider.listOwned()).toHaveLength(105);
});

test("a volume whose list shows it late is the one that a repeated order returns", async () => {
  await cloud.close();
  cloud = await startFakeKingsoft({ delays: { shownAfterMs: 150, createMs: 1 } });
  const provider = await open();
  const order = { ...naming("v"), sizeBytes: GiB, role: "data" as const };
  cloud.calls.fail({ action: "CreateVolume", nth: 1, when: "after", how: "cut" });

  const { id } = await provider.volumes.createVolume(order);

  expect([...cloud.account.volumes.keys()]).toEqual([id]);
});
