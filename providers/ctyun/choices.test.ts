/** Over the wire, against the fake: what an operator is offered who has a key and no target yet. */
import { afterEach, expect, test } from "vitest";
import {
  type FakeCtyun,
  type FakeCtyunOptions,
  startFakeCtyun,
} from "#test/clouds/ctyun/fake-ctyun.ts";
import type { Subnet } from "#test/clouds/ctyun/state.ts";
import { openProvider } from "../registry.ts";
import { ctyunChoices } from "./choices.ts";

let cloud: FakeCtyun;
afterEach(() => cloud.close());

type Path = keyof typeof ctyunChoices;

async function open(options: FakeCtyunOptions = {}): Promise<void> {
  cloud = await startFakeCtyun(options);
}

/** By what was answered so far, beside where the fake is. */
function choices(path: Path, config: object = {}, secrets: object = {}) {
  const { endpoints } = cloud.target.config;
  return ctyunChoices[path]({
    config: { endpoints, ...config },
    secrets: { ...cloud.keys, ...secrets },
  });
}

const inPool = () => ({ region: cloud.pool.regionId });

test("the pools of the account are listed before anything is answered, without those that have no API", async () => {
  await open();

  await expect(choices("region")).resolves.toEqual([
    { value: "200000001852", label: "内蒙演示, 内蒙古" },
    { value: cloud.target.config.region, label: "华东1, 江苏" },
  ]);
});

test("the zones of a pool are listed by the names that the console shows", async () => {
  await open();

  await expect(choices("zone", inPool())).resolves.toEqual([
    { value: cloud.target.config.zone, label: "可用区1" },
    { value: "cn-huadong1-jsnj2A-public-ctcloud", label: "可用区2" },
  ]);
});

test("a pool of one zone has the zone that is called default", async () => {
  await open({ oneZone: true });

  await expect(choices("zone", inPool())).resolves.toEqual([{ value: "default", label: "" }]);
});

test("the zones of a pool that the account has not are no list", async () => {
  await open();

  await expect(choices("zone", { region: "elsewhere" })).rejects.toMatchObject({
    code: "cloud.not-found",
    params: { id: "elsewhere" },
  });
});

test("the subnets of a pool are listed, without those for bare metal", async () => {
  await open();
  const { vpcId, zone } = cloud.pool;

  const found = await choices("subnetId", inPool());

  expect(found).toEqual([
    {
      value: cloud.target.config.subnetId,
      label: `servers, 127.0.0.0/8, ${zone}, ${vpcId}`,
      freeAddresses: 16000,
      network: vpcId,
    },
    {
      value: expect.stringMatching(/^subnet-/),
      label: `databases, 10.2.0.0/24, ${zone}, ${vpcId}`,
      freeAddresses: 7,
      network: vpcId,
    },
  ]);
});

/** In the target's VPC and zone. */
function addSubnet(id: string, more: Partial<Subnet> = {}): void {
  const { vpcId, zone, subnets } = cloud.pool;
  const about = { name: id, cidr: "10.3.0.0/24", free: 250, type: 0 } as const;
  subnets.set(id, { id, vpcId, zones: [zone], ...about, ...more });
}

/** In the target's VPC. */
function addGroup(id: string, more: { vpcId?: string; description?: string } = {}): void {
  const { vpcId, groups } = cloud.pool;
  groups.set(id, { id, name: id, shownAt: 0, vpcId, rules: [], ...more });
}

async function network() {
  const { config } = cloud.target;
  return (await openProvider("ctyun", { config, secrets: cloud.keys, consoleId: "c" })).network;
}

test("subnets beyond the first page are listed too", async () => {
  await open();
  for (let at = 0; at < 60; at += 1) {
    addSubnet(`subnet-more${at}`);
  }

  const found = await choices("subnetId", inPool());

  expect(new Set(found.map(({ value }) => value)).size).toBe(62);
});

