/** What is CTyun's own: over the wire, against the fake, without machines behind it. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { gatewayPorts } from "#domain/gateway-defaults.ts";
import { effectiveLimits } from "#domain/limits/effective.ts";
import { gatewayBootstrap } from "#domain/protocol/gateway.ts";
import {
  type FakeCtyun,
  type FakeCtyunOptions,
  startFakeCtyun,
} from "#test/clouds/ctyun/fake-ctyun.ts";
import type { LaunchSpec, Provider } from "../provider.ts";
import { openProvider } from "../registry.ts";
import { openClient } from "./client.ts";
import { ctyunConfig } from "./config.ts";

const GiB = 1024 ** 3;
const consoleId = "console-1";
const bootstrap = gatewayBootstrap.parse({
  gatewayId: "gw-1",
  consoleUrl: "https://console.invalid",
  enrolmentCode: "not-a-real-code-0000",
  ports: {},
  software: { url: "https://console.invalid/it.tar.gz", sha256: "ab".repeat(32) },
});

let cloud: FakeCtyun;
afterEach(() => cloud.close());

async function open(
  options: FakeCtyunOptions = {},
  change: { config?: object; secrets?: object; edition?: "saas" | "standalone" } = {},
): Promise<Provider> {
  cloud = await startFakeCtyun(options);
  return again(change);
}

function again(change: Parameters<typeof open>[1] = {}): Promise<Provider> {
  return openProvider("ctyun", {
    config: { ...cloud.target.config, ...change.config },
    secrets: { ...cloud.target.credentials, ...change.secrets },
    consoleId,
    ...(change.edition === undefined ? {} : { edition: change.edition }),
  });
}

const naming = (token: string, Name = token) => ({
  token,
  tags: { "hypermotion:console": consoleId, "hypermotion:owner": "srv-1", Name },
});

const newVolume = (provider: Provider, token: string, sizeGiB = 10) =>
  provider.volumes.createVolume({ ...naming(token), sizeBytes: sizeGiB * GiB, role: "data" });

async function newGateway(provider: Provider): Promise<string> {
  const { id: securityGroupId } = await provider.network.ensureSecurityGroup({
    ...naming("group"),
    rules: Object.values(gatewayPorts).map((port) => ({ port, from: ["0.0.0.0/0"] })),
  });
  const order = { ...naming("gateway", "HyperGate"), securityGroupId, bootstrap };
  return (await provider.compute.createGateway(order)).id;
}

async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (let looks = 0; looks < 500; looks += 1) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error("waited in vain");
}

const running = (provider: Provider, id: string) =>
  until(async () => {
    const found = await provider.compute.findInstance(id);
    return found?.state === "running" ? found : undefined;
  });

describe("checking a target", () => {
  test.each([
    ["an access key that is not there", { accessKey: "somebody-else".padEnd(32, "0") }],
    ["a secret that is wrong", { secretKey: "wrong".padEnd(32, "0") }],
  ])("%s is told apart from a missing permission (S-15)", async (_what, secrets) => {
    const provider = await open({}, { secrets });

    await expect(provider.check()).rejects.toMatchObject({ code: "cloud.credentials" });
  });

  test.each([
    ...["ListRegions", "ShowSubnet", "ListFlavor", "ListImage", "DetailImage"],
    ...["ListInstance", "QueryEbsList", "ListEbsSnap", "ListEip", "QuerySecurityGroups"],
  ])("names %s where the key may not call it, before anything is made", async (operation) => {
    const provider = await open();
    cloud.pool.denied.add(operation);

    await expect(provider.check()).rejects.toMatchObject({
      code: "cloud.forbidden",
      params: { action: expect.stringContaining(operation) },
    });
    expect(Object.values(cloud.inventory())).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test.each([
    ["pool", { region: "f".repeat(32) }],
    ["zone", { zone: "cn-elsewhere" }],
    ["subnet", { subnetId: "subnet-0000000000" }],
    ["HyperDoor image", { hyperDoor: { image: "00000000-0000-4000-8000-000000000000" } }],
  ])("a %s that is not there is named (S-15)", async (_what, config) => {
    const provider = await open({}, { config });
    const [id] = Object.values(Object(config).hyperDoor ?? config);

    await expect(provider.check()).rejects.toMatchObject({
      code: "cloud.not-found",
      params: { id },
    });
  });

  test("a target without HyperDoor's image is told what it lacks: no server could be launched there (S-15)", async () => {
    const provider = await open({}, { config: { hyperDoor: undefined } });

    await expect(provider.check()).rejects.toMatchObject({
      code: "cloud.refused",
      params: { problem: expect.stringContaining("hyperDoor.image") },
    });
    expect((await provider.capabilities()).bootStrategies).toEqual({ bios: [], uefi: [] });
  });

  test("a console whose clock is wrong is told so", async () => {
    const provider = await open({ skewMs: 60 * 60_000 });

    await expect(provider.check()).rejects.toMatchObject({ code: "cloud.clock-skew" });
  });

  test("a console anywhere in the world signs with China's clock", async () => {
    const { TZ } = process.env;
    const provider = await open();

    for (const zone of ["America/New_York", "UTC", "Asia/Shanghai", "Pacific/Kiritimati"]) {
      process.env.TZ = zone;
      await provider.check();
    }

    if (TZ === undefined) delete process.env.TZ;
    else process.env.TZ = TZ;
  });
});

describe("what a target can do", () => {
  test.each(["bios", "uefi"] as const)(
    "servers start by HyperDoor's copy only, with the firmware of its %s image",
    async (firmware) => {
      const provider = await open({ firmware });

      const { bootStrategies } = await provider.capabilities();

      expect(bootStrategies).toEqual({ bios: [], uefi: [], [firmware]: ["hyperDoorCopy"] });
    },
  );

  test("the API's eight volumes hold against a larger figure of the operator's own; the document has none (X-27)", async () => {
    const provider = await open();
    const { gatewayMaxVolumes } = await provider.capabilities();
    const change = { name: "gatewayMaxVolumes", value: 20, reason: "as elsewhere", by: "lin" };

    const limits = effectiveLimits({
      platform: "ctyun",
      changes: [{ ...change, at: "2026-01-01T00:00:00.000Z" }],
      cloud: { gatewayMaxVolumes },
    });

    expect(limits.find("gatewayMaxVolumes")).toMatchObject({ cloud: 8, value: 8, from: "cloud" });
    expect(limits.find("gatewayMaxVolumes")?.document).toBeUndefined();
  });

  test("the ninth volume of a gateway is refused, by us and by the cloud", async () => {
    const provider = await open({ delays: { bootMs: 1, attachMs: 1, orderMs: 1 } });
    const gateway = await newGateway(provider);
    await running(provider, gateway);
    for (let n = 0; n < 8; n += 1) {
      const { id } = await newVolume(provider, `v${n}`);
      await provider.volumes.attachVolume(id, gateway);
    }
    const { id } = await newVolume(provider, "ninth");
    const more = await again({ config: { gateway: { maxVolumes: 9 } } });

    for (const one of [provider, more]) {
      await expect(one.volumes.attachVolume(id, gateway)).rejects.toMatchObject({
        code: "cloud.quota-exceeded",
      });
    }
  });

  test("general x86 types that the zone sells are offered, those with GPUs, other processors or nothing left are not", async () => {
    const provider = await open();
    cloud.pool.soldOut.add("id-of-c7.xlarge.2");

    const names = (await provider.compute.listInstanceTypes()).map(({ name }) => name);

    expect(names).toEqual(["s7.small.1", "s7.large.2", "s7.xlarge.2", "m7.xlarge.8"]);
  });

  test("where disks tell nothing of themselves a volume is known by having appeared", async () => {
    const config = { gateway: { device: "difference" } };
    const provider = await open({ delays: { bootMs: 1, attachMs: 1 } }, { config });
    const gateway = await newGateway(provider);
    await running(provider, gateway);
    const { id } = await newVolume(provider, "v");

    await provider.volumes.attachVolume(id, gateway);

    const hanging = await until(async () => {
      const found = await provider.volumes.findVolume(id);
      return found?.attachedTo === gateway ? found : undefined;
    });
    expect(hanging.device).toBeUndefined();
    expect((await provider.capabilities()).deviceMapping).toBe("difference");
  });
});

describe("a target's place", () => {
  test.each([
    ["a pool of one zone, which has no name", { oneZone: true }, {}],
    ["an enterprise project of its own", {}, { projectId: "b3a51cd0a4e34d8cb14d2a1f" }],
  ])("%s: all is made there, found again and given back", async (_what, options, config) => {
    const provider = await open(options, { config });
    await provider.check();

    const gateway = await newGateway(provider);
    await running(provider, gateway);
    const order = { ...naming("address"), instanceId: gateway };
    const address = await provider.network.ensureAddress(order);
    const volume = await newVolume(provider, "v");

    expect(await provider.network.ensureAddress(order)).toEqual(address);
    const listed = (await provider.listOwned("srv-1")).map(({ id }) => id);
    expect(listed).toEqual(expect.arrayContaining([gateway, address?.id, volume.id]));
    await provider.network.releaseAddress(address?.id ?? "");
    expect(cloud.inventory().addresses).toBe(0);
  });
});

describe("gateways", () => {
  test("a gateway is HyperGate: paid by use, in the group's pool and zone, of the document's size, disk, ports and address, which is told (R-114, R-010 to R-013, S-03)", async () => {
    const provider = await open({}, { secrets: { gatewayPassword: "Hyper-Gate-2026" } });

    const id = await newGateway(provider);
    await running(provider, id);
    const address = await provider.network.ensureAddress({ ...naming("address"), instanceId: id });

    const { pool } = cloud;
    const [group] = pool.groups.values();
    const [disk] = pool.disks.values();
    const [eip] = pool.eips.values();
    expect(pool.servers.get(id)).toMatchObject({
      ...{ displayName: "HyperGate", onDemand: true, flavorId: "id-of-c7.xlarge.2" },
      ...{ subnetId: pool.subnetId, groupIds: [group?.id], login: { password: "Hyper-Gate-2026" } },
    });
    expect(disk).toMatchObject({ sizeGiB: 100, type: "SAS", isSystem: true });
    expect(group?.rules.map(({ range, protocol }) => `${protocol} ${range}`)).toEqual(
      [12222, 18090, 3260, 22].map((port) => `TCP ${port}`),
    );
    expect(eip).toMatchObject({ bandwidth: 5, billing: "upflowc", serverId: id });
    expect(address).toEqual({ id: eip?.id, address: eip?.address });
    expect((await provider.compute.findInstance(id))?.publicAddress).toBe(eip?.address);
  });

  test.each(["saas", "standalone"] as const)(
    "the %s edition's gateway is made of a public image that is not for another processor (S-03, X-12)",
    async (edition) => {
      const provider = await open({}, { edition });

      const id = await newGateway(provider);

      const { imageId } = cloud.pool.servers.get(id) ?? {};
      expect(cloud.pool.images.get(imageId ?? "")?.imageName).toBe("Debian 12.2 64位");
    },
  );

  test("a type below the least is refused, one that is sold out is named (R-011, X-05)", async () => {
    const small = await open({}, { config: { gateway: { instanceType: "s7.small.1" } } });
    await expect(small.check()).rejects.toMatchObject({ code: "gateway.too-small" });

    cloud.pool.soldOut.add("id-of-m7.xlarge.8");
    const sold = await again({ config: { gateway: { instanceType: "m7.xlarge.8" } } });
    await expect(sold.check()).rejects.toMatchObject({ code: "cloud.capacity" });
  });

  test("rules that are open already are not opened again", async () => {
    const provider = await open();
    const rules = [{ port: 22, from: ["10.0.0.0/8"] }];
    const order = { ...naming("group"), rules };

    await provider.network.ensureSecurityGroup(order);
    await provider.network.ensureSecurityGroup(order);

    const [group] = cloud.pool.groups.values();
    expect(group?.rules).toHaveLength(1);
  });
});

describe("orders", () => {
  test("an order that is carried out for longer than we wait is found by repeating it, and buys one thing", async () => {
    const provider = await open({ delays: { orderMs: 300 } });
    const before = performance.now();

    const [first, second] = await Promise.all([newVolume(provider, "v"), newVolume(provider, "v")]);

    expect(performance.now() - before).toBeGreaterThan(299);
    expect(second.id).toBe(first.id);
    expect(cloud.inventory().volumes).toBe(1);
  });

  test("an order whose token bought what is deleted since buys another", async () => {
    const provider = await open();
    const first = await newVolume(provider, "v");
    await until(async () =>
      (await provider.volumes.findVolume(first.id))?.state === "ready" ? 1 : undefined,
    );
    await provider.volumes.deleteVolume(first.id);
    await expect(newVolume(provider, "v")).rejects.toMatchObject({ code: "cloud.transient" });
    await until(async () => ((await provider.volumes.findVolume(first.id)) ? undefined : true));

    const second = await newVolume(provider, "v");

    expect(second.id).not.toBe(first.id);
    expect(cloud.inventory().volumes).toBe(1);
  });

  test.each([
    [22, "cloud.payment"],
    [5, "cloud.refused"],
  ])(
    "an order that ends in status %i says why nothing came of it (%s), and can be repeated",
    async (status, code) => {
      const provider = await open();
      cloud.pool.failing.set("id-of-c7.xlarge.2", status);

      await expect(newGateway(provider)).rejects.toMatchObject({
        code,
        params: { problem: expect.stringContaining(`(${status})`) },
      });

      cloud.pool.failing.clear();
      expect(cloud.pool.servers.has(await newGateway(provider))).toBe(true);
      expect(cloud.inventory().instances).toBe(1);
    },
  );
});

describe("launching", () => {
  const launchSpec = (provider: Provider, volumeIds: string[]): Promise<LaunchSpec> =>
    provider.network.ensureSecurityGroup({ ...naming("group"), rules: [] }).then(({ id }) => ({
      ...naming("launch", "web-1"),
      instanceType: "s7.large.2",
      securityGroupId: id,
      firmware: "bios" as const,
      strategy: "hyperDoorCopy" as const,
      imageId: cloud.pool.hyperDoorImageId,
      volumeIds,
      hyperDoor: { systemBytes: 60 * GiB, userData: '{"hyperdoor":1}' },
    }));

  async function launched(provider: Provider, spec: LaunchSpec): Promise<string> {
    return until(async () => {
      const { id, waitsFor } = await provider.compute.launch(spec);
      return waitsFor === undefined ? id : undefined;
    });
  }

  test("HyperDoor's image starts with its orders, a system disk for the copy, and the first volume only", async () => {
    const provider = await open();
    const volumes = [await newVolume(provider, "system", 60), await newVolume(provider, "data")];

    const spec = await launchSpec(
      provider,
      volumes.map(({ id }) => id),
    );
    const id = await launched(provider, spec);

    const { pool } = cloud;
    expect(pool.servers.get(id)).toMatchObject({
      ...{ imageId: pool.hyperDoorImageId, userData: '{"hyperdoor":1}', displayName: "web-1" },
    });
    const disks = [...pool.disks.values()].map(({ sizeGiB, isSystem, serverId }) => ({
      ...{ sizeGiB, isSystem, here: serverId === id },
    }));
    expect(disks).toEqual([
      { sizeGiB: 60, isSystem: false, here: true },
      { sizeGiB: 10, isSystem: false, here: false },
      { sizeGiB: 60, isSystem: true, here: true },
    ]);
  });

  test("a disk under 40 GB is copied to one of 40 GB, the least a system disk has", async () => {
    const provider = await open();
    const { id: volumeId } = await newVolume(provider, "system", 12);
    const spec = await launchSpec(provider, [volumeId]);

    await launched(provider, { ...spec, hyperDoor: { systemBytes: 12 * GiB, userData: "{}" } });

    const system = [...cloud.pool.disks.values()].find(({ isSystem }) => isSystem);
    expect(system?.sizeGiB).toBe(40);
  });

  test("a server can be given its own subnet's address and groups", async () => {
    const provider = await open();
    const { id: volumeId } = await newVolume(provider, "system");
    const spec = await launchSpec(provider, [volumeId]);
    const own = await provider.network.ensureSecurityGroup({ ...naming("own"), rules: [] });
    const network = { securityGroupIds: [own.id], privateAddress: "127.99.1.2" };

    const id = await launched(provider, { ...spec, network });

    expect(cloud.pool.servers.get(id)).toMatchObject({
      ...{ privateAddress: "127.99.1.2", groupIds: [own.id] },
    });
  });

  /** A VPC beside the target's, with a subnet and a group. */
  function addVpc() {
    const { pool } = cloud;
    const subnet = { ...pool.newThing("subnet"), name: "web", cidr: "10.4.0.0/24", free: 250 };
    const group = { ...pool.newThing("sg"), name: "web", vpcId: "vpc-production", rules: [] };
    const vpcId = "vpc-production";
    pool.subnets.set(subnet.id, { ...subnet, type: 0, vpcId, zones: [pool.zone] });
    pool.groups.set(group.id, group);
    return { subnetId: subnet.id, securityGroupIds: [group.id] };
  }

  test("a server can be launched into another VPC than the target's, with a group that holds there", async () => {
    const provider = await open();
    const network = addVpc();
    const { id: volumeId } = await newVolume(provider, "system");
    const spec = await launchSpec(provider, [volumeId]);

    const id = await launched(provider, { ...spec, network });

    expect(cloud.pool.servers.get(id)).toMatchObject({
      ...{ subnetId: network.subnetId, groupIds: network.securityGroupIds },
    });
    const system = await provider.volumes.findVolume(volumeId);
    expect(system?.attachedTo).toBe(id);
  });

  test("a group of another VPC than the subnet's is refused, and nothing is launched", async () => {
    const provider = await open();
    const { securityGroupIds } = addVpc();
    const { id: volumeId } = await newVolume(provider, "system");
    const spec = { ...(await launchSpec(provider, [volumeId])), network: { securityGroupIds } };

    await expect(provider.compute.launch(spec)).rejects.toMatchObject({
      code: "cloud.refused",
      params: { problem: expect.stringContaining(securityGroupIds[0] ?? "") },
    });
    expect(cloud.inventory().instances).toBe(0);
  });

  test.each(["imageFromVolume", "bootFromVolume"] as const)(
    "by %s nothing is launched: CTyun has no such way",
    async (strategy) => {
      const provider = await open();
      const { id: volumeId } = await newVolume(provider, "system");
      const spec = { ...(await launchSpec(provider, [volumeId])), strategy };

      await expect(provider.compute.launch(spec)).rejects.toMatchObject({ code: "cloud.refused" });
      expect(cloud.inventory().instances).toBe(0);
    },
  );

  test("what a launch brought ends with its server, also what hung on it, and nothing else does", async () => {
    const provider = await open();
    const [system, data, other] = [
      await newVolume(provider, "system"),
      await newVolume(provider, "data"),
      await newVolume(provider, "other"),
    ];
    const id = await launched(provider, await launchSpec(provider, [system.id, data.id]));
    await provider.volumes.attachVolume(data.id, id);

    await provider.compute.deleteInstance(id);
    for (const { id: volumeId } of [system, data]) {
      await until(async () => ((await provider.volumes.findVolume(volumeId)) ? undefined : true));
    }

    expect(await provider.compute.findInstance(id)).toBeUndefined();
    expect([...cloud.pool.disks.keys()]).toEqual([other.id]);
  });
});

