/** Launching a repaired server: its disks are attached as they are, the first as its system disk. */
import type { DataDisk, Disk, VirtualMachine } from "@azure/arm-compute";
import { MigrationError } from "#domain/errors.ts";
import type { LaunchSpec } from "../provider.ts";
import { nextMove, type Seen } from "./boot.ts";
import { refusesSystemDisk } from "./errors.ts";
import { findMachine } from "./machines.ts";
import { idOf, isSameId } from "./names.ts";
import { ensureInterface } from "./network.ts";
import { endedUnlessAbsent, isMadeAlready, type Subscription } from "./subscription.ts";
import { launchTag, type Tags, tagsOf, tagValue } from "./tags.ts";
import {
  diskId,
  findDisk,
  findSnapshot,
  generationOf,
  notFound,
  orderDisk,
  orderSnapshot,
  snapshotShown,
} from "./volumes.ts";

/** Of the snapshot that a copy of the system disk is made of. */
export const copyName = (launch: string) => `${launch}-system`;

export async function launch(
  subscription: Subscription,
  spec: LaunchSpec,
): Promise<{ id: string; waitsFor?: string }> {
  const id = spec.token;
  const [system, ...others] = spec.volumeIds;
  if (system === undefined) throw notFound("volume", "of the launch's system disk");
  if (isMadeAlready(`instance ${id}`, await findMachine(subscription, id))) {
    await removeSnapshot(subscription, id);
    return { id };
  }
  // First, so that a network that does not fit is told before anything is copied.
  await ensureInterface(subscription, spec, interfaceOf(spec));
  // Before the machine is: whoever deletes it finds what belongs to it.
  const dataDisks: Disk[] = [];
  for (const volumeId of others) dataDisks.push(await mark(subscription, spec, volumeId));
  const waitsFor = await prepareSystem(subscription, spec, system);
  if (waitsFor !== undefined) return { id, waitsFor };
  const refused = await orderMachine(subscription, spec, system, dataDisks);
  if (refused !== undefined) return { id, waitsFor: refused };
  await removeSnapshot(subscription, id);
  return { id };
}

function interfaceOf({ network = {}, securityGroupId }: LaunchSpec) {
  const { subnetId, privateAddress, securityGroupIds = [securityGroupId] } = network;
  return {
    securityGroupIds,
    ...(subnetId === undefined ? {} : { subnetId }),
    ...(privateAddress === undefined ? {} : { privateAddress }),
  };
}

/** Says on a volume which launch it belongs to. */
async function mark(
  subscription: Subscription,
  { token }: LaunchSpec,
  volumeId: string,
): Promise<Disk> {
  const { compute, config, polling } = subscription;
  const disk = await findDisk(subscription, volumeId);
  if (disk === undefined) throw notFound("volume", volumeId);
  if (tagValue(disk.tags, launchTag) !== token) {
    // Tags are put as a whole.
    const tags = { ...disk.tags, [launchTag]: token };
    await compute.disks.update(config.resourceGroup, volumeId, { tags }, polling).submitted();
  }
  return disk;
}

/** @returns what has to come about before the system disk can be attached */
async function prepareSystem(
  subscription: Subscription,
  spec: LaunchSpec,
  system: string,
): Promise<string | undefined> {
  const { compute, config, polling } = subscription;
  const name = copyName(spec.token);
  const disk = await findDisk(subscription, system);
  const snapshot = await findSnapshot(subscription, name);
  const from = snapshot && snapshotShown(name, snapshot);
  const seen = seenOf(subscription, spec, disk, from?.state);
  const move = nextMove(seen, config.launch.boot);
  switch (move.move) {
    case "attach":
      await mark(subscription, spec, system);
      return undefined;
    case "wait":
      return move.for;
    case "take-snapshot":
      await mark(subscription, spec, system);
      await takeSnapshot(subscription, spec, system);
      return "the snapshot of the system disk";
    case "delete-original":
      await endedUnlessAbsent(compute.disks.delete(config.resourceGroup, system, polling));
      return "the system disk to make room for its copy";
    case "make-copy": {
      const { firmware, token } = spec;
      // Its tags and its system are kept on the snapshot meanwhile.
      const tags: Tags = { ...snapshot?.tags, [launchTag]: token };
      const os = snapshot?.osType === "Windows" ? "windows" : "linux";
      await orderDisk(subscription, system, tags, {
        sizeGiB: snapshot?.diskSizeGB ?? 0,
        snapshot: name,
        boots: { firmware, os },
      });
      return "the copy of the system disk";
    }
    case "fail":
      throw new MigrationError("cloud.wrong-state", {
        ...{ platform: "azure", what: "volume", id: system, state: move.problem },
      });
  }
}

