import { afterEach, expect, test } from "vitest";
import { type FakeTencent, startFakeTencent } from "#test/clouds/tencent/fake-tencent.ts";
import { hyperDoorImage } from "#test/clouds/tencent/state.ts";
import { listChoices, openProvider } from "../registry.ts";

let cloud: FakeTencent;

afterEach(() => cloud.close());

async function list(path: string, without: readonly string[] = [], secrets = {}) {
  cloud = await startFakeTencent();
  const config = { ...cloud.target.config };
  for (const name of without) delete config[name];
  return listChoices("tencent", path, {
    config,
    secrets: { ...cloud.target.credentials, ...secrets },
  });
}

test("regions that are open are listed before any is chosen", async () => {
  expect(await list("region", ["region", "subnetId"])).toEqual([
    { value: "ap-guangzhou", label: "South China (Guangzhou)" },
    { value: "ap-shanghai", label: "East China (Shanghai)" },
  ]);
});

test("subnets are listed with what helps to choose one", async () => {
  const [subnet, ...others] = await list("subnetId", ["subnetId"]);

  expect(others).toEqual([]);
  expect(subnet).toEqual({
    value: cloud.target.config.subnetId,
    label: `servers, 127.77.0.0/16, ap-guangzhou-6, ${cloud.account.vpcId}`,
    freeAddresses: 60000,
    network: cloud.account.vpcId,
  });
});

test("the account's own images are what HyperDoor's can be", async () => {
  const images = await list("hyperDoor.image");

  expect(images.map(({ value }) => value)).toContain(hyperDoorImage);
  expect(images.every(({ value }) => !cloud.account.images.get(value)?.isPublic)).toBe(true);
});

test("images are listed while only HyperDoor's key is known", async () => {
  cloud = await startFakeTencent();
  const { config, credentials: secrets } = cloud.target;
  const hyperDoor = { sshKey: "ssh-ed25519 AAAA" };

  const images = await listChoices("tencent", "hyperDoor.image", {
    ...{ config: { ...config, hyperDoor }, secrets },
  });

  expect(images.length).toBeGreaterThan(0);
});

test("a region that is not known yet is asked for before Tencent is, and wrong keys are told", async () => {
  await expect(list("subnetId", ["region", "subnetId"])).rejects.toMatchObject({
    ...{ code: "input.invalid", params: { problem: "region: must be given" } },
  });
  expect(cloud.calls.made).toEqual([]);
  await cloud.close();
  await expect(list("region", [], { secretKey: "a-wrong-secret-key-00" })).rejects.toMatchObject({
    code: "cloud.credentials",
  });
});

test("of another setting nothing lists what it can be, and those that can are named", async () => {
  await expect(list("zone")).rejects.toMatchObject({
    params: {
      where: "zone",
      problem:
        "nothing lists what it can be; there are choices of region, subnetId, hyperDoor.image, gateway.instanceType",
    },
  });
});

type Subnet = FakeTencent["account"]["subnets"][number];

function addSubnet(id: string, more: Partial<Subnet> = {}) {
  const { subnets, vpcId, zone } = cloud.account;
  subnets.push({
    ...{ id, name: "web", vpcId, zone, cidr: "127.78.0.0/16", free: 7, tags: [] },
    ...more,
  });
}

function addGroup(name: string, description = "") {
  const { account } = cloud;
  const thing = account.newThing("sg", []);
  const about = { name, description, rules: [], heldUntil: Number.NEGATIVE_INFINITY };
  account.groups.set(thing.id, { ...thing, ...about });
  return thing.id;
}

async function openNetwork() {
  const { config, credentials: secrets } = cloud.target;
  return (await openProvider("tencent", { config, secrets, consoleId: "c" })).network;
}

test("a launch can be given the subnets of the target's zone in every VPC, with theirs, and the region's groups", async () => {
  cloud = await startFakeTencent();
  const { subnetId, vpcId } = cloud.account;
  addSubnet("subnet-producti", { vpcId: "vpc-b1b2c3d4" });
  addSubnet("subnet-elsewher", { zone: "ap-guangzhou-7" });
  addSubnet("subnet-andthere", { zone: "ap-guangzhou-7", vpcId: "vpc-b1b2c3d4" });
  const web = addGroup("web", "all web servers");
  const plain = addGroup("plain");
  const network = await openNetwork();

  const subnets = await network.listSubnets?.();
  const groups = await network.listSecurityGroups?.();

  expect(subnets).toEqual([
    {
      value: subnetId,
      label: `servers, 127.77.0.0/16, ap-guangzhou-6, ${vpcId}`,
      freeAddresses: 60000,
      network: vpcId,
    },
    {
      value: "subnet-producti",
      label: "web, 127.78.0.0/16, ap-guangzhou-6, vpc-b1b2c3d4",
      freeAddresses: 7,
      network: "vpc-b1b2c3d4",
    },
  ]);
  expect(groups).toEqual([
    { value: web, label: "web, all web servers" },
    { value: plain, label: "plain" },
  ]);
});

test("subnets and groups of all pages can be given to a launch", async () => {
  cloud = await startFakeTencent();
  const subnetIds: string[] = [cloud.account.subnetId];
  const groupIds: string[] = [];
  for (let number = 100; number <= 200; number += 1) {
    const id = `subnet-more0${number}`;
    addSubnet(id);
    subnetIds.push(id);
    groupIds.push(addGroup(`g${number}`));
  }
  const network = await openNetwork();

  const subnets = await network.listSubnets?.();
  const groups = await network.listSecurityGroups?.();

  expect(subnets?.map(({ value }) => value)).toEqual(subnetIds);
  expect(groups?.map(({ value }) => value)).toEqual(groupIds);
});
