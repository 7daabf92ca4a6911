import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeAliyun, startFakeAliyun } from "#test/clouds/aliyun/fake-aliyun.ts";
import { hyperDoorImageId } from "#test/clouds/aliyun/state.ts";
import { openProvider } from "../registry.ts";
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
      network: vpcId,
    },
    {
      value: "vsw-bp1elsewhere0elsewhere",
      label: `10.0.128.0/17, cn-hangzhou-b, ${vpcId}`,
      freeAddresses: 12,
      network: vpcId,
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

async function openNetwork() {
  const { config } = fake.target;
  const provider = await openProvider("aliyun", { config, secrets: fake.keys, consoleId: "c" });
  return provider.network;
}

function addVSwitch(id: string, more: Partial<FakeAliyun["account"]["vSwitches"][number]> = {}) {
  const { vSwitches, vpcId, zone } = fake.account;
  vSwitches.push({ ...{ id, name: "", vpcId, zone, cidr: "10.1.0.0/24", free: 7 }, ...more });
}

function addGroup(name: string, more: object = {}) {
  const { account } = fake;
  const about = { vpcId: account.vpcId, description: "", type: "normal", isManaged: false };
  const thing = account.newThing("sg", name, new Map());
  account.groups.set(thing.id, { ...thing, ...about, rules: new Set(), ...more });
  return thing.id;
}

test("a launch can be given the vSwitches of the target's zone in every VPC, with theirs", async () => {
  const { vSwitchId, vpcId } = fake.account;
  const production = "vpc-bp1production0000000";
  addVSwitch("vsw-bp1production0here00", { vpcId: production, name: "web" });
  addVSwitch("vsw-bp1production0there0", { vpcId: production, zone: "cn-hangzhou-b" });

  const subnets = await (await openNetwork()).listSubnets?.();

  expect(subnets).toEqual([
    {
      value: vSwitchId,
      label: `servers, 10.0.0.0/17, cn-hangzhou-h, ${vpcId}`,
      freeAddresses: 4000,
      network: vpcId,
    },
    {
      value: "vsw-bp1production0here00",
      label: `web, 10.1.0.0/24, cn-hangzhou-h, ${production}`,
      freeAddresses: 7,
      network: production,
    },
  ]);
});

test("a launch can be given the groups of every VPC, with theirs, but none of the classic network and none that a product of the platform keeps", async () => {
  const { vpcId } = fake.account;
  const web = addGroup("web", { description: "all web servers" });
  const advanced = addGroup("advanced", { type: "enterprise", vpcId: "vpc-bp1production0000000" });
  addGroup("classic", { vpcId: "" });
  addGroup("nat", { isManaged: true });

  const groups = await (await openNetwork()).listSecurityGroups?.();

  expect(groups).toEqual([
    { value: web, label: `web, all web servers, ${vpcId}`, network: vpcId },
    {
      value: advanced,
      label: "advanced, enterprise, vpc-bp1production0000000",
      network: "vpc-bp1production0000000",
    },
  ]);
});

test("vSwitches and groups of all pages can be given to a launch", async () => {
  const subnetIds: string[] = [fake.account.vSwitchId];
  const groupIds: string[] = [];
  for (let number = 100; number <= 200; number += 1) {
    const id = `vsw-bp1more0more${number}`;
    addVSwitch(id);
    subnetIds.push(id);
    groupIds.push(addGroup(`g${number}`));
  }
  const network = await openNetwork();

  const subnets = await network.listSubnets?.();
  const groups = await network.listSecurityGroups?.();

  expect(subnets?.map(({ value }) => value)).toEqual(subnetIds);
  expect(groups?.map(({ value }) => value)).toEqual(groupIds);
});