function seenOf(
  { config }: Subscription,
  { token, firmware }: LaunchSpec,
  disk: Disk | undefined,
  snapshot: string | undefined,
): Seen {
  const source = idOf(config, "Microsoft.Compute/snapshots", copyName(token));
  const isCopy = isSameId(disk?.creationData?.sourceResourceId, source);
  return {
    disk: disk === undefined ? "absent" : isCopy ? "copy" : "original",
    isReady: disk?.provisioningState === "Succeeded",
    // What says nothing of itself is of generation 1. Source: azure-powershell issue 17372.
    fits: (disk?.hyperVGeneration ?? "V1") === generationOf(firmware),
    snapshot:
      snapshot === undefined
        ? "none"
        : snapshot === "pending" || snapshot === "ready"
          ? snapshot
          : "failed",
  };
}

async function takeSnapshot(
  subscription: Subscription,
  spec: LaunchSpec,
  volume: string,
): Promise<void> {
  const tags = { ...tagsOf(spec), [launchTag]: spec.token };
  await orderSnapshot(subscription, copyName(spec.token), tags, volume);
}

async function removeSnapshot(subscription: Subscription, launch: string): Promise<void> {
  const { compute, config, polling } = subscription;
  const name = copyName(launch);
  if ((await findSnapshot(subscription, name)) === undefined) return;
  await endedUnlessAbsent(compute.snapshots.delete(config.resourceGroup, name, polling));
}

/** @returns what it waits for, where Azure refused the system disk as it is */
async function orderMachine(
  subscription: Subscription,
  spec: LaunchSpec,
  system: string,
  others: readonly Disk[],
): Promise<string | undefined> {
  const { compute, config, polling } = subscription;
  const { resourceGroup, location, zone } = config;
  const disk = await findDisk(subscription, system);
  const attached = (name: string) => ({
    createOption: "Attach" as const,
    managedDisk: { id: diskId(subscription, name) },
    // Their life ends with the instance.
    deleteOption: "Delete" as const,
  });
  const order: VirtualMachine = {
    location,
    tags: { ...tagsOf(spec), [launchTag]: spec.token },
    ...(zone === undefined ? {} : { zones: [zone] }),
    hardwareProfile: { vmSize: spec.instanceType },
    storageProfile: {
      osDisk: { ...attached(system), osType: disk?.osType ?? "Linux", caching: "ReadWrite" },
      dataDisks: others.map(
        ({ name = "" }, lun): DataDisk => ({ ...attached(name), lun, caching: "None" }),
      ),
    },
    networkProfile: {
      networkInterfaces: [
        {
          id: idOf(config, "Microsoft.Network/networkInterfaces", spec.token),
          primary: true,
          deleteOption: "Delete",
        },
      ],
    },
    // Azure keeps what the serial line says.
    diagnosticsProfile: { bootDiagnostics: { enabled: true } },
  };
  try {
    const { virtualMachines } = compute;
    await virtualMachines.createOrUpdate(resourceGroup, spec.token, order, polling).submitted();
    return undefined;
  } catch (error) {
    const isCopy = isSameId(
      disk?.creationData?.sourceResourceId,
      idOf(config, "Microsoft.Compute/snapshots", copyName(spec.token)),
    );
    if (config.launch.boot !== "auto" || isCopy || !refusesSystemDisk(error)) throw error;
    await takeSnapshot(subscription, spec, system);
    return "the snapshot of the system disk";
  }
}
