import { afterEach, beforeEach, expect, test } from "vitest";
import { gatewayPorts } from "#domain/gateway-defaults.ts";
import { gatewayBootstrap } from "#domain/protocol/gateway.ts";
import { type FakeOpenstack, startFakeOpenstack } from "#test/clouds/openstack/fake-openstack.ts";
import type { Provider } from "../provider.ts";
import { openProvider } from "../registry.ts";

let cloud: FakeOpenstack;
beforeEach(async () => {
  cloud = await startFakeOpenstack({ delays: { createMs: 1, attachMs: 1, bootMs: 1, stopMs: 1 } });
});
afterEach(() => cloud.close());

const consoleId = "console-under-test";
const naming = (token: string, Name: string) => ({
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
  config: object = {},
  edition: "saas" | "standalone" = "saas",
): Promise<Provider> {
  const all = { ...cloud.target.config, ...config };
  const secrets = cloud.target.credentials;
  return openProvider("openstack", { config: all, secrets, consoleId, edition });
}

async function makeGateway(provider: Provider): Promise<string> {
  const { id: securityGroupId } = await provider.network.ensureSecurityGroup({
    ...naming("group", "HyperGate"),
    rules: Object.values(gatewayPorts).map((port) => ({ port, from: ["0.0.0.0/0"] })),
  });
  const order = { ...naming("gateway", "HyperGate"), securityGroupId, bootstrap };
  const { id } = await provider.compute.createGateway(order);
  while ((await provider.compute.findInstance(id))?.state !== "running");
  return id;
}

test("a gateway is HyperGate, of the document's size and disk, in the target's subnet and its own group, with its ports open and its address told (R-112, S-01, R-010 to R-014, X-13)", async () => {
  const { project } = cloud;
  const provider = await open();

  const id = await makeGateway(provider);
  const address = await provider.network.ensureAddress({
    ...naming("address", "HyperGate"),
    instanceId: id,
  });

  const server = project.servers.get(id);
  const flavor = project.flavors.find(({ id }) => id === server?.flavorId);
  const [group] = project.groups.values();
  const [disk] = project.volumes.values();
  expect(server).toMatchObject({ name: "HyperGate", configDrive: false });
  expect(flavor).toMatchObject({ vcpus: 4, gib: 8 });
  expect(project.portsOf(id)).toMatchObject([
    { subnetId: project.subnetId, groupIds: [group?.id] },
  ]);
  expect(disk).toMatchObject({ sizeGiB: 100, attachment: { deleteOnTermination: true } });
  expect([...(group?.rules ?? [])].sort()).toEqual(
    [12222, 18090, 22, 3260].map((port) => `ingress tcp ${port} 0.0.0.0/0`),
  );
  const [floating] = project.floatingIps.values();
  expect(floating?.portId).toBe(project.portsOf(id)[0]?.id);
  expect(address?.address).toBe(floating?.address);
  expect((await provider.compute.findInstance(id))?.publicAddress).toBe(floating?.address);
});

test("where console and agents reach the network itself, a gateway has its fixed address alone (R-014)", async () => {
  const provider = await open({ gateway: { publicAddress: "none" } });
  await provider.check();

  const id = await makeGateway(provider);
  const address = await provider.network.ensureAddress({
    ...naming("address", "HyperGate"),
    instanceId: id,
  });

  const found = await provider.compute.findInstance(id);
  expect(address).toBeUndefined();
  expect(found?.privateAddress).toBe(cloud.project.portsOf(id)[0]?.address);
  expect(found?.publicAddress).toBeUndefined();
});

test("the image is the edition's: a public one for SaaS, HM_IMG_<date> for standalone, which must be uploaded first (R-006 to R-009, S-01)", async () => {
  const { project } = cloud;
  await (await open()).check();
  const provider = await open({}, "standalone");
  await provider.check();

  project.images.delete(project.imageNamed("HM_IMG_20260101.qcow2").id);
  await expect(provider.check()).rejects.toMatchObject({ code: "gateway.image-missing" });
  project.images.delete(project.imageNamed("Debian 12 (Bookworm) x86_64").id);
  await expect((await open()).check()).rejects.toMatchObject({ code: "gateway.no-image" });
  const old = project.imageNamed("CentOS 7 x86_64").id;
  await expect((await open({ gateway: { image: old } })).check()).rejects.toMatchObject({
    code: "gateway.image-refused",
  });
});

test("a gateway that is too small is refused when the target is checked, the least is not (S-01)", async () => {
  const gateway = { instanceType: "m1.small" };
  await expect((await open({ gateway })).check()).rejects.toMatchObject({
    code: "gateway.too-small",
  });

  await (await open({ gateway: { instanceType: "m1.medium", diskGiB: 40 } })).check();
});

test("where servers may not boot from volumes, a gateway has its flavor's own disk, which must be large enough (S-01)", async () => {
  const gateway = { disk: "flavor", instanceType: "m1.xlarge", keyName: "operators" };
  const id = await makeGateway(await open({ gateway, configDrive: true }));

  const image = cloud.project.imageNamed("Debian 12 (Bookworm) x86_64");
  expect(cloud.project.servers.get(id)).toMatchObject({
    ...{ imageId: image.id, keyName: "operators", configDrive: true },
  });
  expect(cloud.project.volumes.size).toBe(0);
  const small = { ...gateway, instanceType: "v1.large" };
  await expect((await open({ gateway: small })).check()).rejects.toMatchObject({
    code: "cloud.refused",
  });
});

test("a gateway takes 20 volumes beside its own disk and not one more (R-204)", async () => {
  const provider = await open();
  const gateway = await makeGateway(provider);
  const attach = async (n: number) => {
    const order = { ...naming(`v${n}`, `v${n}`), sizeBytes: 1, role: "data" as const };
    const { id } = await provider.volumes.createVolume(order);
    while ((await provider.volumes.findVolume(id))?.state !== "ready");
    await provider.volumes.attachVolume(id, gateway);
    while ((await provider.volumes.findVolume(id))?.device === undefined);
    return cloud.project.volumes.get(id);
  };
  for (let n = 1; n <= 20; n += 1) {
    // A replica never ends with its gateway.
    expect((await attach(n))?.attachment?.deleteOnTermination).toBe(false);
  }

  await expect(attach(21)).rejects.toMatchObject({ code: "cloud.quota-exceeded" });
  expect((await provider.capabilities()).gatewayMaxVolumes).toBe(20);
});

test.each([
  ["a zone of Nova's", { zone: "elsewhere" }, { what: "zone", id: "elsewhere" }],
  ["a zone of Nova's that is out of order", { zone: "under-repair" }, { what: "zone" }],
  [
    "a zone of Cinder's, which has a list of its own",
    { zone: "nova", volumeZone: "under-repair" },
    { what: "volume zone", id: "under-repair" },
  ],
  ["a subnet", { subnetId: "none" }, { what: "subnet", id: "none" }],
  ["a network the subnet is not in", { networkId: "none" }, { what: "subnet of the network" }],
  ["a volume type", { volume: { type: "golden" } }, { what: "volume type", id: "golden" }],
  ["a flavor", { gateway: { instanceType: "m9" } }, { what: "flavor", id: "m9" }],
  ["HyperDoor's image", { hyperDoor: { image: "none" } }, { what: "image", id: "none" }],
])(
  "%s that is not there is named when the target is checked (R-004, S-17)",
  async (_what, change, params) => {
    await expect((await open(change)).check()).rejects.toMatchObject({
      code: "cloud.not-found",
      params,
    });
  },
);

test("of several external networks one must be chosen, and without one a floating address is not expected", async () => {
  const { project } = cloud;
  const other = project.newThing("").id;
  project.otherExternalIds.push(other);

  await expect((await open()).check()).rejects.toMatchObject({
    code: "cloud.refused",
    message: expect.stringContaining(other),
  });
  await (await open({ gateway: { externalNetworkId: other } })).check();
});

test("what a gateway left half made is listed as an address and can be given back", async () => {
  const provider = await open();
  const { id: securityGroupId } = await provider.network.ensureSecurityGroup({
    ...naming("group", "HyperGate"),
    rules: [],
  });
  cloud.calls.fail({ nth: 1, action: "CreateServer", when: "before", how: "error" });
  const order = { ...naming("gateway", "HyperGate"), securityGroupId, bootstrap };
  await expect(provider.compute.createGateway(order)).rejects.toMatchObject({
    code: "cloud.transient",
  });

  const [port] = (await provider.listOwned("gw-1")).filter(({ kind }) => kind === "address");
  expect(port?.name).toBe("gateway");
  await provider.network.releaseAddress(port?.id ?? "");

  expect(cloud.project.ports.size).toBe(0);
});

test("a gateway for which there is no room is refused with the reason", async () => {
  const provider = await open();
  cloud.project.isFull = true;
  const order = { ...naming("gateway", "HyperGate"), bootstrap };
  const { id: securityGroupId } = await provider.network.ensureSecurityGroup({
    ...naming("group", "HyperGate"),
    rules: [],
  });
  const asked = async () => provider.compute.createGateway({ ...order, securityGroupId });
  // Whether the first answer tells it already is a matter of moments.
  await asked().catch(() => undefined);
  const found = () => provider.compute.findInstanceByToken("gateway");
  while ((await found())?.state === "pending");

  expect(await found()).toMatchObject({
    state: "failed",
    problem: expect.stringContaining("No valid host was found"),
  });
  await expect(asked()).rejects.toMatchObject({ code: "cloud.capacity" });
});
