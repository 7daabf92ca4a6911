/** Managed disks and their snapshots. */
import type { Snapshot as AzureSnapshot, Disk, VirtualMachine } from "@azure/arm-compute";
import { MigrationError } from "#domain/errors.ts";
import type { Firmware, Provider, ResourceState, Volume } from "../provider.ts";
import { codeOf } from "./errors.ts";
import { idOf, isSameId, nameIn } from "./names.ts";
import {
  ended,
  endedUnlessAbsent,
  isMadeAlready,
  type Subscription,
  unlessAbsent,
} from "./subscription.ts";
import { type Tags, tagsOf } from "./tags.ts";

export const GiB = 1024 ** 3;

/** Source: "Managed disks FAQ" and "Scalability targets": a disk, and a disk a server boots from. */
export const mostGiB = { data: 32_767, system: 4_095 } as const;

/**
 * Azure's own disks sit at low LUNs: the system's at 0 and, on sizes that have one, the temporary one at 1
 * (generation 2) or at 0 (generation 1). Ours begin behind them, so that a gateway tells them apart
 * also where udev has no rules for it. Source: "Troubleshoot Linux VM device name changes", the links
 * under /dev/disk/azure of WALinuxAgent's 66-azure-storage.rules.
 */
const firstLun = 2;
/** "Value '64' must be between '0' and '63' inclusive", whatever the size. */
const lastLun = 63;

const states: Readonly<Record<string, ResourceState>> = {
  Succeeded: "ready",
  Updating: "ready",
  Failed: "failed",
  Canceled: "failed",
  Deleting: "deleting",
};

/** What the disk is, once it is made: Azure fixes the generation then. */
export interface Boots {
  readonly firmware: Firmware;
  readonly os: "linux" | "windows";
}

export const generationOf = (firmware: Firmware) => (firmware === "uefi" ? "V2" : "V1");

export function openVolumes(subscription: Subscription): Provider["volumes"] {
  const { compute, config, polling } = subscription;
  const { resourceGroup } = config;

  return {
    async createVolume(options) {
      const { token, sizeBytes, fromSnapshotId, boots } = options;
      if (isMadeAlready(`volume ${token}`, await findDisk(subscription, token))) {
        return { id: token };
      }
      await orderDisk(subscription, token, tagsOf(options), {
        sizeGiB: Math.ceil(sizeBytes / GiB),
        // An empty one boots nothing yet: what will is a clone of it.
        ...(fromSnapshotId === undefined ? {} : { snapshot: fromSnapshotId, boots }),
      });
      return { id: token };
    },

    async findVolume(id) {
      const disk = await findDisk(subscription, id);
      return disk && shown(subscription, disk);
    },

    async attachVolume(volumeId, instanceId) {
      const [disk, machine] = await Promise.all([
        findDisk(subscription, volumeId),
        unlessAbsent(compute.virtualMachines.get(resourceGroup, instanceId)),
      ]);
      if (disk === undefined) throw notFound("volume", volumeId);
      if (machine === undefined) throw notFound("instance", instanceId);
      if (disk.managedBy !== undefined) {
        if (isSameId(nameIn(disk.managedBy), instanceId)) return;
        throw new MigrationError("cloud.wrong-state", {
          ...{ platform: "azure", what: "volume", id: volumeId },
          state: `attached to ${nameIn(disk.managedBy)}`,
        });
      }
      await attach(subscription, disk, machine);
    },

    async detachVolume(id) {
      const disk = await findDisk(subscription, id);
      if (disk?.managedBy === undefined) return;
      await endedUnlessAbsent(
        compute.virtualMachines.attachDetachDataDisks(
          resourceGroup,
          nameIn(disk.managedBy),
          { dataDisksToDetach: [{ diskId: diskId(subscription, id) }] },
          polling,
        ),
      );
    },

    async deleteVolume(id) {
      await endedUnlessAbsent(compute.disks.delete(resourceGroup, id, polling));
    },

    async createSnapshot(options) {
      const { token, volumeId } = options;
      if (!isMadeAlready(`snapshot ${token}`, await findSnapshot(subscription, token))) {
        await orderSnapshot(subscription, token, tagsOf(options), volumeId);
      }
      return { id: token };
    },

    async findSnapshot(id) {
      const found = await findSnapshot(subscription, id);
      return found && snapshotShown(id, found);
    },

    async deleteSnapshot(id) {
      await endedUnlessAbsent(compute.snapshots.delete(resourceGroup, id, polling));
    },
  };

  /** Hangs it under the first LUN that is free. */
  async function attach(
    { compute: { virtualMachines } }: Subscription,
    disk: Disk,
    { name: machine = "", storageProfile }: VirtualMachine,
  ): Promise<void> {
    const attached = storageProfile?.dataDisks ?? [];
    const { maxVolumes, spareVolumes } = config.gateway;
    if (attached.length >= maxVolumes + spareVolumes) {
      const what = `volumes on one gateway (${maxVolumes + spareVolumes})`;
      throw new MigrationError("cloud.quota-exceeded", { platform: "azure", what });
    }
    const taken = new Set(attached.map(({ lun }) => lun));
    for (let lun = firstLun; lun <= lastLun; lun += 1) {
      if (taken.has(lun)) continue;
      try {
        const order = {
          diskId: diskId(subscription, disk.name ?? ""),
          lun,
          // Replication writes once and reads little; a cache would hold what is not on the disk yet.
          caching: "None" as const,
          deleteOption: "Detach" as const,
        };
        await ended(
          virtualMachines.attachDetachDataDisks(
            resourceGroup,
            machine,
            { dataDisksToAttach: [order] },
            polling,
          ),
        );
        return;
      } catch (error) {
        // Another volume was attached since we looked.
        if (codeOf(error) !== "InvalidParameter" || !/\blun\b/i.test(String(error))) throw error;
      }
    }
    throw new MigrationError("cloud.quota-exceeded", {
      platform: "azure",
      what: `LUNs on ${machine}`,
    });
  }

  async function shown(of: Subscription, disk: Disk): Promise<Volume> {
    const { name: id = "", diskSizeGB = 0, managedBy, provisioningState = "" } = disk;
    const lun = managedBy === undefined ? undefined : await lunOf(of, id, nameIn(managedBy));
    return {
      id,
      sizeBytes: diskSizeGB * GiB,
      state: states[provisioningState] ?? "pending",
      ...(managedBy === undefined ? {} : { attachedTo: nameIn(managedBy) }),
      ...(lun === undefined ? {} : { device: { by: "lun" as const, lun } }),
    };
  }
}

