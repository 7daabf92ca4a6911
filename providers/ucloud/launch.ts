/**
 * Launching a repaired server. UCloud starts hosts from images only, and makes none of a disk: the host
 * starts from HyperDoor's image, and the system volume hangs on it to be copied (`hyperDoorCopy`). What to
 * do next is decided from what UCloud shows, so that any step may be lost or repeated.
 */
import { MigrationError } from "#domain/errors.ts";
import type { HyperDoorLaunch, LaunchSpec } from "../provider.ts";
import type { Account } from "./account.ts";
import { createHost } from "./create-host.ts";
import { getMachine } from "./instance-types.ts";
import { findHost, listByToken } from "./instances.ts";
import { getHyperDoorImage } from "./machine-images.ts";
import { markOf } from "./names.ts";
import { getFirewall } from "./network.ts";
import { attach, bootDisk, findDisk, GiB, getDisk, hostOf, markLaunched } from "./volumes.ts";

export async function launch(
  account: Account,
  spec: LaunchSpec,
  discard: (id: string) => Promise<void>,
): Promise<{ id: string; waitsFor?: string }> {
  const [earlier] = await listByToken(account, spec.token);
  const id = earlier?.UHostId ?? (await makeServer(account, spec, discard));
  const waitsFor = await moveOn(account, spec, id);
  return waitsFor === undefined ? { id } : { id, waitsFor };
}

async function makeServer(
  account: Account,
  spec: LaunchSpec,
  discard: (id: string) => Promise<void>,
): Promise<string> {
  const { network = {}, volumeIds, token } = spec;
  const { systemBytes, userData } = hyperDoorOf(spec);
  const image = await getHyperDoorImage(account, spec.imageId);
  const bootGiB = bootGiBFor(systemBytes, image.sizeGiB);
  const machine = await getMachine(account, spec.instanceType);
  if (machine.bootDisk === "CLOUD_RSSD" && !image.features.includes("RssdAttachable")) {
    refuse(
      `instance type ${spec.instanceType}`,
      `its disk is RSSD, and image ${image.id} is not marked for that; take one of type N`,
    );
  }
  const firewallId = firewallOf(spec);
  await getFirewall(account, firewallId);
  // Before the host is: whoever deletes it finds what belongs to it.
  for (const volumeId of volumeIds) {
    await markLaunched(account, await getDisk(account, volumeId), markOf(token));
  }
  return createHost(
    account,
    spec,
    {
      imageId: image.id,
      machine,
      bootGiB,
      subnetId: network.subnetId ?? account.config.subnetId,
      privateAddress: network.privateAddress,
      firewallId,
      userData,
      // The guest's own logins come with its disk.
      login: { LoginMode: "ImagePasswd" },
    },
    discard,
  );
}

function hyperDoorOf({ strategy, hyperDoor, volumeIds }: LaunchSpec): HyperDoorLaunch {
  if (strategy === "hyperDoorCopy" && hyperDoor !== undefined && volumeIds.length > 0) {
    return hyperDoor;
  }
  return refuse(`a launch by ${strategy}`, "servers copy their own system disk by HyperDoor here");
}

function bootGiBFor(systemBytes: number, imageGiB: number): number {
  const sizeGiB = Math.max(Math.ceil(systemBytes / GiB), imageGiB, bootDisk.leastGiB);
  if (sizeGiB <= bootDisk.mostGiB) return sizeGiB;
  return refuse(
    `a system disk of ${sizeGiB} GiB`,
    `a host's own disk has at most ${bootDisk.mostGiB} GiB`,
  );
}

function firewallOf({ network, securityGroupId }: LaunchSpec): string {
  const [first = securityGroupId, ...more] = network?.securityGroupIds ?? [];
  if (more.length === 0) return first;
  return refuse("several security groups", "a host has one firewall here");
}

function refuse(what: string, problem: string): never {
  throw new MigrationError("cloud.refused", { platform: "ucloud", what, problem });
}

/** @returns what the next order waits for, or nothing when the system volume hangs */
async function moveOn(
  account: Account,
  { volumeIds }: LaunchSpec,
  id: string,
): Promise<string | undefined> {
  const host = await findHost(account, id);
  if (host?.State === "Install Fail") {
    const facts = { platform: "ucloud", what: "instance", id, state: host.State };
    throw new MigrationError("cloud.wrong-state", facts);
  }
  if (host?.State !== "Running") return "the instance to run";
  const [systemId = "", ...others] = volumeIds;
  for (const other of others) {
    const disk = await findDisk(account, other);
    // The copy is done, and the caller has gone on from here.
    if (disk !== undefined && hostOf(disk) === id) return undefined;
  }
  const system = await findDisk(account, systemId);
  if (system === undefined || (hostOf(system) === id && system.Status === "InUse"))
    return undefined;
  await attach(account, system, id);
  return `volume ${systemId} to hang on it`;
}
