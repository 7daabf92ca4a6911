import { afterEach, expect, test } from "vitest";
import { type FakeTencent, startFakeTencent } from "#test/clouds/tencent/fake-tencent.ts";
import { hyperDoorImage } from "#test/clouds/tencent/state.ts";
import { listChoices } from "../registry.ts";

let cloud: FakeTencent;

afterEach(() => cloud.close());

async function list(path: string, without: readonly string[] = [], secrets = {}) {
  cloud = await startFakeTencent();
  const config = { ...cloud.target.config };
  for (const name of without) delete config[name];
  return listChoices("tencent", path, {
    config,
    secrets: { ...cloud.target.credentials, ...secrets },
  });
}

test("regions that are open are listed before any is chosen", async () => {
  expect(await list("region", ["region", "subnetId"])).toEqual([
    { value: "ap-guangzhou", label: "South China (Guangzhou)" },
    { value: "ap-shanghai", label: "East China (Shanghai)" },
  ]);
});

test("subnets are listed with what helps to choose one", async () => {
  const [subnet, ...others] = await list("subnetId", ["subnetId"]);

  expect(others).toEqual([]);
  expect(subnet).toEqual({
    value: cloud.target.config.subnetId,
    label: `servers, 127.77.0.0/16, ap-guangzhou-6, ${cloud.account.vpcId}`,
    freeAddresses: 60000,
  });
});

test("the account's own images are what HyperDoor's can be", async () => {
  const images = await list("hyperDoor.image");

  expect(images.map(({ value }) => value)).toContain(hyperDoorImage);
  expect(images.every(({ value }) => !cloud.account.images.get(value)?.isPublic)).toBe(true);
});

test("images are listed while only HyperDoor's key is known", async () => {
  cloud = await startFakeTencent();
  const { config, credentials: secrets } = cloud.target;
  const hyperDoor = { sshKey: "ssh-ed25519 AAAA" };

  const images = await listChoices("tencent", "hyperDoor.image", {
    ...{ config: { ...config, hyperDoor }, secrets },
  });

  expect(images.length).toBeGreaterThan(0);
});

test("a region that is not known yet is asked for before Tencent is, and wrong keys are told", async () => {
  await expect(list("subnetId", ["region", "subnetId"])).rejects.toMatchObject({
    ...{ code: "input.invalid", params: { problem: "region: must be given" } },
  });
  expect(cloud.calls.made).toEqual([]);
  await cloud.close();
  await expect(list("region", [], { secretKey: "a-wrong-secret-key-00" })).rejects.toMatchObject({
    code: "cloud.credentials",
  });
});

test("of another setting nothing lists what it can be, and those that can are named", async () => {
  await expect(list("zone")).rejects.toMatchObject({
    params: {
      where: "zone",
      problem:
        "nothing lists what it can be; there are choices of region, subnetId, hyperDoor.image",
    },
  });
});