test("more than one page of volumes is listed", async () => {
  const provider = await open({ delays: { orderMs: 0 } });
  for (let n = 0; n < 51; n += 1) await newVolume(provider, `v${n}`);

  expect(await provider.listOwned("srv-1")).toHaveLength(51);
  expect(await provider.listOwned("srv-2")).toEqual([]);
});

test("calls that come too fast are told apart", async () => {
  const provider = await open();
  cloud.pool.throttled = 1;

  await expect(provider.compute.listInstanceTypes()).rejects.toMatchObject({
    code: "cloud.throttled",
  });
});

test("each product is asked at its own host of CTyun's, through the proxy that the target's settings name", async () => {
  cloud = await startFakeCtyun();
  const seen: string[] = [];
  const proxy = createServer((request, response) => {
    seen.push(request.url ?? "");
    response.end('{"statusCode": "800", "returnObj": {"masterOrderID": "1"}}');
  }).listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const { port } = proxy.address() as AddressInfo;
  proxy.on("connect", (request, socket) => {
    seen.push(request.url ?? "");
    socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
  });
  const config = ctyunConfig.parse({
    ...cloud.target.config,
    endpoints: { ecs: "http://ctecs.example.invalid" },
    proxy: `http://127.0.0.1:${port}`,
  });
  const client = openClient(config, cloud.keys);

  const answer = await client.call("QueryOrderUuid", { masterOrderID: "1" });
  for (const call of ["QueryEbsList", "ShowSubnet", "ListImage"] as const) {
    await expect(client.call(call)).rejects.toThrow();
  }
  proxy.closeAllConnections();
  proxy.close();

  expect(answer).toEqual({ masterOrderID: "1" });
  expect(seen).toEqual([
    "http://ctecs.example.invalid/v4/ecs/order/query-uuid?masterOrderID=1",
    ...["ebs", "ctvpc", "ctimage"].map((name) => `${name}-global.ctapi.ctyun.cn:443`),
  ]);
});
