/**
 * Launching a repaired server. CTyun starts servers from images only, and makes none of a data disk that a server
 * could start from; so HyperDoor's image starts, with the repaired disk beside its own, and copies it.
 */
import { MigrationError } from "#domain/errors.ts";
import type { LaunchSpec } from "../provider.ts";
import type { Account } from "./account.ts";
import { createInstance } from "./create-instance.ts";
import { flavorNamed } from "./flavors.ts";
import { type EcsInstance, findEcsInstance, findMadeInstance } from "./instances.ts";
import { findMachineImage } from "./machine-images.ts";
import { tokenPart } from "./names.ts";
import {
  attach,
  findEbsDisk,
  GiB,
  getEbsDisk,
  listLaunchVolumes,
  mark,
  refundIfFree,
  serverOf,
} from "./volumes.ts";

export async function launch(
  account: Account,
  spec: LaunchSpec,
): Promise<{ id: string; waitsFor?: string }> {
  const there = await findMadeInstance(account, spec.token);
  const id = there?.instanceID ?? (await makeServer(account, spec));
  const waitsFor = await hangSystem(account, spec, id);
  return waitsFor === undefined ? { id } : { id, waitsFor };
}

async function makeServer(account: Account, spec: LaunchSpec): Promise<string> {
  const { config } = account;
  const { hyperDoor, imageId, network = {} } = spec;
  if (spec.strategy !== "hyperDoorCopy" || hyperDoor === undefined || imageId === undefined) {
    const problem = `servers are launched by hyperDoorCopy only, not by ${spec.strategy}`;
    throw new MigrationError("cloud.refused", { platform: "ctyun", what: "a launch", problem });
  }
  // Before the server is: whoever deletes it finds what belongs to it.
  for (const volumeId of spec.volumeIds) {
    await mark(account, await getEbsDisk(account, volumeId), "L", tokenPart(spec.token));
  }
  const flavor = await flavorNamed(account, spec.instanceType);
  return createInstance(account, {
    token: spec.token,
    tags: spec.tags,
    what: "a server",
    flavorId: flavor.flavorID,
    image: await findMachineImage(account, imageId),
    disk: { type: config.volume.type, GiB: Math.ceil(hyperDoor.systemBytes / GiB) },
    subnetId: network.subnetId ?? config.subnetId,
    privateAddress: network.privateAddress,
    groupIds: network.securityGroupIds ?? [spec.securityGroupId],
    userData: hyperDoor.userData,
  });
}

/**
 * Hangs the repaired system disk on it; the others come when it was copied, and not by us.
 * @returns what has to come about before; `undefined` when it hangs there
 */
async function hangSystem(
  account: Account,
  { volumeIds }: LaunchSpec,
  id: string,
): Promise<string | undefined> {
  const { maxVolumes, spareVolumes } = account.config.gateway;
  const [system] = volumeIds;
  if (system === undefined) return undefined;
  const instance = await findEcsInstance(account, id);
  if (instance === undefined || isBeingMade(instance)) return "the server to run";
  const disk = await findEbsDisk(account, system);
  if (disk?.diskStatus === "attached" && serverOf(disk) === id) return undefined;
  await attach(account, system, id, maxVolumes + spareVolumes);
  return `volume ${system} to come on`;
}

const isBeingMade = ({ instanceStatus }: EcsInstance) => /creating|starting/.test(instanceStatus);

/**
 * Ends what a launch brought with it, apart from the server. What hangs there is taken off with the server,
 * stays, since it was bought apart, and is deleted when somebody looks for it.
 * @param launch as `tokenPart` gives it
 */
export async function endLaunchVolumes(account: Account, launch: string): Promise<void> {
  for (const disk of await listLaunchVolumes(account, launch)) {
    await mark(account, disk, "D", launch);
    await refundIfFree(account, disk);
  }
}
