import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeKingsoft, startFakeKingsoft } from "#test/clouds/kingsoft/fake-kingsoft.ts";
import {
  type Group,
  hyperDoorImage,
  type Subnet,
  uefiHyperDoorImage,
} from "#test/clouds/kingsoft/state.ts";
import { openProvider } from "../registry.ts";
import { kingsoftChoices } from "./choices.ts";

let cloud: FakeKingsoft;
beforeEach(async () => {
  cloud = await startFakeKingsoft();
});
afterEach(() => cloud.close());

async function list(
  path: keyof typeof kingsoftChoices,
  config: Readonly<Record<string, unknown>>,
  credentials: object = {},
) {
  const { endpoints } = cloud.target.config;
  const secrets = { ...cloud.keys, ...credentials };
  return kingsoftChoices[path]({ config: { endpoints, ...config }, secrets });
}

async function openNetwork() {
  const { config, credentials: secrets } = cloud.target;
  return (await openProvider("kingsoft", { config, secrets, consoleId: "c" })).network;
}

const otherVpcId = "6f8b1b0a-2d3c-4a5e-9f10-1a2b3c4d5e70";

/** In the target's VPC and zone, and for instances, unless told otherwise. */
function addSubnet(name: string, change: Partial<Subnet> = {}): string {
  const { vpcId, zone, subnets } = cloud.account;
  const id = randomUUID();
  subnets.push({ ...{ id, name, type: "Normal", vpcId, zone }, ...change });
  return id;
}

function addGroup(name: string, change: Partial<Group> = {}): string {
  const { account } = cloud;
  const { vpcId } = account;
  const group = { ...account.newThing(name), ...{ description: "", vpcId, entries: new Map() } };
  account.groups.set(group.id, { ...group, ...change });
  return group.id;
}

test("regions are listed before one is known, and the zones of the one that was chosen", async () => {
  const { region, zone } = cloud.account;

  const regions = await list("region", {});
  const zones = await list("zone", { region });

  expect(regions).toEqual([
    { value: region, label: "华北1（北京）" },
    { value: "cn-shanghai-2", label: "华东1（上海）" },
  ]);
  expect(zones).toEqual([
    { value: zone, label: "" },
    { value: "cn-beijing-6b", label: "" },
  ]);
});

test("subnets are those that take instances, with block, zone, VPC and free addresses", async () => {
  const { region, zone, subnetId, otherSubnetId, vpcId } = cloud.account;

  const subnets = await list("subnetId", { region });
  const ofZone = await list("subnetId", { region, zone });

  const here = {
    value: subnetId,
    label: `servers, 127.128.0.0/10, cn-beijing-6a, ${vpcId}`,
    freeAddresses: 4194300,
    network: vpcId,
  };
  const elsewhere = {
    value: otherSubnetId,
    label: `elsewhere, 127.128.0.0/10, cn-beijing-6b, ${vpcId}`,
    freeAddresses: 4194300,
    network: vpcId,
  };
  expect(subnets).toEqual([here, elsewhere]);
  expect(ofZone).toEqual([here]);
});

test("a launch can be given the subnets of the target's zone that take instances, in every VPC, and groups with theirs", async () => {
  const { subnetId, vpcId, otherZone } = cloud.account;
  const inOther = addSubnet("elsewhere", { vpcId: otherVpcId });
  addSubnet("afar", { zone: otherZone });
  addSubnet("metal", { type: "Physical" });
  const second = addSubnet("more");
  const foreign = addGroup("foreign", { vpcId: otherVpcId });
  const plain = addGroup("plain");
  const described = addGroup("web", { description: "all web servers" });
  const network = await openNetwork();

  const subnets = await network.listSubnets?.();
  const groups = await network.listSecurityGroups?.();

  const about = { freeAddresses: 4194300, network: vpcId };
  const place = `127.128.0.0/10, cn-beijing-6a, ${vpcId}`;
  expect(subnets).toEqual([
    { value: subnetId, label: `servers, ${place}`, ...about },
    {
      ...{ value: inOther, label: `elsewhere, 127.128.0.0/10, cn-beijing-6a, ${otherVpcId}` },
      ...{ ...about, network: otherVpcId },
    },
    { value: second, label: `more, ${place}`, ...about },
  ]);
  expect(groups).toEqual([
    { value: foreign, label: `foreign, ${otherVpcId}`, network: otherVpcId },
    { value: plain, label: `plain, ${vpcId}`, network: vpcId },
    { value: described, label: `web, all web servers, ${vpcId}`, network: vpcId },
  ]);
});

test("subnets and groups of all pages are listed", async () => {
  const { region, subnetId, otherSubnetId } = cloud.account;
  const numbers = Array.from({ length: 105 }, (_, index) => index);
  const subnetIds = numbers.map((number) => addSubnet(`s-${number}`));
  const groupIds = numbers.map((number) => addGroup(`g-${number}`));
  const network = await openNetwork();

  const choices = await list("subnetId", { region });
  const subnets = await network.listSubnets?.();
  const groups = await network.listSecurityGroups?.();

  expect(choices.map(({ value }) => value)).toEqual([subnetId, otherSubnetId, ...subnetIds]);
  expect(subnets?.map(({ value }) => value)).toEqual([subnetId, ...subnetIds]);
  expect(groups?.map(({ value }) => value)).toEqual(groupIds);
});

test("images for HyperDoor are the account's own, with the firmware they start by", async () => {
  const { region } = cloud.account;

  const images = await list("hyperDoor.image", { region });

  expect(images).toEqual([
    { value: expect.any(String), label: "HM_IMG_20260131.qcow2, BIOS, 20 GB" },
    { value: expect.any(String), label: "HM_IMG_20261001.qcow2, BIOS, 20 GB" },
    { value: hyperDoorImage, label: "HyperDoor_20261001, BIOS, 20 GB" },
    { value: uefiHyperDoorImage, label: "HyperDoor_UEFI, UEFI, 20 GB" },
  ]);
});

test("a region that is missing is named before anything is asked", async () => {
  for (const path of ["subnetId", "zone", "hyperDoor.image"] as const) {
    await expect(list(path, {})).rejects.toMatchObject({
      code: "input.invalid",
      params: { where: "config", problem: "region: must be given" },
    });
  }
  expect(cloud.calls.made).toEqual([]);
});

test("wrong keys and a missing permission come out in the cloud's terms", async () => {
  const { region } = cloud.account;

  await expect(list("region", {}, { secretKey: "another" })).rejects.toMatchObject({
    code: "cloud.credentials",
  });

  cloud.account.denied.add("DescribeAvailabilityZones");
  await expect(list("zone", { region })).rejects.toMatchObject({
    code: "cloud.forbidden",
    params: { action: "vpc:DescribeAvailabilityZones" },
  });
});
