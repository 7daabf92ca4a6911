import { afterEach, expect, test } from "vitest";
import { type AliyunClient, openClient } from "#providers/aliyun/client.ts";
import { aliyunConfig } from "#providers/aliyun/config.ts";
import { type FakeAliyun, startFakeAliyun } from "../clouds/aliyun/fake-aliyun.ts";
import { hyperDoorImageId } from "../clouds/aliyun/state.ts";
import { migrateAndCutOver } from "./cloud-migration.ts";
import { type CloudSite, openCloudSite } from "./cloud-site.ts";
import { until } from "./site.ts";

let site: CloudSite<FakeAliyun>;

afterEach(() => site.close());

test("a server migrates to Alibaba Cloud with every byte, boots there pay-as-you-go from an image of its disk and is cut over, and nothing else is left (R-151)", async () => {
  site = await openCloudSite((machines) => startFakeAliyun({ machines }));

  // The launched server with its two disks, and the group it runs in.
  await migrateAndCutOver(site, {
    ...{ instances: 1, volumes: 2, snapshots: 0, images: 0, addresses: 0, groups: 1 },
  });

  const { instances, disks } = site.cloud.account;
  const [launched] = [...instances.values()];
  expect(launched).toMatchObject({ state: "Running", chargeType: "PostPaid" });
  for (const disk of disks.values()) {
    expect(disk).toMatchObject({ instanceId: launched?.id, endsWithInstance: true });
  }
}, 300_000);

test("where Alibaba Cloud makes no image of a data disk, a server boots there from what HyperDoor copied, and nothing else is left", async () => {
  site = await openCloudSite((machines) => startFakeAliyun({ machines }), {
    hyperDoor: { image: hyperDoorImageId },
  });
  const { account } = site.cloud;
  account.imagesOfDataDisks = false;

  await migrateAndCutOver(site, {
    ...{ instances: 1, volumes: 2, snapshots: 0, images: 0, addresses: 0, groups: 1 },
  });

  const [launched] = [...account.instances.values()];
  expect(launched).toMatchObject({ state: "Running", imageId: hyperDoorImageId });
  // The smallest type has 1 GiB, in which HyperDoor does not run.
  expect(launched?.type).not.toBe("ecs.t5-lc1m1.small");
  for (const disk of account.disks.values()) {
    expect(disk).toMatchObject({ instanceId: launched?.id, endsWithInstance: true });
  }
}, 300_000);

test("an account that may not make images says so and a later one goes on; syncs go on while a rehearsal runs from an image of an older recovery point; after the cutover a user makes a subscription of the image by hand, and clean-up leaves it alone (R-152)", async () => {
  site = await openCloudSite((machines) => startFakeAliyun({ machines }));
  const { operator, serverId, targetId, cloud } = site;
  const { account } = cloud;
  const run = async (action: string, body: unknown = {}) =>
    operator.succeeded(await operator.start(serverId, action, body));

  await run("migrate", { targetId });
  await refusesAnImage(site);
  await run("launch", { kind: "test", repair: false });
  const image = [...account.images.values()].find(({ snapshotId }) => snapshotId !== undefined);
  for (let syncs = 0; syncs < 4; syncs += 1) await run("sync");

  // Two of each point that is kept beside the newest, and the rehearsal's.
  expect(account.snapshots.has(image?.snapshotId ?? "")).toBe(true);
  expect(account.snapshots.size).toBe(8);

  await run("accept");
  await run("launch", { kind: "cutover", repair: false });
  const bought = await subscribeByHand(cloud);
  await run("clean-up");

  expect(cloud.inventory()).toEqual({
    ...{ instances: 1, volumes: 2, snapshots: 0, images: 0, addresses: 0, groups: 1 },
  });
  expect(account.instances.get(bought)).toMatchObject({ state: "Running", chargeType: "PrePaid" });
}, 300_000);

/** The account may not make images of data disks: said in the run's error, and nothing of the launch is left. */
async function refusesAnImage({ operator, serverId, cloud }: CloudSite<FakeAliyun>): Promise<void> {
  const before = cloud.inventory();
  cloud.account.imagesOfDataDisks = false;
  const order = { kind: "test", repair: false };

  const { state, error } = await operator.ended(await operator.start(serverId, "launch", order));

  expect(state).toBe("failed");
  expect(error).toMatchObject({ code: "cloud.refused" });
  expect(error?.message).toContain("ask Alibaba Cloud's support");
  expect(cloud.inventory()).toEqual(before);
  cloud.account.imagesOfDataDisks = true;
}

/** As README.md tells: the data disk is unbound, the server deleted, and another made of its image by the month. */
async function subscribeByHand({ account, target, keys }: FakeAliyun): Promise<string> {
  const user: AliyunClient = openClient(aliyunConfig.parse(target.config), keys);
  const launched = [...account.instances.values()].find(({ runs }) => runs === "server");
  const InstanceId = launched?.id ?? "";
  const data = [...account.disks.values()].find(
    ({ instanceId, type }) => instanceId === InstanceId && type === "data",
  );
  const disk = { DiskId: data?.id ?? "" };
  await user.call("ecs", "ModifyDiskAttribute", { ...disk, DeleteWithInstance: false });
  await user.call("ecs", "DeleteInstance", { InstanceId, Force: true });
  await until("the data disk to come off", async () => {
    await user.call("ecs", "DescribeDisks", {});
    return data?.state === "Available";
  });
  const made = await user.call<{ InstanceId: string }>("ecs", "CreateInstance", {
    ImageId: launched?.imageId ?? "",
    InstanceType: launched?.type ?? "",
    InstanceChargeType: "PrePaid",
    Period: 1,
    PeriodUnit: "Month",
    VSwitchId: account.vSwitchId,
    SecurityGroupId: launched?.groupIds[0] ?? "",
    SystemDisk: { Category: "cloud_essd", Size: 20 },
  });
  const bought = { InstanceId: made.InstanceId };
  const isIn = (state: string) => async () => {
    await user.call("ecs", "DescribeInstances", {});
    return account.instances.get(made.InstanceId)?.state === state;
  };
  await until("the subscription to be made", isIn("Stopped"));
  await user.call("ecs", "AttachDisk", { ...bought, ...disk });
  await user.call("ecs", "StartInstance", bought);
  await until("the subscription to run", isIn("Running"));
  return made.InstanceId;
}
