import { afterEach, expect, test } from "vitest";
import {
  type FakeOpenstack,
  type FakeOpenstackOptions,
  startFakeOpenstack,
} from "#test/clouds/openstack/fake-openstack.ts";
import { openProvider } from "../registry.ts";
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
    { value: subnetId, label: "servers, 10.0.0.0/24", network: networkId },
    { value: expect.any(String), label: "spare, 10.0.1.0/24", network: networkId },
  ]);
});

async function network(change: object = {}) {
  const { credentials: secrets } = cloud.target;
  const config = { ...cloud.target.config, ...change };
  return (await openProvider("openstack", { config, secrets, consoleId: "c" })).network;
}

test("a launch can be given the subnets of every network that servers may be in, and the project's groups with those that others share with it, page by page", async () => {
  await start({ roles: ["admin", "member"] });
  const { project } = cloud;
  project.mostPerPage = 1;
  const add = (name: string, more: object = { projectId: "0".repeat(32) }) => {
    const about = { description: `of ${name}`, rules: new Set<string>(), ...more };
    const group = { ...project.newThing(name), ...about };
    project.otherGroups.push(group);
    return group.id;
  };
  add("foreign");
  const shared = add("offices", { projectId: "0".repeat(32), isShared: true });
  const own = add("web", { description: "" });
  const { networkId, sharedNetworkId } = project;
  const [, spare, office] = project.subnets;
  project.subnets.push({
    ...office,
    id: project.externalNetworkId,
    networkId: project.externalNetworkId,
  } as never);
  const { listSubnets, listSecurityGroups } = await network();

  const subnets = await listSubnets?.();
  const groups = await listSecurityGroups?.();

  expect(subnets).toEqual([
    { value: project.subnetId, label: "servers, 10.0.0.0/24, private", network: networkId },
    { value: spare?.id, label: "spare, 10.0.1.0/24, private", network: networkId },
    { value: office?.id, label: "office, 10.9.0.0/16, offices", network: sharedNetworkId },
  ]);
  expect(groups).toEqual([
    { value: project.otherGroups[0]?.id, label: "default, Default security group" },
    { value: shared, label: "offices, shared, of offices" },
    { value: own, label: "web" },
  ]);
});

test("the target's own network is among them, whoever's it is", async () => {
  await start({ roles: ["admin", "member"] });
  const { project } = cloud;
  const { externalNetworkId: networkId } = project;
  const subnetId = project.newThing("").id;
  project.subnets.push({ id: subnetId, name: "outside", cidr: "192.0.2.0/24", networkId });
  const { listSubnets } = await network({ networkId, subnetId });

  const subnets = (await listSubnets?.()) ?? [];

  expect(subnets).toHaveLength(4);
  expect(subnets.at(-1)).toEqual({
    ...{ value: subnetId, label: "outside, 192.0.2.0/24", network: networkId },
  });
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