test("a launch can be given the subnets of every VPC that the target's zone is in, and not those for bare metal", async () => {
  await open();
  const { pool } = cloud;
  const { vpcId, zone, zones, subnetId } = pool;
  const [, elsewhere = ""] = zones;
  pool.subnets.set(subnetId, {
    ...{ id: subnetId, name: "servers", cidr: "127.0.0.0/8", free: 16_000, type: 0, vpcId },
    // The target's own is listed whatever it is shown with.
    zones: [elsewhere],
  });
  addSubnet("subnet-production", { vpcId: "vpc-production" });
  addSubnet("subnet-everywhere", { zones });
  addSubnet("subnet-no-zone", { zones: [] });
  addSubnet("subnet-elsewhere", { zones: [elsewhere] });
  addSubnet("subnet-metal", { type: 1 });

  const subnets = await (await network()).listSubnets?.();

  expect(subnets).toEqual([
    {
      value: subnetId,
      label: `servers, 127.0.0.0/8, ${elsewhere}, ${vpcId}`,
      freeAddresses: 16_000,
      network: vpcId,
    },
    {
      value: expect.stringMatching(/^subnet-/),
      label: `databases, 10.2.0.0/24, ${zone}, ${vpcId}`,
      freeAddresses: 7,
      network: vpcId,
    },
    {
      value: "subnet-production",
      label: `subnet-production, 10.3.0.0/24, ${zone}, vpc-production`,
      freeAddresses: 250,
      network: "vpc-production",
    },
    {
      value: "subnet-everywhere",
      label: `subnet-everywhere, 10.3.0.0/24, ${zone}, ${elsewhere}, ${vpcId}`,
      freeAddresses: 250,
      network: vpcId,
    },
    {
      value: "subnet-no-zone",
      label: `subnet-no-zone, 10.3.0.0/24, ${vpcId}`,
      freeAddresses: 250,
      network: vpcId,
    },
  ]);
});

test("in a pool of one zone no subnet is left out by what it calls its zone", async () => {
  await open({ oneZone: true });
  addSubnet("subnet-az1", { zones: ["az1"] });

  const subnets = await (await network()).listSubnets?.();

  expect(subnets?.map(({ value }) => value)).toContain("subnet-az1");
});

test("a launch can be given the groups of every VPC, each with the one that it holds in", async () => {
  await open();
  const { vpcId } = cloud.pool;
  addGroup("sg-web", { description: "all web servers" });
  addGroup("sg-production", { vpcId: "vpc-production" });
  // A pool that tells no VPC of a group.
  addGroup("sg-plain", { vpcId: "" });

  const groups = await (await network()).listSecurityGroups?.();

  expect(groups).toEqual([
    { value: "sg-web", label: `sg-web, all web servers, ${vpcId}`, network: vpcId },
    {
      value: "sg-production",
      label: "sg-production, vpc-production",
      network: "vpc-production",
    },
    { value: "sg-plain", label: "sg-plain", network: undefined },
  ]);
});

test("subnets and groups of all pages can be given to a launch", async () => {
  await open();
  const ids = Array.from({ length: 51 }, (_, at) => `n${at}`);
  for (const id of ids) {
    addSubnet(`subnet-${id}`);
    addGroup(`sg-${id}`);
  }
  const { listSubnets, listSecurityGroups } = await network();

  const subnets = await listSubnets?.();
  const groups = await listSecurityGroups?.();

  expect(subnets?.slice(2).map(({ value }) => value)).toEqual(ids.map((id) => `subnet-${id}`));
  expect(groups?.map(({ value }) => value)).toEqual(ids.map((id) => `sg-${id}`));
});

test.each([
  ["listSubnets", "NewSubnetList"],
  ["listSecurityGroups", "QuerySecurityGroups"],
] as const)("%s by a key that may not names %s", async (method, operation) => {
  await open();
  cloud.pool.denied.add(operation);

  await expect((await network())[method]?.()).rejects.toMatchObject({
    code: "cloud.forbidden",
    params: { action: expect.stringContaining(operation) },
  });
});

test.each([
  ["a pool of several", {}],
  ["a pool of one", { oneZone: true }],
])(
  "the account's own images are listed without a zone in %s, with the firmware that servers start with",
  async (_what, options) => {
    await open({ firmware: "uefi", ...options });

    await expect(choices("hyperDoor.image", inPool())).resolves.toEqual([
      { value: cloud.pool.hyperDoorImageId, label: "HyperDoor-linux, uefi, 5 GiB" },
    ]);
  },
);

test.each(["zone", "subnetId", "hyperDoor.image"] as const)(
  "%s without a region names the region, and asks nothing",
  async (path) => {
    await open();

    await expect(choices(path)).rejects.toMatchObject({
      code: "input.invalid",
      params: { problem: "region: must be given" },
    });
    expect(cloud.calls.made).toEqual([]);
  },
);

test.each(Object.keys(ctyunChoices) as Path[])("%s by a wrong key says so", async (path) => {
  await open();

  await expect(
    choices(path, inPool(), { secretKey: "wrong".padEnd(32, "0") }),
  ).rejects.toMatchObject({ code: "cloud.credentials" });
});

test.each([
  ["region", "ListRegions"],
  ["zone", "QueryZonesInRegion"],
  ["subnetId", "NewSubnetList"],
  ["hyperDoor.image", "ListImage"],
] as const)("%s by a key that may not list them names %s", async (path, operation) => {
  await open();
  cloud.pool.denied.add(operation);

  await expect(choices(path, inPool())).rejects.toMatchObject({
    code: "cloud.forbidden",
    params: { action: expect.stringContaining(operation) },
  });
});
