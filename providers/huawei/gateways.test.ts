import { afterEach, beforeEach, expect, test } from "vitest";
import { gatewayPorts } from "#domain/gateway-defaults.ts";
import { gatewayBootstrap } from "#domain/protocol/gateway.ts";
import { type FakeHuawei, startFakeHuawei } from "#test/clouds/huawei/fake-huawei.ts";
import type { Provider } from "../provider.ts";
import { openProvider } from "../registry.ts";

let cloud: FakeHuawei;
beforeEach(async () => {
  cloud = await startFakeHuawei({ delays: { createMs: 1, attachMs: 1, bootMs: 1 } });
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
  gateway: object = {},
  edition: "saas" | "standalone" = "saas",
): Promise<Provider> {
  const config = { ...cloud.target.config, gateway };
  return openProvider("huawei", { config, secrets: cloud.keys, consoleId, edition });
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

test("a gateway is HyperGate: paid by use, of the document's flavor, disk, network, group and address, which is told (R-077 to R-081, R-083 to R-090, R-093, R-010 to R-014)", async () => {
  const { project } = cloud;
  const provider = await open();

  const id = await makeGateway(provider);
  const address = await provider.network.ensureAddress({
    ...naming("address", "HyperGate"),
    instanceId: id,
  });

  const server = project.servers.get(id);
  const [group] = project.groups.values();
  const [disk] = project.volumes.values();
  const [eip] = project.addresses.values();
  expect(server).toMatchObject({
    ...{ name: "HyperGate", flavor: "c3.xlarge.2", chargingMode: 0 },
    ...{ subnetId: project.subnetId, groupIds: [group?.id] },
  });
  expect(disk).toMatchObject({ sizeGiB: 100, type: "SAS" });
  expect([...(group?.rules ?? [])].sort()).toEqual(
    [12222, 18090, 22, 3260].map((port) => `ingress tcp ${port} 0.0.0.0/0`),
  );
  expect(eip).toMatchObject({
    kind: "5_bgp",
    bandwidth: { size: 5, shared: false, billedBy: "traffic" },
  });
  expect(address?.address).toBe(eip?.publicIp);
  expect((await provider.compute.findInstance(id))?.publicAddress).toBe(eip?.publicIp);
});

test("the image is the edition's: a public one for SaaS, HM_IMG_<date> for standalone, which must be imported first (R-006 to R-009, R-082)", async () => {
  const { project } = cloud;
  const nameOf = (id: string) =>
    project.images.get(project.servers.get(id)?.imageId ?? "")?.name ?? "";

  const saas = nameOf(await makeGateway(await open()));
  const provider = await open({}, "standalone");
  await provider.compute.deleteInstance([...project.servers.keys()][0] ?? "");
  while (project.servers.size > 0) await provider.capabilities().then(() => provider.listOwned());
  const standalone = nameOf(await makeGateway(provider));
  for (const image of [...project.images.values()]) {
    if (image.imageType === "private") project.images.delete(image.id);
  }

  expect(saas).toBe("Debian 12.0.0 64bit");
  expect(standalone).toBe("HM_IMG_20260101");
  await expect(provider.check()).rejects.toMatchObject({ code: "gateway.image-missing" });
});

test("a gateway that is too small is refused when the target is checked, the least is not (R-079, R-080, R-083)", async () => {
  await expect((await open({ instanceType: "s6.medium.2" })).check()).rejects.toMatchObject({
    code: "gateway.too-small",
  });
  await expect(open({ diskGiB: 39 })).rejects.toMatchObject({ code: "input.invalid" });

  await (await open({ instanceType: "c3.large.2", diskGiB: 40 })).check();
});

test("where the document's flavor is sold out, the smallest of its size is taken (R-081)", async () => {
  cloud.project.soldOut.add("c3.xlarge.2");

  const id = await makeGateway(await open());

  expect(cloud.project.servers.get(id)?.flavor).toBe("c7.2xlarge.2");
});

test("a key pair may be given for logging in, and none is needed (R-091)", async () => {
  const id = await makeGateway(await open({ keyName: "operators" }));

  expect(cloud.project.servers.get(id)?.keyName).toBe("operators");
});

test("a gateway takes 23 volumes and not one more (R-197)", async () => {
  const provider = await open();
  const gateway = await makeGateway(provider);
  const attach = async (n: number) => {
    const order = { ...naming(`v${n}`, `v${n}`), sizeBytes: 1, role: "data" as const };
    const { id } = await provider.volumes.createVolume(order);
    while ((await provider.volumes.findVolume(id))?.state !== "ready");
    await provider.volumes.attachVolume(id, gateway);
    while ((await provider.volumes.findVolume(id))?.device === undefined);
  };
  for (let n = 1; n <= 23; n += 1) await attach(n);

  await expect(attach(24)).rejects.toMatchObject({ code: "cloud.quota-exceeded" });
  expect((await provider.capabilities()).gatewayMaxVolumes).toBe(23);
});

test("a target whose carriers are made of the gateway's own image is refused", async () => {
  const config = {
    ...cloud.target.config,
    launch: { boot: "swap", shell: { bios: ["debian-12"] } },
  };
  const provider = await openProvider("huawei", { config, secrets: cloud.keys, consoleId });

  await expect(provider.check()).rejects.toMatchObject({ code: "cloud.refused" });
});

test("a zone or a subnet that is not there is named when the target is checked (R-078, R-084, R-193)", async () => {
  const wrong = async (change: object) => {
    const config = { ...cloud.target.config, ...change };
    return (await openProvider("huawei", { config, secrets: cloud.keys, consoleId })).check();
  };

  await expect(wrong({ zone: "cn-north-4z" })).rejects.toMatchObject({
    params: { what: "zone", id: "cn-north-4z" },
  });
  const subnetId = "00000000-0000-4000-8000-000000000000";
  await expect(wrong({ subnetId })).rejects.toMatchObject({
    params: { what: "subnet", id: subnetId },
  });
});
