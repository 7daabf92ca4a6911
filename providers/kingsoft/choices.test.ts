import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeKingsoft, startFakeKingsoft } from "#test/clouds/kingsoft/fake-kingsoft.ts";
import { hyperDoorImage, uefiHyperDoorImage } from "#test/clouds/kingsoft/state.ts";
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
  };
  const elsewhere = {
    value: otherSubnetId,
    label: `elsewhere, 127.128.0.0/10, cn-beijing-6b, ${vpcId}`,
    freeAddresses: 4194300,
  };
  expect(subnets).toEqual([here, elsewhere]);
  expect(ofZone).toEqual([here]);
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
