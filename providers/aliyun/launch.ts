/**
 * Launching a repaired server: an instance of its image is made, which begins stopped; the data volumes
 * are hung on it one after the other (of HyperDoor's image: the system clone alone); then it starts. So a guest never boots without a volume that its
 * fstab names. What to do next is decided from what ECS shows, so that any step may be lost or repeated.
 */
import { MigrationError } from "#domain/errors.ts";
import type { LaunchSpec } from "../provider.ts";
import { type Account, makeOnce } from "./account.ts";
import type { DiskCategory } from "./config.ts";
import { levelOf, systemLeastGiB } from "./disk-sizes.ts";
import { findHyperDoorImage, findOwnImage } from "./images.ts";
import { type EcsInstance, findByToken, findEcsInstance } from "./instances.ts";
import { listDiskCategories } from "./stock.ts";
import { displayName, launchTag, tagsOf } from "./tags.ts";
import { attach, type EcsDisk, findDisk, hangsOn } from "./volumes.ts";

const GiB = 1024 ** 3;

export async function launch(
  account: Account,
  spec: LaunchSpec,
): Promise<{ id: string; waitsFor?: string }> {
  const instance = (await findByToken(account, spec.token)) ?? (await makeInstance(account, spec));
  const waitsFor = await moveOn(account, spec, instance);
  const { InstanceId: id } = instance;
  return waitsFor === undefined ? { id } : { id, waitsFor };
}

async function makeInstance(account: Account, spec: LaunchSpec): Promise<EcsInstance> {
  const { client, config } = account;
  const { network = {}, volumeIds, token } = spec;
  const image = await imageOf(account, spec);
  const volumes = await Promise.all(volumeIds.map((id) => getDisk(account, id)));
  const category = await systemCategory(account, spec.instanceType, volumes);
  // Before the instance is: whoever deletes it finds what belongs to it.
  if (volumeIds.length > 0) {
    await client.call("ecs", "TagResources", {
      ResourceType: "disk",
      ResourceId: volumeIds,
      Tag: [{ Key: launchTag, Value: token }],
    });
  }
  const { keyPairName } = config.launch;
  const id = await makeOnce(account, token, {
    find: async () => (await findByToken(account, token))?.InstanceId,
    create: async (clientToken) => {
      const made = await client.call<{ InstanceId: string }>("ecs", "CreateInstance", {
        ImageId: image.ImageId,
        InstanceType: spec.instanceType,
        InstanceName: displayName(spec.tags.Name),
        // A month's plan is made of the image by hand.
        InstanceChargeType: "PostPaid",
        IoOptimized: "optimized",
        VSwitchId: network.subnetId ?? config.vSwitchId,
        PrivateIpAddress: network.privateAddress,
        SecurityGroupId: groupsOf(spec)[0],
        InternetMaxBandwidthOut: 0,
        SystemDisk: {
          Category: category,
          PerformanceLevel: levelOf(category, config.volume),
          // 40 unless told.
          Size: Math.max(image.Size, systemLeastGiB, systemGiB(spec)),
        },
        UserData: spec.hyperDoor && Buffer.from(spec.hyperDoor.userData).toString("base64"),
        ...(keyPairName === undefined ? { PasswordInherit: true } : { KeyPairName: keyPairName }),
        DeletionProtection: false,
        ClientToken: clientToken,
        Tag: tagsOf(spec),
      });
      return made.InstanceId;
    },
    isThere: async (id) => (await findEcsInstance(account, id)) !== undefined,
  });
  return (await findEcsInstance(account, id)) ?? { InstanceId: id, Status: "Pending" };
}

const systemGiB = ({ hyperDoor }: LaunchSpec) => Math.ceil((hyperDoor?.systemBytes ?? 0) / GiB);

/** The others are hung on it when HyperDoor has copied. */
const firstVolumes = ({ hyperDoor, volumeIds }: LaunchSpec): readonly string[] =>
  hyperDoor === undefined ? volumeIds : volumeIds.slice(0, 1);

async function imageOf(account: Account, { strategy, imageId, hyperDoor }: LaunchSpec) {
  if (strategy === "hyperDoorCopy" && imageId !== undefined && hyperDoor !== undefined) {
    return findHyperDoorImage(account, imageId);
  }
  if (strategy !== "imageFromSnapshot" || imageId === undefined) {
    throw new MigrationError("cloud.refused", {
      platform: "aliyun",
      what: "the launch",
      problem: "a server is launched from an image of its system disk here, or by HyperDoor's copy",
    });
  }
  const image = await findOwnImage(account, imageId);
  if (image === undefined) {
    throw new MigrationError("cloud.not-found", { platform: "aliyun", what: "image", id: imageId });
  }
  return image;
}

async function getDisk(account: Account, id: string): Promise<EcsDisk> {
  const disk = await findDisk(account, id);
  if (disk !== undefined) return disk;
  throw new MigrationError("cloud.not-found", { platform: "aliyun", what: "volume", id });
}

/** @throws `cloud.refused` before anything is made, when the type does not take the volumes' category */
async function systemCategory(
  account: Account,
  instanceType: string,
  volumes: readonly EcsDisk[],
): Promise<DiskCategory> {
  const taken = await listDiskCategories(account, instanceType);
  const foreign = volumes.find(({ Category }) => !taken.some((one) => one === Category));
  const { volumes: usual } = await account.choice();
  const category = taken.includes(usual) ? usual : taken[0];
  if (foreign === undefined && category !== undefined) return category;
  throw new MigrationError("cloud.refused", {
    platform: "aliyun",
    what: `instance type ${instanceType}`,
    problem: `it takes no ${foreign?.Category ?? usual} disks in this zone, but ${taken.join(", ") || "none"}`,
  });
}

const groupsOf = ({ network, securityGroupId }: LaunchSpec): readonly string[] =>
  network?.securityGroupIds ?? [securityGroupId];

/** The next order, if there is one. @returns what it waits for, or nothing when all is done */
async function moveOn(
  account: Account,
  spec: LaunchSpec,
  instance: EcsInstance,
): Promise<string | undefined> {
  const { client } = account;
  const { InstanceId: id, Status } = instance;
  if (Status === "Pending") return "the instance to be made";
  if (Status === "Stopping") return "the instance to stop";
  const wanted = groupsOf(spec);
  const there = instance.SecurityGroupIds?.SecurityGroupId ?? [];
  if (!wanted.every((group) => there.includes(group))) {
    await client.call("ecs", "ModifyInstanceAttribute", {
      InstanceId: id,
      SecurityGroupIds: wanted,
    });
  }
  for (const volumeId of firstVolumes(spec)) {
    const disk = await getDisk(account, volumeId);
    if (hangsOn(disk, id) && disk.Status === "In_use") continue;
    if (!hangsOn(disk, id)) await attach(account, volumeId, id, { endsWithInstance: true });
    return `volume ${volumeId} to hang on it`;
  }
  if (Status === "Stopped") await client.call("ecs", "StartInstance", { InstanceId: id });
  return undefined;
}
