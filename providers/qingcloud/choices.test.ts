import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeQingcloud, startFakeQingcloud } from "#test/clouds/qingcloud/fake-qingcloud.ts";
import { hyperDoorImageId } from "#test/clouds/qingcloud/state.ts";
import type { Choice } from "../choices.ts";
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
  });
});

test("networks of all pages are listed", async () => {
  for (let count = 0; count < pageSize; count += 1) {
    const thing = cloud.account.newThing("vxnet", `n-${count}`);
    cloud.account.vxnets.set(thing.id, { ...thing, block: "10.0.0.0/24" });
  }

  const choices = await ask("vxnetId", here());

  expect(new Set(choices.map(({ value }) => value)).size).toBe(pageSize + 2);
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
