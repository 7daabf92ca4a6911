import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeAliyun, startFakeAliyun } from "#test/clouds/aliyun/fake-aliyun.ts";
import { hyperDoorImageId } from "#test/clouds/aliyun/state.ts";
import { aliyunChoices } from "./choices.ts";
import type { AliyunSecrets } from "./config.ts";

type Path = keyof typeof aliyunChoices;

let fake: FakeAliyun;

beforeEach(async () => {
  fake = await startFakeAliyun();
});

afterEach(() => fake.close());

/** Where the region is all that was answered, unless told. */
function choicesOf(
  path: Path,
  answers: Record<string, unknown> = { region: fake.account.region },
  secrets: AliyunSecrets = fake.keys,
) {
  const { endpoints } = fake.target.config;
  return aliyunChoices[path]({ config: { endpoints, ...answers }, secrets });
}

test("regions are offered by name before anything is chosen", async () => {
  expect(await choicesOf("region", {})).toEqual([
    { value: "cn-hangzhou", label: "China (Hangzhou)" },
    { value: "cn-shanghai", label: "China (Shanghai)" },
  ]);
});

test("vSwitches are offered with what tells them apart; one without a name, too", async () => {
  const { vSwitchId, vpcId } = fake.account;

  expect(await choicesOf("vSwitchId")).toEqual([
    {
      value: vSwitchId,
      label: `servers, 10.0.0.0/17, cn-hangzhou-h, ${vpcId}`,
      freeAddresses: 4000,
    },
    {
      value: "vsw-bp1elsewhere0elsewhere",
      label: `10.0.128.0/17, cn-hangzhou-b, ${vpcId}`,
      freeAddresses: 12,
    },
  ]);
});

test("a zone that was chosen leaves its vSwitches", async () => {
  const { region, zone, vSwitchId } = fake.account;

  const offered = await choicesOf("vSwitchId", { region, zone });

  expect(offered.map(({ value }) => value)).toEqual([vSwitchId]);
});

test("all vSwitches are offered where there are more than a page", async () => {
  const { vSwitches, vpcId, zone } = fake.account;
  const more = Array.from({ length: 100 }, (_, index) => ({
    ...{
      id: `vsw-bp1more0more${100 + index}`,
      name: "",
      vpcId,
      zone,
      cidr: "10.1.0.0/24",
      free: 1,
    },
  }));
  vSwitches.push(...more);

  const offered = await choicesOf("vSwitchId");

  expect(offered.map(({ value }) => value)).toEqual(vSwitches.map(({ id }) => id));
});

test("zones are offered by name", async () => {
  expect(await choicesOf("zone")).toEqual([
    { value: "cn-hangzhou-b", label: "Hangzhou Zone B" },
    { value: fake.account.zone, label: "Hangzhou Zone H" },
  ]);
});

test("the account's own images are offered for HyperDoor, with the firmware they start by", async () => {
  const offered = await choicesOf("hyperDoor.image");

  expect(offered).toContainEqual({
    value: hyperDoorImageId,
    label: "hyperdoor.qcow2, BIOS, 2026-11-01T00:00:00Z",
  });
  expect(offered.map(({ value }) => value)).toEqual([
    "m-bp1imported0older0000",
    "m-bp1imported0newer0000",
    hyperDoorImageId,
  ]);
});

test.each<Path>(["vSwitchId", "zone", "hyperDoor.image"])(
  "without a region, %s asks for it before it asks the cloud",
  async (path) => {
    await expect(choicesOf(path, {})).rejects.toMatchObject({
      code: "input.invalid",
      params: { problem: "region: must be given" },
    });
    expect(fake.calls.made).toEqual([]);
  },
);

test.each<Path>(["region", "vSwitchId", "zone", "hyperDoor.image"])(
  "with a wrong secret, %s says that the credentials are wrong",
  async (path) => {
    const secrets = { ...fake.keys, accessKeySecret: "another secret" };

    await expect(choicesOf(path, { region: fake.account.region }, secrets)).rejects.toMatchObject({
      code: "cloud.credentials",
    });
  },
);

test("what the credentials may not list is named as forbidden", async () => {
  fake.account.denied.add("DescribeVSwitches");

  await expect(choicesOf("vSwitchId")).rejects.toMatchObject({ code: "cloud.forbidden" });
});
