import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeHuawei, startFakeHuawei } from "#test/clouds/huawei/fake-huawei.ts";
import { hyperDoorImageId } from "#test/clouds/huawei/state.ts";
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
    },
    {
      value: other?.id,
      label: `subnet-dev, 10.1.0.0/24, cn-north-4b, VPC ${other?.vpcId}`,
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
