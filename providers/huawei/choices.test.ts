import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeHuawei, startFakeHuawei } from "#test/clouds/huawei/fake-huawei.ts";
import { hyperDoorImageId } from "#test/clouds/huawei/state.ts";
import { openProvider } from "../registry.ts";
import { pageSize } from "./account.ts";
import { huaweiChoices } from "./choices.ts";

let cloud: FakeHuawei;
beforeEach(async () => {
  cloud = await startFakeHuawei();
});
afterEach(() => cloud.close());

/** Answers of an operator who knows nothing of the target yet but what is given. */
function asking(config: Readonly<Record<string, unknown>> = {}) {
  return { config: { endpoints: cloud.endpoints, ...config }, secrets: cloud.keys };
}

const inRegion = () => asking({ region: cloud.target.config.region });

test("the regions that the key's user has a project in are listed with their names, sub-projects and closed projects left out", async () => {
  const regions = await huaweiChoices.region(asking());

  expect(regions).toEqual([
    { value: cloud.target.config.region, label: "CN North-Beijing4, 华北-北京四" },
    { value: "cn-east-3", label: "CN East-Shanghai1, 华东-上海一" },
  ]);
});

test("before there is a region IAM is asked at its global host", async () => {
  const seen: (string | undefined)[] = [];
  const proxy = createServer().listen(0, "127.0.0.1");
  proxy.on("connect", ({ url }, socket) => {
    seen.push(url);
    socket.destroy();
  });
  await once(proxy, "listening");
  const config = { proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` };

  const asked = huaweiChoices.region({ config, secrets: cloud.keys });
  await expect(asked).rejects.toThrow();
  proxy.close();

  expect(seen).toEqual(["iam.myhuaweicloud.com:443"]);
});

test("a region's zones are listed", async () => {
  const zones = await huaweiChoices.zone(inRegion());

  expect(zones).toEqual([
    { value: cloud.target.config.zone, label: "" },
    { value: "cn-north-4b", label: "" },
  ]);
});

test("a region's subnets are listed by network id, with name, block, zone where they have one, and VPC", async () => {
  const [ours, other] = cloud.project.subnets;

  const subnets = await huaweiChoices.subnetId(inRegion());

  expect(subnets).toEqual([
    {
      value: cloud.target.config.subnetId,
      label: `subnet-default, 127.64.0.0/10, VPC ${ours?.vpcId}`,
      freeAddresses: 4_194_290,
      network: ours?.vpcId,
    },
    {
      value: other?.id,
      label: `subnet-dev, 10.1.0.0/24, cn-north-4b, VPC ${other?.vpcId}`,
      freeAddresses: 251,
      network: other?.vpcId,
    },
  ]);
});

test("more than one page of subnets is listed", async () => {
  const [ours] = cloud.project.subnets;
  if (ours === undefined) throw new Error("the fake has subnets");
  for (let n = 0; n < 500; n += 1) {
    cloud.project.subnets.push({ ...ours, id: cloud.project.newThing("").id });
  }

  const subnets = await huaweiChoices.subnetId(inRegion());

  expect(new Set(subnets.map(({ value }) => value)).size).toBe(502);
});

async function network() {
  const { config } = cloud.target;
  return (await openProvider("huawei", { config, secrets: cloud.keys, consoleId: "c" })).network;
}

/** In the target's VPC. */
function addSubnet(name: string, more: Partial<(typeof cloud.project.subnets)[number]> = {}) {
  const { vpcId } = cloud.project;
  const about = { cidr: "10.2.0.0/24", zone: "", vpcId, freeAddresses: 7 };
  const subnet = { ...about, id: cloud.project.newThing("").id, name, ...more };
  cloud.project.subnets.push(subnet);
  return subnet.id;
}

function addGroup(name: string, description = "") {
  const group = { ...cloud.project.newThing(name), description, rules: new Set<string>() };
  cloud.project.groups.set(group.id, group);
  return group.id;
}

test("a launch can be given the subnets of every VPC but those that are for another zone only, and every group of the project", async () => {
  const { zone, vpcId, subnetId } = cloud.project;
  const elsewhere = addSubnet("made-elsewhere", { zone: "cn-north-4b" });
  const here = addSubnet("for-here", { zone, onlyZone: zone });
  addSubnet("for-there", { zone: "cn-north-4b", onlyZone: "cn-north-4b" });
  const web = addGroup("web", "all web servers");
  const plain = addGroup("plain");
  const { listSubnets, listSecurityGroups } = await network();

  const subnets = await listSubnets?.();
  const groups = await listSecurityGroups?.();

  const [, dev] = cloud.project.subnets;
  const about = { freeAddresses: 7, network: vpcId };
  expect(subnets).toEqual([
    {
      ...{ value: subnetId, label: `subnet-default, 127.64.0.0/10, VPC ${vpcId}` },
      ...{ freeAddresses: 4_194_290, network: vpcId },
    },
    {
      ...{ value: dev?.id, label: `subnet-dev, 10.1.0.0/24, cn-north-4b, VPC ${dev?.vpcId}` },
      ...{ freeAddresses: 251, network: dev?.vpcId },
    },
    {
      ...{ value: elsewhere, label: `made-elsewhere, 10.2.0.0/24, cn-north-4b, VPC ${vpcId}` },
      ...about,
    },
    { value: here, label: `for-here, 10.2.0.0/24, ${zone}, VPC ${vpcId}`, ...about },
  ]);
  expect(groups).toEqual([
    { value: web, label: "web, all web servers" },
    { value: plain, label: "plain" },
  ]);
});

test("the target's own subnet is listed whatever it is said to be for", async () => {
  const [own, other] = cloud.project.subnets;
  if (own === undefined || other === undefined) throw new Error("the fake has two subnets");
  const onlyZone = "az0.dc0";
  cloud.project.subnets.splice(0, 2, { ...own, onlyZone }, { ...other, onlyZone });

  const subnets = await (await network()).listSubnets?.();

  expect(subnets?.map(({ value }) => value)).toEqual([cloud.project.subnetId]);
});

test("subnets and groups of all pages can be given to a launch", async () => {
  const subnetIds = cloud.project.subnets.map(({ id }) => id);
  const groupIds: string[] = [];
  for (let n = 0; n <= pageSize; n += 1) {
    subnetIds.push(addSubnet(`s-${n}`));
    groupIds.push(addGroup(`g-${n}`));
  }
  const { listSubnets, listSecurityGroups } = await network();

  const subnets = await listSubnets?.();
  const groups = await listSecurityGroups?.();

  expect(subnets?.map(({ value }) => value)).toEqual(subnetIds);
  expect(groups?.map(({ value }) => value)).toEqual(groupIds);
});

test("of images only the account's own are listed, with the firmware they start with and their age", async () => {
  const images = await huaweiChoices["hyperDoor.image"](inRegion());

  expect(images).toEqual([
    { value: expect.any(String), label: "HM_IMG_20260101, bios, 2026-01-01T00:00:00Z" },
    { value: hyperDoorImageId, label: "HyperDoor, bios, 2026-01-02T00:00:00Z" },
  ]);
});

test("without a region nothing in it is asked for", async () => {
  for (const path of ["zone", "subnetId", "hyperDoor.image"] as const) {
    await expect(huaweiChoices[path](asking())).rejects.toMatchObject({
      code: "input.invalid",
      params: { problem: "region: must be given" },
    });
  }

  expect(cloud.calls.made).toEqual([]);
});

test("wrong credentials are named as such, and a missing right too", async () => {
  const secrets = { ...cloud.keys, secretAccessKey: "another" };
  await expect(huaweiChoices.region({ ...asking(), secrets })).rejects.toMatchObject({
    code: "cloud.credentials",
  });

  cloud.project.denied.add("ListSubnets");
  await expect(huaweiChoices.subnetId(inRegion())).rejects.toMatchObject({
    code: "cloud.forbidden",
  });
});
