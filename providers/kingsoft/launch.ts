/**
 * Launching a repaired server: an instance of HyperDoor's image is made, with a system disk as large as the
 * server's; the repaired disk is hung on it, and HyperDoor copies it over the system disk it came from. What
 * to do next is decided from what KEC shows, so that any step may be lost or repeated.
 *
 * Kingsoft Cloud has no other way: what was made as a data volume never becomes a system disk, and images
 * are made only of what was one (CreateImage, SnapshotIds).
 */
import { MigrationError } from "#domain/errors.ts";
import type { LaunchSpec } from "../provider.ts";
import type { Account } from "./account.ts";
import { createInstance, type InstanceOrder, systemDiskGiB } from "./create-instance.ts";
import { GiB } from "./instance-types.ts";
import { findKecInstance, type KecInstance, primaryInterface, shown } from "./instances.ts";
import { getMachineImage } from "./machine-images.ts";
import { getType, systemDiskOf } from "./stock.ts";
import { bindToLaunch, getVolume, hang, hangsOn } from "./volumes.ts";

export async function launch(
  account: Account,
  spec: LaunchSpec,
): Promise<{ id: string; waitsFor?: string }> {
  const id = await createInstance(account, spec.token, () => serverOrder(account, spec));
  const waitsFor = await moveOn(account, spec, id);
  return waitsFor === undefined ? { id } : { id, waitsFor };
}

function refused(problem: string): MigrationError {
  return new MigrationError("cloud.refused", {
    platform: "kingsoft",
    what: "the launch",
    problem,
  });
}

/** Binds the volumes to the launch: whoever deletes the server finds what belongs to it. */
async function serverOrder(account: Account, spec: LaunchSpec): Promise<InstanceOrder> {
  const { config } = account;
  const { network = {}, hyperDoor, imageId, strategy } = spec;
  if (strategy !== "hyperDoorCopy" || hyperDoor === undefined || imageId === undefined) {
    throw refused("a server is launched from HyperDoor's image here");
  }
  const image = await getMachineImage(account, imageId);
  if (image.firmware !== spec.firmware) {
    throw refused(
      `image ${image.name} starts by ${image.firmware}, the server by ${spec.firmware}`,
    );
  }
  const { volumeType } = await account.choice();
  const type = await getType(account, spec.instanceType, volumeType);
  const sizeGiB = Math.max(image.diskGiB, Math.ceil(hyperDoor.systemBytes / GiB));
  if (sizeGiB > systemDiskGiB.most) {
    throw refused(`its system disk of ${sizeGiB} GB is larger than ${systemDiskGiB.most} GB`);
  }
  for (const volumeId of spec.volumeIds) await bindToLaunch(account, volumeId, spec.token);
  return {
    token: spec.token,
    tags: spec.tags,
    role: "server",
    instanceType: spec.instanceType,
    imageId: image.id,
    disk: { type: systemDiskOf(type, config.gateway.diskType), GiB: sizeGiB },
    subnetId: network.subnetId ?? config.subnetId,
    privateAddress: network.privateAddress,
    securityGroupId: groupsOf(spec)[0],
    userData: hyperDoor.userData,
    // The guest's own accounts stay as they are.
    login: "as-image",
  };
}

const groupsOf = ({ network, securityGroupId }: LaunchSpec): readonly string[] =>
  network?.securityGroupIds ?? [securityGroupId];

/** The next order, if there is one. @returns what it waits for, or nothing when all is done */
async function moveOn(account: Account, spec: LaunchSpec, id: string): Promise<string | undefined> {
  const instance = await findKecInstance(account, id);
  if (instance === undefined) return "the instance to be shown";
  const { state, problem = state } = shown(instance);
  if (state === "failed" || state === "deleting") {
    const facts = { platform: "kingsoft", what: "instance", id, state: problem };
    throw new MigrationError("cloud.wrong-state", facts);
  }
  if (state !== "running") return "the instance to run";
  await joinGroups(account, spec, instance);
  const [volumeId] = spec.volumeIds;
  if (volumeId === undefined) return undefined;
  const volume = await getVolume(account, volumeId);
  const isOn = volume.VolumeStatus === "in-use" || volume.VolumeStatus === "inuse";
  if (hangsOn(volume) === id && isOn) return undefined;
  if (hangsOn(volume) !== id) await hang(account, volume, instance);
  return `volume ${volumeId} to hang on it`;
}

/** An order for an instance takes one group only. Source: KEC API, RunInstances, SecurityGroupId.N. */
async function joinGroups(account: Account, spec: LaunchSpec, instance: KecInstance) {
  const wanted = groupsOf(spec);
  const own = primaryInterface(instance);
  const there = own?.SecurityGroupSet?.map(({ SecurityGroupId }) => SecurityGroupId) ?? [];
  if (own === undefined || wanted.every((group) => there.includes(group))) return;
  await account.client.call("kec", "ModifyNetworkInterfaceAttribute", {
    InstanceId: instance.InstanceId,
    NetworkInterfaceId: own.NetworkInterfaceId,
    SecurityGroupId: wanted,
  });
}
