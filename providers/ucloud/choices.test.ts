import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeUCloud, startFakeUCloud } from "#test/clouds/ucloud/fake-ucloud.ts";
import { hyperDoorImageId } from "#test/clouds/ucloud/state.ts";
import { openProvider } from "../registry.ts";
import { ucloudChoices } from "./choices.ts";
import { ucloudSecrets } from "./config.ts";

let fake: FakeUCloud;
beforeEach(async () => {
  fake = await startFakeUCloud();
});
afterEach(() => fake.close());

async function list(
  path: keyof typeof ucloudChoices,
  config: Readonly<Record<string, unknown>>,
  credentials: object = {},
) {
  const secrets = ucloudSecrets.parse({ ...fake.target.credentials, ...credentials });
  return ucloudChoices[path]({ config: { endpoint: fake.url, ...config }, secrets });
}

test("regions are listed once each, and the zones of the one that was chosen", async () => {
  const { region, zone } = fake.project;

  const regions = await list("region", {});
  const zones = await list("zone", { region });

  expect(regions).toEqual([
    { value: region, label: "华北一" },
    { value: "hk", label: "香港" },
  ]);
  expect(zones).toEqual([
    { value: zone, label: "华北一" },
    { value: "cn-bj2-04", label: "华北一" },
  ]);
});

test("projects are listed before one is known", async () => {
  const projects = await list("projectId", {});

  expect(projects).toEqual([
    { value: "org-fake0z", label: "Default" },
    { value: fake.project.projectId, label: "migration" },
  ]);
});

test("subnets come with block, zone, VPC and free addresses", async () => {
  const { region, projectId, subnetId } = fake.project;

  const subnets = await list("subnetId", { region, projectId });

  const network = fake.project.vpcId;
  const place = `cn-bj2-05, fake-vpc, ${network}`;
  expect(subnets).toEqual([
    { value: subnetId, label: `fake, 127.78.0.0/16, ${place}`, freeAddresses: 65523, network },
    {
      value: "subnet-fake2b",
      label: `small, 127.79.0.0/24, ${place}`,
      freeAddresses: 250,
      network,
    },
  ]);
});

test("images for HyperDoor are the account's own that are ready", async () => {
  const { region, zone, projectId, images } = fake.project;
  const older = images.get("uimage-hmolder");
  if (older !== undefined) older.state = "Making";

  const listed = await list("hyperDoor.image", { region, zone, projectId });

  expect(listed).toEqual([
    { value: "uimage-hmnewer", label: "HM_IMG_20261001.qcow2, Other, 20 GB" },
    { value: hyperDoorImageId, label: "HyperDoor, Other, 20 GB" },
  ]);
});

test("an answer that is missing is named before anything is asked", async () => {
  const { region } = fake.project;
  const problemOf = (problem: string) => ({ code: "input.invalid", params: { problem } });

  await expect(list("zone", {})).rejects.toMatchObject(problemOf("region: must be given"));
  await expect(list("subnetId", { region })).rejects.toMatchObject(
    problemOf("projectId: must be given"),
  );
  await expect(list("hyperDoor.image", { region })).rejects.toMatchObject(
    problemOf("zone: must be given; projectId: must be given"),
  );
  expect(fake.calls.made).toEqual([]);
});

test("wrong keys and a missing permission come out in the cloud's terms", async () => {
  await expect(list("region", {}, { privateKey: "another-key" })).rejects.toMatchObject({
    code: "cloud.credentials",
  });

  fake.project.denied.add("GetProjectList");
  await expect(list("projectId", {})).rejects.toMatchObject({
    code: "cloud.forbidden",
    params: { action: "GetProjectList" },
  });
});

test("a launch can be given every VPC's subnets, and the project's firewalls, all pages of both", async () => {
  const { config, credentials: secrets } = fake.target;
  const { subnets, firewalls, vpcId } = fake.project;
  const [own] = subnets;
  if (own === undefined) throw new Error("the fake has subnets");
  const ofFake = subnets.map(({ id }) => id);
  const numbers = Array.from({ length: 100 }, (_, index) => index);
  for (const n of numbers) {
    subnets.push({ ...own, id: `subnet-other${n}`, vpcId: "uvnet-other1", zone: "cn-bj2-04" });
    const named = { id: `firewall-web${n}`, name: `web${n}`, group: "Default" };
    firewalls.set(named.id, { ...named, madeAt: 0, rules: [] });
  }
  const { network } = await openProvider("ucloud", { config, secrets, consoleId: "c" });
  const tags = { "hypermotion:console": "c", "hypermotion:owner": "o", Name: "n" };
  const { id } = await network.ensureSecurityGroup({ token: "t", tags, rules: [] });
  const firewall = firewalls.get(id);

  const listed = (await network.listSubnets?.()) ?? [];
  const groups = await network.listSecurityGroups?.();

  expect(listed.map(({ value }) => value)).toEqual([
    ...ofFake,
    ...numbers.map((n) => `subnet-other${n}`),
  ]);
  expect(listed[0]?.network).toBe(vpcId);
  expect(listed.at(-1)).toEqual({
    value: "subnet-other99",
    label: "fake, 127.78.0.0/16, cn-bj2-04, fake-vpc, uvnet-other1",
    freeAddresses: 65523,
    network: "uvnet-other1",
  });
  expect(groups).toEqual([
    ...numbers.map((n) => ({ value: `firewall-web${n}`, label: `web${n}, Default` })),
    { value: id, label: `${firewall?.name}, ${firewall?.group}` },
  ]);
});
