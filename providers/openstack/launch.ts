/** Launching a repaired server: all it needs is told in one order to Nova. */
import { MigrationError } from "#domain/errors.ts";
import type { Firmware, LaunchSpec } from "../provider.ts";
import { type Account, absent, unlessAbsent } from "./account.ts";
import { createServer, type ServerOrder } from "./create-server.ts";
import { type Flavor, findFlavor } from "./flavors.ts";
import { findMachineImage } from "./machine-images.ts";
import { launchTag, tagValue } from "./tags.ts";
import { findCinderVolume, GiB, listCinderVolumes } from "./volumes.ts";

export async function launch(account: Account, spec: LaunchSpec): Promise<{ id: string }> {
  const { config } = account;
  const { network = {} } = spec;
  const flavor = await findFlavor(account, spec.instanceType);
  if (flavor === undefined) throw absent("flavor", spec.instanceType);
  // Before the server is: whoever deletes it finds what belongs to it.
  for (const id of spec.volumeIds) await markLaunched(account, id, spec.token);
  const id = await createServer(account, {
    ...{ token: spec.token, tags: spec.tags, role: "server", flavor },
    ...(await disksOf(account, spec, flavor)),
    groupIds: network.securityGroupIds ?? [spec.securityGroupId],
    subnetId: network.subnetId ?? config.subnetId,
    privateAddress: network.privateAddress,
    keyName: config.launch.keyName,
    userData: spec.hyperDoor?.userData,
  });
  return { id };
}

async function disksOf(
  account: Account,
  spec: LaunchSpec,
  flavor: Flavor,
): Promise<Pick<ServerOrder, "root" | "volumeIds">> {
  const { imageId, hyperDoor, volumeIds } = spec;
  const [first, ...others] = volumeIds;
  if (imageId !== undefined) {
    const image = await findMachineImage(account, imageId);
    if (hyperDoor !== undefined) {
      const size = Math.max(image.diskGiB, Math.ceil(hyperDoor.systemBytes / GiB));
      const root = { on: "new-volume", imageId, GiB: size } as const;
      return { root, volumeIds: first === undefined ? [] : [first] };
    }
    // A flavor's own disk costs nothing more; where it is too small there is a volume.
    return flavor.disk >= image.diskGiB
      ? { root: { on: "flavor", imageId }, volumeIds }
      : { root: { on: "new-volume", imageId, GiB: image.diskGiB }, volumeIds };
  }
  if (first === undefined) {
    const facts = { platform: "openstack", what: "a launch", problem: "it has no system disk" };
    throw new MigrationError("cloud.refused", facts);
  }
  await makeBootable(account, first, spec.firmware);
  return { root: { on: "volume", volumeId: first }, volumeIds: others };
}

async function markLaunched({ client }: Account, id: string, token: string): Promise<void> {
  const body = { metadata: { [launchTag]: tagValue(token) } };
  await client.call("AddVolumeMetadata", { path: { id }, body });
}

/** Nova takes no other volume to boot from, and reads from its image properties how to start it. */
async function makeBootable(account: Account, id: string, firmware: Firmware): Promise<void> {
  const { client } = account;
  const path = { id };
  await client.call("SetBootable", { path, body: { "os-set_bootable": { bootable: "True" } } });
  await setImageProperties(account, id, bootProperties(account, firmware));
}

/** Source: "Useful image properties" of Glance. */
export function bootProperties({ config }: Account, firmware: Firmware): Record<string, string> {
  return {
    hw_disk_bus: config.launch.diskBus,
    ...(config.launch.diskBus === "scsi" ? { hw_scsi_model: "virtio-scsi" } : {}),
    hw_vif_model: "virtio",
    hw_firmware_type: firmware,
    // OVMF and secure things beside it want PCI Express.
    ...(firmware === "uefi" ? { hw_machine_type: "q35" } : {}),
  };
}

export async function setImageProperties(
  { client }: Account,
  id: string,
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  const body = { "os-set_image_metadata": { metadata } };
  await client.call("SetImageMetadata", { path: { id }, body });
}

/** Volumes of a launch that hang nowhere; what hangs on the server goes with it. */
export async function deleteLaunchVolumes(account: Account, token: string): Promise<void> {
  for (const { id } of await listCinderVolumes(account, launchTag, token)) {
    const volume = await findCinderVolume(account, id);
    if (volume?.status !== "available") continue;
    await unlessAbsent(account.client.call("DeleteVolume", { path: { id } }));
  }
}
