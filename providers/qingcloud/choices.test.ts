import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeQingcloud, startFakeQingcloud } from "#test/clouds/qingcloud/fake-qingcloud.ts";
import { hyperDoorImageId } from "#test/clouds/qingcloud/state.ts";
import type { Choice } from "../choices.ts";
import { openProvider } from "../registry.ts";
import { pageSize } from "./account.ts";
import { qingcloudChoices } from "./choices.ts";

let cloud: FakeQingcloud;
beforeEach(async () => {
  cloud = await startFakeQingcloud();
});
afterEach(() => cloud.close());

type Path = keyof typeof qingcloudChoices;

const ask = (path: Path, config: object = {}, secrets = cloud.keys): Promise<readonly Choice[]> =>
  qingcloudChoices[path]({ config: { endpoint: cloud.url, ...config }, secrets });

async function openNetwork() {
  const { config, credentials: secrets } = cloud.target;
  return (await openProvider("qingcloud", { config, secrets, consoleId: "c" })).network;
}

/** In no VPC without a block. */
function addVxnet(
  name: string,
  about: { block?: string; vpcId?: string; borderId?: string },
): string {
  const thing = cloud.account.newThing("vxnet", name);
  cloud.account.vxnets.set(thing.id, { ...thing, ...about });
  return thing.id;
}

function addGroup(name: string, description?: string): string {
  const thing = cloud.account.newThing("sg", name);
  const group = { ...thing, rules: new Map(), isApplied: true };
  cloud.account.groups.set(thing.id, {
    ...group,
    ...(description === undefined ? {} : { description }),
  });
  return thing.id;
}

const here = () => ({ zone: cloud.account.zone });

test("the zones that are open can be chosen, before any is known", async () => {
  const choices = await ask("zone");

  expect(choices).toContainEqual({ value: cloud.target.config.zone, label: "pek3" });
  expect(choices.map(({ value }) => value)).toEqual(["pek3a", "sh1a"]);
});

test("the zone's networks that are in a VPC can be chosen", async () => {
  const choices = await ask("vxnetId", here());

  expect(choices).toHaveLength(2);
  expect(choices).toContainEqual({
    value: cloud.target.config.vxnetId,
    label: "test, 192.168.100.0/24, rtr-b0u6sdj6",
    freeAddresses: 250,
    network: "rtr-b0u6sdj6",
  });
});

test("networks of all pages are listed", async () => {
  for (let count = 0; count < pageSize; count += 1) {
    addVxnet(`n-${count}`, { block: "10.0.0.0/24" });
  }

  const choices = await ask("vxnetId", here());

  expect(new Set(choices.map(({ value }) => value)).size).toBe(pageSize + 2);
});

const vpc = "rtr-b0u6sdj6";
const base = { value: "vxnet-0", label: "base network" };
const alone = { value: "vxnet-unmana9", label: "alone", freeAddresses: 0 };
const inVpc = [
  ...[{ value: "vxnet-0ffice1", label: `office, 192.168.101.0/24, ${vpc}` }],
  ...[{ value: "vxnet-ytuyg2q", label: `test, 192.168.100.0/24, ${vpc}` }],
].map((one) => ({ ...one, freeAddresses: 250, network: vpc }));

test("a launch can be given every network of the zone, with its VPC where it has one, and every firewall", async () => {
  const vpcId = "rtr-e1sewh3r";
  const elsewhere = addVxnet("elsewhere", { block: "10.9.0.0/24", vpcId });
  const borderId = "rtr-k3jqkcka";
  const bordered = addVxnet("bordered", { block: "192.168.102.0/24", borderId });
  const group = addGroup("web", "all web servers");
  const network = await openNetwork();

  const subnets = await network.listSubnets?.();
  const groups = await network.listSecurityGroups?.();

  expect(subnets?.[0]).toEqual(base);
  expect(new Set(subnets)).toEqual(
    new Set([
      base,
      alone,
      ...inVpc,
      {
        ...{ value: bordered, label: `bordered, 192.168.102.0/24, ${vpc}` },
        ...{ freeAddresses: 250, network: vpc },
      },
      {
        ...{ value: elsewhere, label: `elsewhere, 10.9.0.0/24, ${vpcId}` },
        ...{ freeAddresses: 250, network: vpcId },
      },
    ]),
  );
  expect(groups).toEqual([
    { value: group, label: "web, all web servers" },
    { value: "sg-default0", label: "default security group" },
  ]);
});

test("where networks tell no VPC, their router says which it is", async () => {
  cloud.account.tellsVpc = false;

  const subnets = await (await openNetwork()).listSubnets?.();

  expect(new Set(subnets)).toEqual(new Set([base, alone, ...inVpc]));
});

test("networks and firewalls of all pages can be given to a launch", async () => {
  for (let count = 0; count <= pageSize; count += 1) {
    addVxnet(`n-${count}`, { block: "10.0.0.0/24" });
    addGroup(`g-${count}`);
  }
  const network = await openNetwork();

  const subnets = await network.listSubnets?.();
  const groups = await network.listSecurityGroups?.();

  const { vxnets, groups: own } = cloud.account;
  expect(subnets?.map(({ value }) => value)).toEqual([base.value, ...[...vxnets.keys()].reverse()]);
  const groupIds = ["sg-default0", ...own.keys()];
  expect(groups?.map(({ value }) => value)).toEqual(groupIds.reverse());
});

test("the account's own images that are ready can be HyperDoor's", async () => {
  const { images } = cloud.account;
  const image = images.get(hyperDoorImageId);
  if (image === undefined) throw new Error("the fake has no HyperDoor");
  images.set("img-later", { ...image, id: "img-later", status: "pending" });

  const choices = await ask("hyperDoor.image", here());

  expect(choices).toEqual([{ value: hyperDoorImageId, label: "HyperDoor, linux, 20 GB" }]);
});

test.each(["vxnetId", "hyperDoor.image"] as const)(
  "%s is not asked for without a zone",
  async (path) => {
    await expect(ask(path)).rejects.toMatchObject({
      code: "input.invalid",
      message: expect.stringContaining("zone: must be given"),
    });
    expect(cloud.calls.made).toEqual([]);
  },
);

test.each(["zone", "vxnetId", "hyperDoor.image"] as const)(
  "of %s, a key that is wrong is told as such",
  async (path) => {
    const secrets = { ...cloud.keys, secretAccessKey: "another" };

    await expect(ask(path, here(), secrets)).rejects.toMatchObject({ code: "cloud.credentials" });
  },
);
