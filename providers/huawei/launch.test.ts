import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeHuawei, startFakeHuawei } from "#test/clouds/huawei/fake-huawei.ts";
import { hyperDoorImageId } from "#test/clouds/huawei/state.ts";
import type { LaunchSpec, Provider } from "../provider.ts";
import { openProvider } from "../registry.ts";

const GiB = 1024 ** 3;
const consoleId = "console-under-test";
const userData = '{"hyperdoor":1}';
const hyperDoor = { image: hyperDoorImageId };

let cloud: FakeHuawei;
beforeEach(async () => {
  cloud = await startFakeHuawei({ delays: { createMs: 1, attachMs: 5, bootMs: 5 } });
});
afterEach(() => cloud.close());

async function open(config: object): Promise<Provider> {
  const all = { ...cloud.target.config, ...config };
  return openProvider("huawei", { config: all, secrets: cloud.keys, consoleId });
}

const naming = (token: string) => ({
  token,
  tags: { "hypermotion:console": consoleId, "hypermotion:owner": "srv-1", Name: token },
});

async function make({ volumes }: Provider, token: string, role: "system" | "data", size: number) {
  const { id } = await volumes.createVolume({ ...naming(token), role, sizeBytes: size });
  while ((await volumes.findVolume(id))?.state !== "ready");
  return id;
}

/** Of HyperDoor's image, with the clone of a system disk and a data volume. */
async function launchByCopy(provider: Provider, network: LaunchSpec["network"] = {}) {
  const clone = await make(provider, "clone", "system", 60 * GiB);
  const data = await make(provider, "data", "data", 10 * GiB);
  const group = { ...naming("group"), rules: [] };
  const spec: LaunchSpec = {
    ...naming("launch"),
    instanceType: "s6.medium.2",
    securityGroupId: (await provider.network.ensureSecurityGroup(group)).id,
    firmware: "bios",
    strategy: "hyperDoorCopy",
    imageId: hyperDoorImageId,
    volumeIds: [clone, data],
    hyperDoor: { systemBytes: 60 * GiB, userData },
    network,
  };
  let begun = await provider.compute.launch(spec);
  while (begun.waitsFor !== undefined) begun = await provider.compute.launch(spec);
  return { id: begun.id, clone, data };
}

const endingsOn = (id: string) =>
  [...cloud.project.volumes.values()]
    .filter(({ attachment }) => attachment?.serverId === id)
    .map(({ sizeGiB, attachment }) => [sizeGiB, attachment?.deleteOnTermination]);

test("where HyperDoor's image is set, its copy is the last way, for the firmware that the image starts with (S-12)", async () => {
  const ways = async (config: object) => (await (await open(config)).capabilities()).bootStrategies;

  expect(await ways({})).toEqual({ bios: ["imageFromVolume"], uefi: ["imageFromVolume"] });
  expect(await ways({ hyperDoor })).toEqual({
    bios: ["imageFromVolume", "hyperDoorCopy"],
    uefi: ["imageFromVolume"],
  });
  expect(await ways({ hyperDoor, launch: { boot: "auto" } })).toEqual({
    bios: ["imageFromVolume", "rootSwap", "hyperDoorCopy"],
    uefi: ["imageFromVolume", "rootSwap"],
  });
});

test("a HyperDoor image that is not there is refused when the target is made (S-12)", async () => {
  await (await open({ hyperDoor })).check();

  const image = "00000000-0000-4000-8000-000000000000";
  await expect((await open({ hyperDoor: { image } })).check()).rejects.toMatchObject({
    code: "cloud.not-found",
  });
});

test("a server that HyperDoor copies for runs all the while, with a system disk as large as the copy, its orders, and of its volumes only the first", async () => {
  const { id } = await launchByCopy(await open({ hyperDoor }));

  expect(cloud.project.servers.get(id)).toMatchObject({ imageId: hyperDoorImageId, userData });
  expect(endingsOn(id).sort()).toEqual([
    [60, true],
    [60, true],
  ]);
  expect(cloud.calls.made.map(({ action }) => action)).not.toContain("BatchStopServers");
});

test("a server goes into whatever subnet and behind whatever groups are listed for it", async () => {
  const { project } = cloud;
  const about = { name: "other", cidr: "10.2.0.0/24", zone: "cn-north-4b", freeAddresses: 7 };
  project.subnets.push({ ...about, id: project.newThing("").id, vpcId: project.vpcId });
  const provider = await open({ hyperDoor });
  for (const token of ["one", "two"]) {
    await provider.network.ensureSecurityGroup({ ...naming(token), rules: [] });
  }
  const subnets = (await provider.network.listSubnets?.()) ?? [];
  const groups = (await provider.network.listSecurityGroups?.()) ?? [];
  const [own, subnetId = ""] = subnets.map(({ value }) => value);
  const groupIds = groups.map(({ value }) => value);

  const { id } = await launchByCopy(provider, { subnetId, securityGroupIds: groupIds });

  expect(own).toBe(project.subnetId);
  expect(groupIds).toHaveLength(2);
  expect(project.servers.get(id)).toMatchObject({ subnetId, groupIds });
});

test("a volume that follows the copy is deleted with its server, also by hand, and needs no place of a gateway; one that never hung there is deleted with it by us", async () => {
  const provider = await open({ hyperDoor, gateway: { maxVolumes: 1 } });
  const { id, clone, data } = await launchByCopy(provider);

  await provider.volumes.attachVolume(data, id);
  expect(cloud.project.volumes.get(data)?.attachment?.deleteOnTermination).toBe(true);

  await provider.volumes.detachVolume(data);
  while ((await provider.volumes.findVolume(data))?.attachedTo !== undefined);
  await provider.compute.deleteInstance(id);
  while ((await provider.compute.findInstance(id)) !== undefined);
  for (const volume of [clone, data]) {
    while ((await provider.volumes.findVolume(volume)) !== undefined);
  }
  expect(cloud.project.volumes.size).toBe(0);
});
