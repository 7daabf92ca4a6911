import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeUCloud, startFakeUCloud } from "#test/clouds/ucloud/fake-ucloud.ts";
import { hyperDoorImageId } from "#test/clouds/ucloud/state.ts";
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

  const place = "cn-bj2-05, fake-vpc, uvnet-fake1a";
  expect(subnets).toEqual([
    { value: subnetId, label: `fake, 127.78.0.0/16, ${place}`, freeAddresses: 65523 },
    { value: "subnet-fake2b", label: `small, 127.79.0.0/24, ${place}`, freeAddresses: 250 },
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
