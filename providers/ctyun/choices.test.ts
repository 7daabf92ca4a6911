/** Over the wire, against the fake: what an operator is offered who has a key and no target yet. */
import { afterEach, expect, test } from "vitest";
import {
  type FakeCtyun,
  type FakeCtyunOptions,
  startFakeCtyun,
} from "#test/clouds/ctyun/fake-ctyun.ts";
import { ctyunChoices } from "./choices.ts";

let cloud: FakeCtyun;
afterEach(() => cloud.close());

type Path = keyof typeof ctyunChoices;

async function open(options: FakeCtyunOptions = {}): Promise<void> {
  cloud = await startFakeCtyun(options);
}

/** By what was answered so far, beside where the fake is. */
function choices(path: Path, config: object = {}, secrets: object = {}) {
  const { endpoints } = cloud.target.config;
  return ctyunChoices[path]({
    config: { endpoints, ...config },
    secrets: { ...cloud.keys, ...secrets },
  });
}

const inPool = () => ({ region: cloud.pool.regionId });

test("the pools of the account are listed before anything is answered, without those that have no API", async () => {
  await open();

  await expect(choices("region")).resolves.toEqual([
    { value: "200000001852", label: "内蒙演示, 内蒙古" },
    { value: cloud.target.config.region, label: "华东1, 江苏" },
  ]);
});

test("the zones of a pool are listed by the names that the console shows", async () => {
  await open();

  await expect(choices("zone", inPool())).resolves.toEqual([
    { value: cloud.target.config.zone, label: "可用区1" },
    { value: "cn-huadong1-jsnj2A-public-ctcloud", label: "可用区2" },
  ]);
});

test("a pool of one zone has the zone that is called default", async () => {
  await open({ oneZone: true });

  await expect(choices("zone", inPool())).resolves.toEqual([{ value: "default", label: "" }]);
});

test("the zones of a pool that the account has not are no list", async () => {
  await open();

  await expect(choices("zone", { region: "elsewhere" })).rejects.toMatchObject({
    code: "cloud.not-found",
    params: { id: "elsewhere" },
  });
});

test("the subnets of a pool are listed, without those for bare metal", async () => {
  await open();
  const { vpcId, zone } = cloud.pool;

  const found = await choices("subnetId", inPool());

  expect(found).toEqual([
    {
      value: cloud.target.config.subnetId,
      label: `servers, 127.0.0.0/8, ${zone}, ${vpcId}`,
      freeAddresses: 16000,
    },
    {
      value: expect.stringMatching(/^subnet-/),
      label: `databases, 10.2.0.0/24, ${zone}, ${vpcId}`,
      freeAddresses: 7,
    },
  ]);
});

test("subnets beyond the first page are listed too", async () => {
  await open();
  for (let at = 0; at < 60; at += 1) {
    const id = `subnet-more${at}`;
    cloud.pool.subnets.set(id, { id, name: id, cidr: "10.3.0.0/24", free: 250, type: 0 });
  }

  const found = await choices("subnetId", inPool());

  expect(new Set(found.map(({ value }) => value)).size).toBe(62);
});

test.each([
  ["a pool of several", {}],
  ["a pool of one", { oneZone: true }],
])(
  "the account's own images are listed without a zone in %s, with the firmware that servers start with",
  async (_what, options) => {
    await open({ firmware: "uefi", ...options });

    await expect(choices("hyperDoor.image", inPool())).resolves.toEqual([
      { value: cloud.pool.hyperDoorImageId, label: "HyperDoor-linux, uefi, 5 GiB" },
    ]);
  },
);

test.each(["zone", "subnetId", "hyperDoor.image"] as const)(
  "%s without a region names the region, and asks nothing",
  async (path) => {
    await open();

    await expect(choices(path)).rejects.toMatchObject({
      code: "input.invalid",
      params: { problem: "region: must be given" },
    });
    expect(cloud.calls.made).toEqual([]);
  },
);

test.each(Object.keys(ctyunChoices) as Path[])("%s by a wrong key says so", async (path) => {
  await open();

  await expect(
    choices(path, inPool(), { secretKey: "wrong".padEnd(32, "0") }),
  ).rejects.toMatchObject({ code: "cloud.credentials" });
});

test.each([
  ["region", "ListRegions"],
  ["zone", "QueryZonesInRegion"],
  ["subnetId", "NewSubnetList"],
  ["hyperDoor.image", "ListImage"],
] as const)("%s by a key that may not list them names %s", async (path, operation) => {
  await open();
  cloud.pool.denied.add(operation);

  await expect(choices(path, inPool())).rejects.toMatchObject({
    code: "cloud.forbidden",
    params: { action: expect.stringContaining(operation) },
  });
});
