import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeAws, startFakeAws } from "#test/clouds/aws/fake-aws.ts";
import { openProvider } from "../registry.ts";
import { awsChoices } from "./choices.ts";

let cloud: FakeAws;
beforeEach(async () => {
  cloud = await startFakeAws();
});
afterEach(() => cloud.close());

/** An operator's answers before the region: where AWS is, and who asks. */
function asking(config: Readonly<Record<string, unknown>> = {}) {
  const { endpoints } = cloud.target.config;
  return { config: { endpoints, ...config }, secrets: cloud.target.credentials };
}

test("the regions that the account may use are listed with their geography", async () => {
  const regions = await awsChoices.region(asking());

  expect(regions).toEqual([
    { value: cloud.target.config.region, label: "Germany" },
    { value: "us-east-1", label: "United States of America" },
  ]);
});

test("a region's subnets are listed with name, block, zone, VPC and free addresses", async () => {
  const subnets = await awsChoices.subnetId(asking({ region: "eu-central-1" }));

  expect(subnets).toEqual([
    {
      value: cloud.target.config.subnetId,
      label: "servers, 10.0.0.0/17, eu-central-1a, vpc-0a1b2c3d4e5f60718",
      freeAddresses: 4000,
      network: "vpc-0a1b2c3d4e5f60718",
    },
    {
      value: "subnet-0b1b2c3d4e5f60718",
      label: "10.0.128.0/17, eu-central-1b, vpc-0a1b2c3d4e5f60718",
      freeAddresses: 32763,
      network: "vpc-0a1b2c3d4e5f60718",
    },
  ]);
});

test("subnets that don't fit one page are all listed", async () => {
  const [, other] = cloud.account.subnets;
  if (other === undefined) throw new Error("the fake has two subnets");
  for (let index = 0; index < 1000; index += 1) {
    cloud.account.subnets.push({ ...other, id: `subnet-${String(index).padStart(17, "0")}` });
  }

  const subnets = await awsChoices.subnetId(asking({ region: "eu-central-1" }));

  expect(new Set(subnets.map(({ value }) => value)).size).toBe(1002);
});

test("subnets are not asked for before the region is known", async () => {
  await expect(awsChoices.subnetId(asking())).rejects.toMatchObject({
    code: "input.invalid",
    message: expect.stringContaining("region: must be given"),
  });

  expect(cloud.calls.made).toEqual([]);
});

test("wrong credentials are named as such", async () => {
  const secrets = { ...cloud.keys, secretAccessKey: "wrong" };

  await expect(awsChoices.region({ ...asking(), secrets })).rejects.toMatchObject({
    code: "cloud.credentials",
  });
});

test("what the identity may not list is named", async () => {
  cloud.account.denied.add("DescribeRegions");

  await expect(awsChoices.region(asking())).rejects.toMatchObject({
    code: "cloud.forbidden",
    params: { platform: "aws", action: "ec2:DescribeRegions" },
  });
});

test("a launch can be given subnets of the target's zone, in whichever VPC, and groups with theirs", async () => {
  const { config, credentials } = cloud.target;
  const { account } = cloud;
  const [own] = account.subnets;
  if (own === undefined) throw new Error("the fake has two subnets");
  account.subnets.push({ ...own, id: "subnet-0d1b2c3d4e5f60718", vpcId: "vpc-0f1b2c3d4e5f60718" });
  const { network } = await openProvider("aws", {
    ...{ config, secrets: credentials, consoleId: "c" },
  });
  const tags = { "hypermotion:console": "c", "hypermotion:owner": "o", Name: "hyper" };
  const { id } = await network.ensureSecurityGroup({ token: "t", tags, rules: [] });
  const foreign = account.newThing("sg", new Map());
  const group = [...account.groups.values()][0];
  if (group === undefined) throw new Error("a group was made");
  account.groups.set(foreign.id, { ...group, ...foreign, vpcId: "vpc-0f1b2c3d4e5f60718" });

  const subnets = await network.listSubnets?.();
  const groups = await network.listSecurityGroups?.();

  expect(subnets).toEqual([
    {
      value: config.subnetId,
      label: "servers, 10.0.0.0/17, eu-central-1a, vpc-0a1b2c3d4e5f60718",
      freeAddresses: 4000,
      network: "vpc-0a1b2c3d4e5f60718",
    },
    {
      value: "subnet-0d1b2c3d4e5f60718",
      label: "servers, 10.0.0.0/17, eu-central-1a, vpc-0f1b2c3d4e5f60718",
      freeAddresses: 4000,
      network: "vpc-0f1b2c3d4e5f60718",
    },
  ]);
  const [ownVpc, otherVpc] = ["vpc-0a1b2c3d4e5f60718", "vpc-0f1b2c3d4e5f60718"];
  expect(groups).toEqual([
    { value: id, label: `hyper, t, HyperMotion, ${ownVpc}`, network: ownVpc },
    { value: foreign.id, label: `t, HyperMotion, ${otherVpc}`, network: otherVpc },
  ]);
});