export async function findDisk(
  { compute, config }: Subscription,
  name: string,
): Promise<Disk | undefined> {
  return unlessAbsent(compute.disks.get(config.resourceGroup, name));
}

export async function findSnapshot(
  { compute, config }: Subscription,
  name: string,
): Promise<AzureSnapshot | undefined> {
  return unlessAbsent(compute.snapshots.get(config.resourceGroup, name));
}

export function diskId({ config }: Subscription, name: string): string {
  return idOf(config, "Microsoft.Compute/disks", name);
}

/** Empty, or a copy of a snapshot. Returns when Azure has taken the order. */
export async function orderDisk(
  { compute, config, polling }: Subscription,
  name: string,
  tags: Tags,
  wish: { sizeGiB: number; snapshot?: string; boots?: Boots | undefined },
): Promise<void> {
  const { resourceGroup, location, zone, volume } = config;
  const { snapshot, boots } = wish;
  const order: Disk = {
    location,
    tags,
    sku: { name: volume.type },
    // A disk that is kept in all zones is of none.
    ...(zone === undefined || volume.type.endsWith("ZRS") ? {} : { zones: [zone] }),
    diskSizeGB: wish.sizeGiB,
    ...(boots === undefined
      ? {}
      : {
          osType: boots.os === "windows" ? "Windows" : "Linux",
          hyperVGeneration: generationOf(boots.firmware),
        }),
    creationData:
      snapshot === undefined
        ? { createOption: "Empty" }
        : {
            createOption: "Copy",
            sourceResourceId: idOf(config, "Microsoft.Compute/snapshots", snapshot),
          },
  };
  await compute.disks.createOrUpdate(resourceGroup, name, order, polling).submitted();
}

/** Returns when Azure has taken the order; it holds what is on the volume then. */
export async function orderSnapshot(
  { compute, config, polling }: Subscription,
  name: string,
  tags: Tags,
  volume: string,
): Promise<void> {
  const order: AzureSnapshot = {
    location: config.location,
    tags,
    // The next one of the same volume holds what changed since, and is billed for that alone.
    incremental: true,
    creationData: {
      createOption: "Copy",
      sourceResourceId: idOf(config, "Microsoft.Compute/disks", volume),
    },
  };
  await compute.snapshots.createOrUpdate(config.resourceGroup, name, order, polling).submitted();
}

export function snapshotShown(id: string, found: AzureSnapshot) {
  const { creationData, provisioningState = "", completionPercent = 100 } = found;
  const problem = found.copyCompletionError?.errorMessage;
  const state = states[provisioningState] ?? "pending";
  return {
    id,
    volumeId: nameIn(creationData?.sourceResourceId ?? ""),
    state: state === "ready" && completionPercent < 100 ? ("pending" as const) : state,
    ...(problem === undefined ? {} : { problem }),
  };
}

/** Undefined where it does not hang there (yet), or as the system disk. */
async function lunOf(
  subscription: Subscription,
  disk: string,
  machineName: string,
): Promise<number | undefined> {
  const { compute, config } = subscription;
  const machine = await unlessAbsent(
    compute.virtualMachines.get(config.resourceGroup, machineName),
  );
  return machine?.storageProfile?.dataDisks?.find(({ managedDisk }) =>
    isSameId(managedDisk?.id, diskId(subscription, disk)),
  )?.lun;
}

export function notFound(what: string, id: string): MigrationError {
  return new MigrationError("cloud.not-found", { platform: "azure", what, id });
}
