import { afterEach, expect, test } from "vitest";
import {
  type FakeOpenstack,
  type FakeOpenstackOptions,
  startFakeOpenstack,
} from "#test/clouds/openstack/fake-openstack.ts";
import { openstackChoices } from "./choices.ts";
import type { OpenstackSecrets } from "./config.ts";
import { openstackPolicy } from "./policy.ts";

let cloud: FakeOpenstack;
afterEach(() => cloud.close());

async function start(options: FakeOpenstackOptions = {}) {
  cloud = await startFakeOpenstack({ accessRules: openstackPolicy.access_rules, ...options });
}

const secretsOf = ({ target }: FakeOpenstack): OpenstackSecrets => target.credentials;

function list(path: keyof typeof openstackChoices, more: object = {}, secrets = secretsOf(cloud)) {
  const { identityUrl } = cloud.target.config;
  return openstackChoices[path]({ config: { identityUrl, ...more }, secrets });
}

test("regions are those of the catalogue where every service is, asked for before one is known", async () => {
  await start({ regions: ["RegionOne", "RegionTwo"], archiveRegion: "Archive" });

  expect(await list("region")).toEqual([
    { value: "RegionOne", label: "" },
    { value: "RegionTwo", label: "" },
  ]);
});

test("of several regions one has to be known for what is in it", async () => {
  await start({ regions: ["RegionOne", "RegionTwo"] });

  await expect(list("networkId")).rejects.toMatchObject({
    code: "cloud.refused",
    message: expect.stringContaining("RegionOne, RegionTwo: set one of them"),
  });
  expect(await list("networkId", { region: "RegionOne" })).toHaveLength(2);
});

test("zones of servers and of volumes are two lists, without those that take nothing now", async () => {
  await start();

  expect(await list("zone")).toEqual([
    { value: "nova", label: "" },
    { value: "edge", label: "" },
  ]);
  expect(await list("volumeZone")).toEqual([
    { value: "nova", label: "" },
    { value: "archive", label: "" },
  ]);
});

test("networks are those that servers may be in; floating addresses come from the others", async () => {
  await start();
  const { networkId, sharedNetworkId, externalNetworkId, otherExternalIds } = cloud.project;
  otherExternalIds.push("00000000-0000-4000-8000-000000000001");

  expect(await list("networkId")).toEqual([
    { value: networkId, label: "private" },
    { value: sharedNetworkId, label: "offices, shared" },
  ]);
  expect(await list("gateway.externalNetworkId")).toEqual([
    { value: externalNetworkId, label: "public-0" },
    { value: otherExternalIds[0], label: "public-1" },
  ]);
});

test("subnets are those of the network, with their addresses, page by page", async () => {
  await start();
  cloud.project.mostPerPage = 1;
  const { networkId, subnetId } = cloud.project;

  expect(await list("subnetId", { networkId })).toEqual([
    { value: subnetId, label: "servers, 10.0.0.0/24" },
    { value: expect.any(String), label: "spare, 10.0.1.0/24" },
  ]);
});

test("types of volumes go by their names, with what they are said to be", async () => {
  await start();

  expect(await list("volume.type")).toEqual([
    { value: "ceph", label: "Replicated three times" },
    { value: "lvm", label: "" },
  ]);
});

test("images are the project's own, also where a launch by HyperDoor is wished for already", async () => {
  await start();
  const idOf = (name: string) => cloud.project.imageNamed(name).id;

  expect(await list("hyperDoor.image", { launch: { boot: "hyperDoor" } })).toEqual([
    { value: idOf("HM_IMG_20260101.qcow2"), label: "HM_IMG_20260101.qcow2, qcow2" },
    { value: idOf("HyperDoor"), label: "HyperDoor, qcow2" },
  ]);
});

test("what a list needs is named before anything is asked", async () => {
  await start();

  await expect(list("subnetId")).rejects.toMatchObject({
    code: "input.invalid",
    params: { problem: "networkId: must be given" },
  });
  await expect(list("networkId", { identityUrl: undefined })).rejects.toMatchObject({
    code: "input.invalid",
    params: { problem: "identityUrl: must be given" },
  });
  expect(cloud.calls.made).toEqual([]);
});

test("wrong credentials and missing rights are told as everywhere", async () => {
  await start();
  const wrong = { ...secretsOf(cloud), applicationCredentialSecret: "wrong" };

  await expect(list("region", {}, wrong)).rejects.toMatchObject({ code: "cloud.credentials" });

  const networkId = cloud.project.networkId;
  cloud.project.denied.add("ListSubnets");
  await expect(list("subnetId", { networkId })).rejects.toMatchObject({
    code: "cloud.forbidden",
    params: { action: "ListSubnets" },
  });
});
